"""From scores to picks. Picking knows nothing of how the scores were made."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Booleans, Floats
from learning.engine.strategies import registry


class Selection(NamedTuple):
    indices: NDArray[np.int64]  # (n,) rows of the pool, the first to be asked first
    scores: NDArray[np.float64]  # (n,) their scores
    reasons: list[str]  # what picked each: the strategy's name, or "random"


def top(scores: Floats, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """The `n` highest of (N,) scores, highest first, ties in random order; all of them when `n` is above N.

    Raises ValueError for a negative `n` and for scores that are not finite.
    """
    _check(scores, n)
    return np.lexsort((rng.random(len(scores)), -scores))[:n]


def mixed(scores: Floats, n: int, p: float, rng: np.random.Generator) -> tuple[NDArray[np.int64], Booleans]:
    """As `top`, but each pick is, with probability `p`, a random one of those that remain.

    Returns the indices in order and a mask of those that chance picked. The share of chance keeps the
    labelled set from holding only what one model found hard. Raises ValueError as `top` does, and for a `p`
    outside [0, 1].
    """
    _check(scores, n)
    if not 0 <= p <= 1:
        raise ValueError(f"p is a probability, not {p}")
    ranked = iter(top(scores, len(scores), rng).tolist())
    # The next untaken row of one random order is a uniform draw from those that remain.
    lots = iter(rng.permutation(len(scores)).tolist())
    by_chance = rng.random(min(n, len(scores))) < p
    taken: dict[int, None] = {}
    for chance in by_chance:
        taken[_next_untaken(lots if chance else ranked, taken)] = None
    return np.fromiter(taken, dtype=np.int64, count=len(taken)), by_chance


def select(name: str, probabilities: Floats, n: int, *, p: float = 0.0, seed: int) -> Selection:
    """Pick `n` of a pool by the strategy called `name`, a share `p` of them by chance.

    probabilities: (N, K). An empty pool gives an empty selection, an `n` above N the whole pool. The same
    arguments give the same selection. Raises ValueError for an unknown name, a negative `n`, a `p` outside
    [0, 1], and scores that are not finite.
    """
    rng = np.random.default_rng(seed)
    score = registry.get(name)
    if len(probabilities) == 0:
        return Selection(np.zeros(0, dtype=np.int64), np.zeros(0), [])
    if probabilities.ndim != 2:
        raise ValueError(f"probabilities are (N, K), not {probabilities.shape}")
    scores = score(probabilities, rng).astype(np.float64)
    if unusable := int((~np.isfinite(scores)).sum()):
        raise ValueError(
            f"{name} gives {unusable} of {len(scores)} images no finite score; are the probabilities sound?"
        )
    indices, by_chance = mixed(scores, n, p, rng)
    reasons = ["random" if chance else name for chance in by_chance]
    return Selection(indices, scores[indices], reasons)


def _next_untaken(rows: Iterator[int], taken: dict[int, None]) -> int:
    return next(row for row in rows if row not in taken)


def _check(scores: Floats, n: int) -> None:
    if n < 0:
        raise ValueError(f"can't pick {n} images")
    if not np.isfinite(scores).all():
        raise ValueError("a score is not finite: nothing can be ranked by it")
