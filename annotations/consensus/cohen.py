"""Agreement of two annotators beyond chance: Cohen's kappa, for each pair and over all pairs.

J. Cohen, "A coefficient of agreement for nominal scales", Educational and Psychological Measurement 20 (1960) 37–46:
kappa = (p_o - p_e) / (1 - p_e), where p_o is the share of shared units on which two people agree, and p_e what people
who answer with their shares of classes would reach by chance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from annotations.consensus.agreement import Agreement
from annotations.consensus.bootstrap import interval, totals
from annotations.consensus.ratings import Ratings, pairs_within, thinned
from annotations.consensus.votes import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """Q pairs of annotators, every array (Q,): `first` < `second`, units `shared`, and `kappa`, NaN if undefined."""

    first: IntArray
    second: IntArray
    shared: IntArray
    kappa: FloatArray


def cohen_pairs(ratings: Ratings, *, minimum: int = 5, fan_out: int = 200, seed: int = 0) -> Pairs:
    """Kappa of each pair of annotators who share at least `minimum` units.

    It is undefined where both gave one and the same class throughout. Of a unit with more than `fan_out` answers, that
    many are drawn at random: its pairs grow with the square.
    """
    table = _Table.of(ratings, minimum, fan_out, seed)
    sums = totals(table.contributions)
    kappa = table.kappas(sums)[:, 0]
    shared = (table.of_pair @ table.split(sums)[0])[:, 0]
    return Pairs(*np.divmod(table.pair, max(ratings.n_annotators, 1)), shared.astype(np.int64), kappa)


def cohen_kappa(
    ratings: Ratings,
    *,
    minimum: int = 5,
    fan_out: int = 200,
    resamples: int = 1000,
    level: float = 0.95,
    seed: int = 0,
) -> Agreement:
    """The mean of kappa over pairs, weighted by their shared units, for all classes and for each against the rest.

    Pairs are those of `cohen_pairs`; in each mean those count of which kappa is defined, and without any it is NaN.
    Of few shared units kappa is drawn towards 0, hence the `minimum`; a resample has fewer different units still, so
    that the interval, which resamples items, leans to 0 where pairs share less than about thirty. `n_units` and
    `n_answers` are of the pairs.
    """
    table = _Table.of(ratings, minimum, fan_out, seed)
    estimate = table.means(totals(table.contributions))[:, 0]
    bounds = interval(table.means, table.contributions, resamples, level, seed)
    return Agreement.of(estimate, bounds, table.n_units, table.n_answers)


@dataclass(frozen=True, eq=False)
class _Table:
    """C cells, each a pair and a class that one of the two gave on a shared unit.

    `contributions` (I, 3 C): what each item adds to how often the first gave the class, the second, and both.
    `of_pair` (Q, C) and `of_class` (V, C): sparse matrices of ones. `pair` (Q,): first × A + second.
    """

    contributions: sparse.csr_array
    of_pair: sparse.csr_array
    of_class: sparse.csr_array
    pair: IntArray
    n_units: int
    n_answers: int

    @classmethod
    def of(cls, ratings: Ratings, minimum: int, fan_out: int, seed: int) -> _Table:
        V = ratings.n_values
        left, right = _shared(ratings, minimum, fan_out, seed)
        pairs, pair = np.unique(_pair(ratings, left, right), return_inverse=True)
        first, second = pair * V + ratings.value[left], pair * V + ratings.value[right]
        cells, cell = np.unique(np.concatenate([first, second]), return_inverse=True)
        items, item = np.unique(ratings.item[ratings.unit[left]], return_inverse=True)
        C, both = len(cells), first == second
        column = np.concatenate([cell[: len(left)], C + cell[len(left) :], 2 * C + cell[: len(left)][both]])
        row = np.concatenate([item, item, item[both]])
        return cls(
            contributions=_ones(row, column, (len(items), 3 * C)),
            of_pair=_ones(cells // V, np.arange(C), (len(pairs), C)),
            of_class=_ones(cells % V, np.arange(C), (V, C)),
            pair=pairs,
            n_units=len(np.unique(ratings.unit[left])),
            n_answers=len(np.union1d(left, right)),
        )

    def split(self, sums: FloatArray) -> FloatArray:
        """(3, C, b): how often the first gave the class, the second, and both."""
        return sums.reshape(3, -1, sums.shape[1])

    def kappas(self, sums: FloatArray) -> FloatArray:
        """Kappa of each pair over all classes, (Q, b)."""
        first, second, both = self.split(sums)
        n = self.of_pair @ first
        return _kappa(n, self.of_pair @ both, self.of_pair @ (first * second))

    def means(self, sums: FloatArray) -> FloatArray:
        """The weighted mean over pairs, (1 + V, b): all classes, then each against the rest."""
        first, second, both = self.split(sums)
        n = self.of_pair @ first
        mine = self.of_pair.T @ n
        agreed = mine - first - second + 2 * both
        against = _kappa(mine, agreed, first * second + (mine - first) * (mine - second))
        overall = _mean(self.kappas(sums), n, np.sum)
        return np.concatenate([overall, _mean(against, mine, lambda x, **_: self.of_class @ x)])


def _shared(ratings: Ratings, minimum: int, fan_out: int, seed: int) -> tuple[IntArray, IntArray]:
    """The pairs of answers (left, right) to one unit, of annotators who share at least `minimum` units."""
    kept = thinned(ratings.unit, fan_out, np.random.default_rng(seed))
    found = [(kept[left], kept[right]) for left, right in pairs_within(ratings.unit[kept])]
    none = np.zeros((2, 0), dtype=np.int64)
    left, right = np.concatenate([none, *map(np.stack, found)], axis=1)
    _, pair, shared = np.unique(_pair(ratings, left, right), return_inverse=True, return_counts=True)
    enough = shared[pair] >= minimum
    return left[enough], right[enough]


def _pair(ratings: Ratings, left: IntArray, right: IntArray) -> IntArray:
    """A number for each pair of annotators; of one unit the answers are sorted by annotator, so left is the lower."""
    key: IntArray = ratings.annotator[left] * ratings.n_annotators + ratings.annotator[right]
    return key


def _kappa(n: FloatArray, agreed: FloatArray, chance: FloatArray) -> FloatArray:
    """Of n units, `agreed` of them alike, and n² p_e = `chance`; NaN where chance alone must agree, or n is 0."""
    possible = n**2 - chance
    kappa: FloatArray = np.divide(n * agreed - chance, possible, out=np.full_like(n, np.nan), where=possible > 0)
    return kappa


def _mean(kappa: FloatArray, weight: FloatArray, total: Callable[..., FloatArray]) -> FloatArray:
    defined = ~np.isnan(kappa)
    weight = np.where(defined, weight, 0)
    top = np.atleast_2d(total(np.where(defined, kappa, 0) * weight, axis=0))
    bottom = np.atleast_2d(total(weight, axis=0))
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _ones(row: IntArray, column: IntArray, shape: tuple[int, int]) -> sparse.csr_array:
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=shape)
