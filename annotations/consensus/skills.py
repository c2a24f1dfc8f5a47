"""Everybody's confusion matrix, under a prior with three floors: the crowd, the person, the row.

A row of an annotator's matrix has the Dirichlet prior of a newcomer's row, tilted by how good this annotator is in
general. So a person is known from a handful of votes, though they may be spread over a thousand classes, and somebody
without any looks like the crowd. Only cells that votes are about are kept: a matrix of a thousand classes, dense, is
8 MB a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit, logit

from annotations.consensus.observation import sum_by
from annotations.consensus.votes import FloatArray, IntArray

EDGE = 1e-6  # keeps the log-odds of an accuracy finite


@dataclass(frozen=True)
class Prior:
    """What is believed before the first vote. Raises ValueError if it is no proper prior."""

    accuracy: float = 0.7  # how often a stranger perceives the true class
    strength: float = 4.0  # pseudo-votes by which a row is drawn to the person, and a person to the crowd
    crowd: float = 2.0  # pseudo-people by which the crowd is drawn to `accuracy`
    classes: float = 1.0  # pseudo-items a class, so that no class is ruled out for not having been seen

    def __post_init__(self) -> None:
        if not 0 < self.accuracy < 1:
            raise ValueError("accuracy must lie in (0, 1)")
        if min(self.strength, self.crowd, self.classes) <= 0:
            raise ValueError("strength, crowd and classes must be positive")

    def symmetric(self, n_classes: int) -> FloatArray:
        """The stranger's matrix (K, K): `accuracy` on the diagonal, the rest spread evenly."""
        return symmetric(self.accuracy, n_classes)


DEFAULT = Prior()


@dataclass(frozen=True, eq=False)
class Skills:
    """The confusion matrices of A annotators over K classes, by the P cells that their votes are about.

    `annotator`, `answer` (P,): whose cell, about which class; sorted, none twice. `counts` (P, K): how often it is
    expected to have been perceived where it was t. `total` (A, K): all answers where it was t; what of them lies in
    no cell (a "no" may have hidden any class) is spread as the prior would have it. `population` (K, K): the crowd's
    matrix, row the true class.
    """

    annotator: IntArray
    answer: IntArray
    counts: FloatArray
    total: FloatArray
    population: FloatArray
    prior: Prior = DEFAULT

    @classmethod
    def strangers(cls, n_annotators: int, population: FloatArray, prior: Prior = DEFAULT) -> Skills:
        """People of whom nothing is known."""
        n_classes = len(population)
        none = np.zeros(0, dtype=np.int64)
        total = np.zeros((n_annotators, n_classes))
        return cls(none, none, np.zeros((0, n_classes)), total, population, prior)

    @classmethod
    def from_sparse(
        cls, counts: Sequence[dict[tuple[int, int], float]], population: FloatArray, prior: Prior = DEFAULT
    ) -> Skills:
        """One dict an annotator: {(true class, perceived class): expected count}; perceived -1 is in no cell."""
        n_classes = len(population)
        rows = [(a, t, j, n) for a, cells in enumerate(counts) for (t, j), n in cells.items()]
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        who, true, what = table[:, :3].astype(np.int64).T
        total = np.zeros((len(counts), n_classes))
        np.add.at(total, (who, true), table[:, 3])
        listed = what >= 0
        keys, cell = np.unique(who[listed] * n_classes + what[listed], return_inverse=True)
        dense = np.zeros((len(keys), n_classes))
        np.add.at(dense, (cell, true[listed]), table[listed, 3])
        annotator, answer = np.divmod(keys, n_classes)
        return cls(annotator, answer, dense, total, population, prior)

    def perceived(self, annotator: IntArray, answer: IntArray) -> FloatArray:
        """P(perceives `answer` | true class), (N, K), for N pairs: the mean of each row's Dirichlet posterior."""
        base = self._base(annotator, answer)
        counts = self._counts_at(annotator, answer, base)
        strength = self.prior.strength
        mean: FloatArray = (counts + strength * base) / (self._placed[annotator] + strength)
        return mean

    def matrix(self, annotator: int) -> FloatArray:
        """One annotator's matrix (K, K), row the true class."""
        everything = np.arange(len(self.population))
        return self.perceived(np.full(len(everything), annotator), everything).T

    @property
    def confusion(self) -> FloatArray:
        """All matrices, dense, (A, K, K): A × K² numbers."""
        return self._dense(self.perceived)

    @property
    def dense_counts(self) -> FloatArray:
        """All expected counts, dense, (A, K, K), with what lies in no cell spread by the prior."""
        return self._dense(lambda who, what: self._counts_at(who, what, self._base(who, what)))

    def sparse_counts(self, least: float = 5e-5) -> list[dict[tuple[int, int], float]]:
        """What `from_sparse` reads, without counts below `least`; but a cell that has no others is still named."""
        found: list[dict[tuple[int, int], float]] = [{} for _ in self.total]
        at, true = np.nonzero(self.counts >= least)
        rows = zip(self.annotator[at], true, self.answer[at], self.counts[at, true], strict=True)
        for who, t, j, count in rows:
            found[who][int(t), int(j)] = float(count)
        for cell in np.flatnonzero(self.counts.max(axis=1, initial=0) < least):
            found[self.annotator[cell]][int(self.answer[cell]), int(self.answer[cell])] = 0.0
        for who, t in np.argwhere(self._unlisted >= least):
            found[who][int(t), -1] = float(self._unlisted[who, t])
        return found

    @cached_property
    def diagonal(self) -> FloatArray:
        """P(perceives the true class), (A, K), by the prior of each person, before the row's own votes.

        The crowd's, its log-odds shifted by how this person differs from the crowd over all rows. Rows vary, so a row
        tells of the person at most as much as `strength` votes do, however many it has.
        """
        seen = 1 / (1 + self.total / self.prior.strength)
        right = (self._right * seen).sum(axis=1, keepdims=True)
        expected = (self.total * self._usual * seen).sum(axis=1, keepdims=True)
        votes = (self.total * seen).sum(axis=1, keepdims=True)
        usual = np.divide(expected, votes, out=np.full_like(votes, self._usual.mean()), where=votes > 0)
        mean = (right + self.prior.strength * usual) / (votes + self.prior.strength)
        shift = logit(np.clip(mean, EDGE, 1 - EDGE)) - logit(np.clip(usual, EDGE, 1 - EDGE))
        shifted: FloatArray = expit(logit(self._usual) + shift)
        return shifted if len(self.population) > 1 else np.ones_like(self.total)

    @property
    def hit_rate(self) -> FloatArray:
        """P(perceives the true class), (A, K): the diagonals of all matrices."""
        strength, outside = self.prior.strength, self.spread * self.diagonal
        outside[self.annotator, self.answer] = 0
        rate: FloatArray = (self._right + outside + strength * self.diagonal) / (self._placed + strength)
        return rate

    @property
    def general(self) -> FloatArray:
        """How often each person is right in general, (A, 2): right answers and all answers, in effect."""
        seen = 1 / (1 + self.total / self.prior.strength)
        return np.stack([(self._right * seen).sum(axis=1), (self.total * seen).sum(axis=1)], axis=1)

    @cached_property
    def _usual(self) -> FloatArray:
        """The crowd's accuracy a class (K,), short of certainty."""
        return np.clip(np.diagonal(self.population), EDGE, 1 - EDGE)

    @cached_property
    def _right(self) -> FloatArray:
        """Expected answers that were right, (A, K), as far as they lie in cells."""
        right = np.zeros_like(self.total)
        right[self.annotator, self.answer] = self.counts[np.arange(len(self.answer)), self.answer]
        return right

    @cached_property
    def _unlisted(self) -> FloatArray:
        """How many answers of each row lie in no cell, (A, K)."""
        return np.maximum(self.total - sum_by(self.annotator, len(self.total), self.counts), 0)

    @cached_property
    def _placed(self) -> FloatArray:
        """Answers of each row, (A, K), without the crumbs in no cell that `spread` leaves out: rows sum to 1."""
        return self.total - np.where(self.spread > 0, 0, self._unlisted)

    @cached_property
    def _scale(self) -> FloatArray:
        """By what each person's errors differ from the crowd's, (A, K)."""
        scale: FloatArray = (1 - self.diagonal) / (1 - self._usual)
        return scale

    @cached_property
    def spread(self) -> FloatArray:
        """What of each row's answers lies in no cell, in units of the prior there, (A, K)."""
        rest = self._unlisted
        if not (rest > EDGE).any():
            return np.zeros_like(rest)
        uncovered = 1 - sum_by(self.annotator, len(self.total), self._base(self.annotator, self.answer))
        return np.divide(rest, uncovered, out=np.zeros_like(rest), where=(uncovered > EDGE) & (rest > EDGE))

    def _base(self, annotator: IntArray, answer: IntArray) -> FloatArray:
        """The prior's P(perceives `answer` | true class), (N, K)."""
        base: FloatArray = self.population.T[answer] * self._scale[annotator]
        base[np.arange(len(answer)), answer] = self.diagonal[annotator, answer]
        return base

    def _counts_at(self, annotator: IntArray, answer: IntArray, base: FloatArray) -> FloatArray:
        n_classes = len(self.population)
        cells, wanted = self.annotator * n_classes + self.answer, annotator * n_classes + answer
        at = np.searchsorted(cells, wanted)
        listed = cells[np.minimum(at, len(cells) - 1)] == wanted if len(cells) else np.zeros(len(wanted), dtype=bool)
        counts = self.spread[annotator] * base
        counts[listed] = self.counts[at[listed]]
        return counts

    def _dense(self, of: Callable[[IntArray, IntArray], FloatArray]) -> FloatArray:
        A, K = self.total.shape
        who, what = np.repeat(np.arange(A), K), np.tile(np.arange(K), A)
        stacked: FloatArray = of(who, what).reshape(A, K, K).transpose(0, 2, 1)
        return stacked


def symmetric(accuracy: float, n_classes: int) -> FloatArray:
    """A matrix (K, K) with `accuracy` on the diagonal and errors spread evenly."""
    if n_classes == 1:
        return np.ones((1, 1))
    error = (1 - accuracy) / (n_classes - 1)
    return np.full((n_classes, n_classes), error) + np.eye(n_classes) * (accuracy - error)


@dataclass(frozen=True, eq=False)
class Voices:
    """What some annotators say together of how a stranger answers. Voices of others can be added, or taken away.

    `rows` (K, K): the sum of their matrices' rows, each with the voice of its evidence. `right`, `votes`: the sums of
    how often each is right in general, alike.
    """

    rows: FloatArray
    right: float
    votes: float

    @classmethod
    def of(cls, skills: Skills, say: FloatArray) -> Voices:
        """An annotator with n votes in a row counts n / (n + strength) times their say (A,): one voice at most, so that
        nobody writes the population by voting a lot, and none without evidence."""
        right, votes = skills.general.T
        voice = say / (votes + skills.prior.strength)
        heard = say[:, None] / (skills.total + skills.prior.strength)
        rows = sum_by(skills.answer, len(skills.population), skills.counts * heard[skills.annotator]).T
        if skills.spread.any():
            rows = rows + _hidden(skills, skills.spread * heard)
        return cls(rows, float(voice @ right), float(voice @ votes))

    def __add__(self, other: Voices) -> Voices:
        return Voices(self.rows + other.rows, self.right + other.right, self.votes + other.votes)

    def __sub__(self, other: Voices) -> Voices:
        return Voices(self.rows - other.rows, self.right - other.right, self.votes - other.votes)

    def population(self, prior: Prior) -> FloatArray:
        """What a stranger's matrix looks like, (K, K): the mean of the voices' rows.

        `prior.crowd` pseudo-people are of the symmetric prior, as accurate as people are over all classes. A row is
        never read as lies: where some error is likelier than the truth the two are set equal, so that a crowd of liars
        makes the next stranger's word worthless but not inverted.
        """
        accuracy = (self.right + prior.crowd * prior.accuracy) / (self.votes + prior.crowd)
        pooled = np.maximum(self.rows, 0) + prior.crowd * symmetric(accuracy, len(self.rows))
        np.fill_diagonal(pooled, pooled.max(axis=1))
        matrix: FloatArray = pooled / pooled.sum(axis=1, keepdims=True)
        return matrix


def population(skills: Skills, say: FloatArray) -> FloatArray:
    """What a stranger's matrix looks like, (K, K), from everybody's counts and say (A,)."""
    return Voices.of(skills, say).population(skills.prior)


def _hidden(skills: Skills, mass: FloatArray) -> FloatArray:
    """What people are expected to have perceived outside their cells, (K, K), from the mass a row (A, K)."""
    everywhere = skills.population * (mass * skills._scale).sum(axis=0)[:, None]
    np.fill_diagonal(everywhere, (mass * skills.diagonal).sum(axis=0))
    listed = mass[skills.annotator] * skills._base(skills.annotator, skills.answer)
    outside: FloatArray = np.maximum(everywhere - sum_by(skills.answer, len(everywhere), listed).T, 0)
    return outside
