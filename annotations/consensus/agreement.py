"""How far a crowd agrees, beyond chance: Krippendorff's alpha and Fleiss' kappa.

K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), nominal metric, missing data; J. L. Fleiss,
"Measuring nominal scale agreement among many raters", Psychological Bulletin 76 (1971) 378–382. Both are
1 - observed / expected disagreement, and differ in what a unit weighs and in a correction for small samples. Where n
of a unit's m answers are of class c, two of them differ over c against the rest with probability
2 n (m - n) / (m (m - 1)); summed over classes and halved, that two of them differ at all. So a class against the rest
and all classes at once follow from the same sums.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from annotations.consensus.bootstrap import interval, totals
from annotations.consensus.ratings import Ratings
from annotations.consensus.votes import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Agreement:
    """A coefficient with its bootstrap percentile interval: 1 is perfect agreement, 0 chance, NaN undefined.

    `value`, `low`, `high`: over all classes. `by_class`, `by_class_low`, `by_class_high` (V,): each class against the
    rest. `n_units`, `n_answers`: what it rests on, units with at least two answers.
    """

    value: float
    low: float
    high: float
    by_class: FloatArray
    by_class_low: FloatArray
    by_class_high: FloatArray
    n_units: int
    n_answers: int

    @classmethod
    def of(cls, estimate: FloatArray, bounds: FloatArray, n_units: int, n_answers: int) -> Agreement:
        """From (1 + V,) coefficients and their bounds (2, 1 + V), all classes first."""
        low, high = np.where(np.isnan(estimate), np.nan, bounds)
        overall = float(estimate[0]), float(low[0]), float(high[0])
        return cls(*overall, estimate[1:], low[1:], high[1:], n_units, n_answers)


def krippendorff_alpha(ratings: Ratings, *, resamples: int = 1000, level: float = 0.95, seed: int = 0) -> Agreement:
    """Krippendorff's alpha for nominal data: units with one answer are left out, others weigh by their answers.

    NaN where it is undefined: no unit has two answers, or only one class was ever given. The interval resamples items.
    """

    def alpha(sums: FloatArray) -> FloatArray:
        n = sums[0]
        # Two different answers are drawn for the expectation, hence n - 1.
        return _coefficients(sums, np.divide(n - 1, n, out=np.zeros_like(n), where=n > 0))

    return _agreement(_Units.of(ratings, by_answers=True), alpha, resamples, level, seed)


def fleiss_kappa(ratings: Ratings, *, resamples: int = 1000, level: float = 0.95, seed: int = 0) -> Agreement:
    """Fleiss' kappa, and his kappa of a category as `by_class`, for any number of answers a unit from two up.

    Generalised to unequal numbers by letting every unit weigh alike: agreement is the mean over units of the share of
    a unit's pairs that agree, and chance is by the mean over units of each class' share. With equal numbers this is
    the published kappa. NaN where undefined, as alpha is. The interval resamples items.
    """

    def kappa(sums: FloatArray) -> FloatArray:
        return _coefficients(sums, np.ones_like(sums[0]))

    return _agreement(_Units.of(ratings, by_answers=False), kappa, resamples, level, seed)


@dataclass(frozen=True, eq=False)
class _Units:
    """What each item adds to the sums (I, 1 + 2 V): weight of its units, share and disagreement of each class."""

    contributions: sparse.csr_array
    n_units: int
    n_answers: int

    @classmethod
    def of(cls, ratings: Ratings, by_answers: bool) -> _Units:
        V = ratings.n_values
        answers = np.bincount(ratings.unit, minlength=ratings.n_units)
        pairable = ratings.unit[answers[ratings.unit] > 1]
        cells, n = np.unique(pairable * V + ratings.value[answers[ratings.unit] > 1], return_counts=True)
        unit, value = np.divmod(cells, V)
        units = np.unique(unit)
        m = answers[unit]
        weight = m if by_answers else np.ones(len(m))
        differ = weight * n * (m - n) / (m * (m - 1))
        of_units = answers[units] if by_answers else np.ones(len(units))
        rows = np.concatenate([units, unit, unit])
        columns = np.concatenate([np.zeros(len(units), dtype=np.int64), 1 + value, 1 + V + value])
        entries = np.concatenate([of_units, weight * n / m, differ])
        return cls(_by_item(ratings.item[rows], columns, entries, 1 + 2 * V), len(units), len(pairable))


def _agreement(
    units: _Units, statistic: Callable[[FloatArray], FloatArray], resamples: int, level: float, seed: int
) -> Agreement:
    estimate = statistic(totals(units.contributions))[:, 0]
    bounds = interval(statistic, units.contributions, resamples, level, seed)
    return Agreement.of(estimate, bounds, units.n_units, units.n_answers)


def _by_item(item: IntArray, column: IntArray, entries: FloatArray, n_columns: int) -> sparse.csr_array:
    """The entries (n,) summed by item and column; a row for every item that has any."""
    present, row = np.unique(item, return_inverse=True)
    return sparse.csr_array((entries, (row, column)), shape=(len(present), n_columns))


def _coefficients(sums: FloatArray, correction: FloatArray) -> FloatArray:
    """1 - observed / expected, (1 + V, b), of sums (1 + 2 V, b): all classes first, then each against the rest."""
    total, V = sums[0], len(sums) // 2
    share = np.divide(sums[1 : 1 + V], total, out=np.zeros_like(sums[1 : 1 + V]), where=total > 0)
    observed = np.divide(sums[1 + V :], total, out=np.zeros_like(share), where=total > 0) * correction
    # A class that was always given leaves rounding errors, which are no disagreement to be expected.
    expected = np.where(share < 1 - 1e-12, share * (1 - share), 0)
    observed, expected = (np.concatenate([part.sum(axis=0)[None], part]) for part in (observed, expected))
    ratio = np.divide(observed, expected, out=np.full_like(observed, np.nan), where=expected > 0)
    coefficients: FloatArray = 1 - ratio
    return coefficients
