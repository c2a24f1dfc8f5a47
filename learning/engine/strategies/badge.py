"""BADGE: uncertain and unlike each other at once, by the gradient that each image would give the last layer.

J. T. Ash, C. Zhang, A. Krishnamurthy, J. Langford and A. Agarwal, "Deep batch active learning by diverse, uncertain
gradient lower bounds", ICLR 2020, section 3, algorithm 1.
"""

import numpy as np

from learning.engine.strategies.distances import Rows, drawn, one_by_one, sound, squared_lengths, without_rounding
from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy


@strategy("badge", needs={"features"})
def badge(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Asks about images that the model is unsure of and that would teach it different things.

    k-means++ over the gradient embeddings (p - onehot(argmax p)) x [h, 1] of probabilities p (K,) and features h (D,),
    the 1 for the bias. The first is the one with the longest gradient, as in the authors' code
    (`query_strategies/badge_sampling.py`), the others are drawn with a chance by the square of the distance to the
    nearest drawn before. Scores: that distance, the first's to the farthest; they need not fall. Where the model is
    certain of everything it is a random choice, scores 0. Raises ValueError for what is no number.
    """
    gradients = Gradients(pool)
    first = int(by_score(gradients.lengths, 1, rng).indices[0])

    nothing_drawn = np.full(len(pool), np.inf, dtype=np.float32)
    return one_by_one(first, nothing_drawn, gradients.apart, lambda nearest: drawn(nearest, rng), n, rng)


class Gradients:
    """Embeddings (N, K (D + 1)) that are never written down: the product of two outer products is that of the two
    inner products, <a x h, b x i> = <a, b> <h, i>."""

    def __init__(self, pool: Pool) -> None:
        probabilities, features = sound(pool.probabilities, "probabilities"), sound(pool.features, "features")
        self.inputs = np.pad(features, ((0, 0), (0, 1)), constant_values=1)
        self.errors = probabilities.copy()
        self.errors[np.arange(len(pool)), probabilities.argmax(axis=1)] -= 1
        self.lengths = squared_lengths(self.errors) * squared_lengths(self.inputs)

    def apart(self, row: int) -> Rows:
        """(N,) squared distances to one row's."""
        product = (self.errors @ self.errors[row]) * (self.inputs @ self.inputs[row])
        both = self.lengths + self.lengths[row]
        return without_rounding(both - 2 * product, both)
