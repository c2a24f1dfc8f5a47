"""Percentile intervals of whatever follows from sums over items.

B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 13. A resample draws as many items as
there are, with replacement; since a statistic needs only sums of what each item contributes, a block of resamples is
one product of a sparse matrix with the numbers of times that each item was drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse

from annotations.consensus.votes import FloatArray

# Numbers held at a time, for the draws as for the sums: 4 million are 32 MB.
BUDGET = 4_000_000


def interval(
    statistic: Callable[[FloatArray], FloatArray],
    contributions: sparse.csr_array,
    resamples: int,
    level: float,
    seed: int,
) -> FloatArray:
    """(2, V): between which quantiles `level` of the resampled statistics lie.

    `contributions` (I, S): what each item adds to each of S sums. `statistic` maps sums (S, b) of b resamples to
    (V, b); where it is NaN a resample is passed over, and the interval is NaN where all are, or there is no item or no
    resample. Raises ValueError on a level outside (0, 1) or a negative number of resamples.
    """
    if not 0 < level < 1 or resamples < 0:
        raise ValueError("level must lie in (0, 1), and resamples can't be negative")
    drawn = _resampled(statistic, contributions, resamples, np.random.default_rng(seed))
    sides = np.array([(1 - level) / 2, (1 + level) / 2])
    defined = [row[~np.isnan(row)] for row in drawn]
    bounds = [np.quantile(row, sides) if len(row) else np.full(2, np.nan) for row in defined]
    return np.array(bounds).reshape(-1, 2).T


def totals(contributions: sparse.csr_array) -> FloatArray:
    """The sums themselves, as one column (S, 1)."""
    return np.asarray(contributions.sum(axis=0), dtype=np.float64).reshape(-1, 1)


def _resampled(
    statistic: Callable[[FloatArray], FloatArray],
    contributions: sparse.csr_array,
    resamples: int,
    rng: np.random.Generator,
) -> FloatArray:
    """The statistic of each resample, (V, resamples)."""
    n_items, n_sums = contributions.shape
    if n_items == 0 or resamples == 0:
        return np.full((len(statistic(np.zeros((n_sums, 1)))), 1), np.nan)
    by_sum = contributions.T.tocsr()
    block = int(np.clip(BUDGET // max(n_items, n_sums), 1, resamples))
    sizes = [min(block, resamples - start) for start in range(0, resamples, block)]
    return np.concatenate([statistic(by_sum @ _draws(n_items, size, rng)) for size in sizes], axis=1)


def _draws(n_items: int, size: int, rng: np.random.Generator) -> FloatArray:
    """How often each item is drawn in each resample, (n_items, size)."""
    drawn = rng.integers(n_items, size=(n_items, size)) * size + np.arange(size)
    return np.bincount(drawn.ravel(), minlength=n_items * size).reshape(n_items, size).astype(np.float64)
