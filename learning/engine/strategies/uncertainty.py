"""Uncertainty sampling: ask where the model is least sure (Lewis & Gale 1994; Settles 2009, section 3.1).

All go by the (N, K) probabilities alone, and score 0 where the model is certain.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import entr

from learning.engine.arrays import Floats
from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import strategy


@strategy("entropy")
def entropy(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """Shannon entropy in nats, up to log K: spread over all classes counts (Shannon 1948)."""
    return by_score(entropies(pool.probabilities), n, rng)


@strategy("margin")
def margin(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """One less the lead of the first class over the second, in [0, 1] (Scheffer et al. 2001)."""
    return by_score(margins(pool.probabilities), n, rng)


@strategy("least_confidence")
def least_confidence(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """One less the first class's probability, in [0, 1 - 1/K] (Culotta & McCallum 2005)."""
    first, _ = _two_highest(pool.probabilities)
    return by_score(1 - first, n, rng)


@strategy("ratio")
def ratio(pool: Pool, n: int, rng: np.random.Generator) -> Ranking:
    """The second class's probability over the first's, in [0, 1]: a margin that does not mind their scale."""
    first, second = _two_highest(pool.probabilities)
    return by_score(np.divide(second, first, out=np.full_like(first, np.nan), where=first > 0), n, rng)


def entropies(probabilities: Floats) -> NDArray[np.float64]:
    """In nats, over the last axis."""
    values: NDArray[np.float64] = entr(probabilities.astype(np.float64)).sum(axis=-1)
    return values


def margins(probabilities: Floats) -> NDArray[np.float64]:
    """(N,) in [0, 1]: 1 where two classes are level, 0 where the model is certain."""
    first, second = _two_highest(probabilities)
    return 1 - (first - second)


def _two_highest(probabilities: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    # A second class of probability zero stands in where a data set has only one.
    padded = np.pad(probabilities.astype(np.float64), ((0, 0), (0, 1)))
    highest = np.sort(padded, axis=1)  # puts what is not a number last, so that it shows in the score
    return highest[:, -1], highest[:, -2]
