"""Confusion matrices by maximum likelihood, kept by the cells that votes are about (see `observation.Cells`)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from annotations.consensus.em import totals
from annotations.consensus.observation import Cells
from annotations.consensus.votes import Fit, FloatArray

# What a class that was never perceived counts, in votes: no answer is impossible.
EPS = 1e-10


@dataclass(frozen=True, eq=False)
class Matrices:
    """P(annotator perceives a cell's class | true class), (P, K), and how many answers they are from, (A, K)."""

    cells: Cells
    perceived: FloatArray
    total: FloatArray

    @classmethod
    def uniform(cls, cells: Cells, n_classes: int) -> Matrices:
        """Nothing known: every class is as likely as any other to be perceived."""
        n_annotators = cells.of_annotator.shape[0]
        perceived = np.full((len(cells.answer), n_classes), 1 / n_classes)
        return cls(cells, perceived, np.zeros((n_annotators, n_classes)))

    def estimated(self, belief: FloatArray) -> Matrices:
        """The M-step: expected counts by the belief (I, K), as shares of each row."""
        counts, total = self.cells.expected(belief, self.perceived)
        listed = np.maximum(counts, EPS)
        row = self.cells.of_annotator @ listed + self._elsewhere(counts, total)
        return Matrices(self.cells, listed / row[self.cells.annotator], total)

    def _elsewhere(self, counts: FloatArray, total: FloatArray) -> FloatArray:
        """What was perceived outside the annotator's cells, (A, K).

        Only a "no" leaves anything there; whoever always names a class can't perceive one that they never name.
        """
        denies = totals(self.cells.annotator, self.cells.denied.sum(axis=0), len(total)) > 0
        floor = np.where(denies, EPS * self._n_unlisted(), 0)
        outside: FloatArray = np.maximum(total - self.cells.of_annotator @ counts, floor[:, None])
        return outside

    def _n_unlisted(self) -> FloatArray:
        """How many classes the annotator has no cell for, (A,)."""
        none: FloatArray = self.total.shape[1] - self.cells.of_annotator.sum(axis=1)
        return none

    def _each_unlisted(self) -> FloatArray:
        """P(a class without a cell is perceived | true class), the same for all of them, (A, K)."""
        rest = np.maximum(1 - self.cells.of_annotator @ self.perceived, 0)
        each: FloatArray = rest / np.maximum(self._n_unlisted(), 1)[:, None]
        return each

    def dense(self) -> FloatArray:
        """All matrices, (A, K, K): row the true class, column the one perceived."""
        n_classes = self.total.shape[1]
        matrix = np.repeat(self._each_unlisted()[:, :, None], n_classes, axis=2)
        matrix[self.cells.annotator, :, self.cells.answer] = self.perceived
        return matrix

    def accuracy(self) -> FloatArray:
        """How often each annotator perceives the truth, over the classes that they met, (A,); 1/K without votes."""
        n_classes = self.total.shape[1]
        hit = self._each_unlisted()
        at = np.arange(len(self.cells.answer))
        hit[self.cells.annotator, self.cells.answer] = self.perceived[at, self.cells.answer]
        given = self.total.sum(axis=1)
        guess = np.full(len(given), 1 / n_classes)
        share: FloatArray = np.divide((self.total * hit).sum(axis=1), given, out=guess, where=given > 0)
        return share


@dataclass(frozen=True, eq=False, kw_only=True)
class MatrixFit(Fit):
    """With everybody's confusion matrix, not in `parameters`: of a thousand classes, dense, it is 8 MB a person."""

    matrices: Matrices

    @property
    def confusion(self) -> FloatArray:
        """The paper's π: P(annotator perceives the last axis | the truth is the middle one), dense, (A, K, K)."""
        return self.matrices.dense()
