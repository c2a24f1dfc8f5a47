"""Distances between feature vectors in float32, N to a few at a time: N to N would not fit into memory."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats
from learning.engine.strategies.pool import Pool, Ranking

Rows = NDArray[np.float32]

LARGEST = 1e15  # squared and summed, more would not fit into float32
ROUNDING = 1e-5  # of the lengths' sum; a squared distance below it is a rounding error of one that is nought
BLOCK = 2048


def sound(values: Floats | None, what: str) -> Rows:
    """The same in float32. Raises ValueError where there are none, or one is no number or above `LARGEST`."""
    if values is None:
        raise ValueError(f"{what} are missing")
    with np.errstate(over="ignore"):
        rows = np.asarray(values, dtype=np.float32)
    if not np.abs(rows).max(initial=0) <= LARGEST:
        raise ValueError(f"{what} hold what is no number, or one above {LARGEST:g}")
    return rows


def features_of(pool: Pool) -> tuple[Rows, Rows]:
    """The pool's features (N, D) and the labelled images' (M, D), about the pool's mean and in units of the distance
    from it that is typical (its root mean square), so that neither scale nor offset matters. ValueError as `sound`."""
    rows = sound(pool.features, "features")
    labelled = rows[:0] if pool.labelled is None else sound(pool.labelled, "the labelled images' features")
    mean = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
    rows = rows - mean
    scale = np.sqrt(squared_lengths(rows).mean()) or np.float32(1)
    rows /= scale
    return rows, (labelled - mean) / scale


def squared_lengths(rows: Rows) -> Rows:
    """(N,) of (N, D)."""
    lengths: Rows = np.einsum("nd,nd->n", rows, rows)
    return lengths


def squared_distances(rows: Rows, others: Rows) -> Rows:
    """(N, P) from (N, D) to (P, D)."""
    lengths = squared_lengths(rows)[:, None] + squared_lengths(others)
    return without_rounding(lengths - 2 * (rows @ others.T), lengths)


def without_rounding(squared: Rows, lengths: Rows) -> Rows:
    """Squared distances, nought where they are too small beside the `lengths` they are the difference of."""
    squared[squared < ROUNDING * lengths] = 0
    return squared


def to_nearest(rows: Rows, others: Rows) -> Rows:
    """(N,) squared distances to the nearest of `others` (M, D); infinite where there are none."""
    nearest = np.full(len(rows), np.inf, dtype=np.float32)
    for at, other in ((at, other) for other in blocks(len(others)) for at in blocks(len(rows))):
        np.minimum(nearest[at], squared_distances(rows[at], others[other]).min(axis=1), out=nearest[at])
    return nearest


def blocks(n: int) -> Iterator[slice]:
    """Slices of `BLOCK` that cover n."""
    return (slice(start, start + BLOCK) for start in range(0, n, BLOCK))


def some(n: int, most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """`most` of n rows by chance; all of them, in order, where there are no more."""
    return np.arange(n) if n <= most else rng.choice(n, most, replace=False)


def apart_in(rows: Rows) -> Callable[[int], Rows]:
    """What gives the squared distances (N,) of one of the rows to all."""
    lengths = squared_lengths(rows)

    def apart(row: int) -> Rows:
        both = lengths + lengths[row]
        return without_rounding(both - 2 * (rows @ rows[row]), both)

    return apart


def drawn(nearest: Rows, rng: np.random.Generator) -> int:
    """A row by a chance in proportion to its squared distance (k-means++, Arthur & Vassilvitskii, SODA 2007)."""
    chance = nearest.astype(np.float64)
    return int(rng.choice(len(chance), p=chance / chance.sum()))


def one_by_one(
    first: int,
    nearest: Rows,
    apart: Callable[[int], Rows],
    choose: Callable[[Rows], int],
    n: int,
    rng: np.random.Generator,
) -> Ranking:
    """`n` rows: the `first`, then one by one what `choose` takes by everyone's squared distance to the nearest taken.

    `nearest` (N,): those distances before the first, infinite where nothing is taken. `apart`: a row's squared
    distances (N,). Scores: a row's distance to the nearest taken before it, not squared; the first's to the farthest of
    all where nothing was. Once every distance is nought, the rest comes by chance and scores 0.
    """
    away = apart(first)
    start = nearest[first] if np.isfinite(nearest[first]) else away.max()
    taken, scores = [first], [float(start)]
    nearest = np.minimum(nearest, away)
    nearest[first] = 0
    while len(taken) < n and nearest.max() > 0:
        row = choose(nearest)
        taken.append(row)
        scores.append(float(nearest[row]))
        np.minimum(nearest, apart(row), out=nearest)
        nearest[row] = 0
    rest = rng.permutation(np.setdiff1d(np.arange(len(nearest)), taken))
    indices = np.concatenate([np.array(taken, dtype=np.int64), rest])[:n]
    return Ranking(indices, np.sqrt(np.pad(scores, (0, len(rest)))[:n]))
