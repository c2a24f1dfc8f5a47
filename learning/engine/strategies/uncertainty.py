"""Uncertainty sampling: ask where the model is least sure (Lewis & Gale 1994; Settles 2009, section 3.1).

All take (N, K) probabilities, ignore the generator, and score 0 where the model is certain.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from learning.engine.arrays import Floats
from learning.engine.strategies.registry import strategy


@strategy("entropy")
def entropy(probabilities: Floats, rng: np.random.Generator) -> Floats:
    """Shannon entropy in nats, up to log K: spread over all classes counts (Shannon 1948)."""
    scores: NDArray[np.float64] = entr(probabilities.astype(np.float64)).sum(axis=1)
    return scores


@strategy("margin")
def margin(probabilities: Floats, rng: np.random.Generator) -> Floats:
    """One less the lead of the first class over the second, in [0, 1] (Scheffer et al. 2001)."""
    first, second = _two_highest(probabilities)
    return 1 - (first - second)


@strategy("least_confidence")
def least_confidence(probabilities: Floats, rng: np.random.Generator) -> Floats:
    """One less the first class's probability, in [0, 1 - 1/K] (Culotta & McCallum 2005)."""
    first, _ = _two_highest(probabilities)
    return 1 - first


@strategy("ratio")
def ratio(probabilities: Floats, rng: np.random.Generator) -> Floats:
    """The second class's probability over the first's, in [0, 1]: a margin that does not mind the scale of
    either."""
    first, second = _two_highest(probabilities)
    return np.divide(second, first, out=np.full_like(first, np.nan), where=first > 0)


def _two_highest(probabilities: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # A second class of probability zero stands in where a data set has only one.
    padded = np.pad(probabilities.astype(np.float64), ((0, 0), (0, 1)))
    highest = np.sort(padded, axis=1)  # puts what is not a number last, so that it shows in the score
    return highest[:, -1], highest[:, -2]
