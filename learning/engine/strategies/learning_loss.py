"""Learning loss: ask where the model expects to lose most (Yoo & Kweon 2019)."""

import numpy as np

from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy


@strategy("learning_loss", needs={"losses"})
def learning_loss(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """The loss that a part of the model, trained along with it, predicts; what counts is the order alone."""
    if pool.losses is None:
        raise ValueError("learning_loss needs losses of the pool")
    return by_score(pool.losses, n, rng)
