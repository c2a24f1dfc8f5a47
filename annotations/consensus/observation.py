"""What an answer says of the truth: the annotator perceives a class, then answers by what they perceived.

Asked to choose, they name the class j that they perceived; asked "is it c?", they say yes if and only if
j = c. So one confusion matrix an annotator reads every kind of challenge: P(yes, c | t) = π[t, c] and
P(no, c | t) = 1 - π[t, c].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse

from annotations.consensus import blocks
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes

# Keeps logarithms and quotients finite where a matrix makes an answer impossible, as "no" is with one class.
TINY = 1e-12
A_FEW = 200  # rows that are summed before a sparse matrix is built, as in one answer's update


@dataclass(frozen=True, eq=False)
class Words:
    """log P(a vote for the cell's class | true class), (P, K), and of one against it, where there are such."""

    named: FloatArray
    denied: FloatArray | None


@dataclass(frozen=True, eq=False)
class Block:
    """Some of the items, and their votes for and against the cells' classes, each (items, P)."""

    items: slice
    named: sparse.csr_array
    denied: sparse.csr_array

    def read(self, words: Words) -> FloatArray:
        """log P(an item's votes | its class), (items, K)."""
        spoken: FloatArray = self.named @ words.named
        return spoken if words.denied is None else spoken + self.denied @ words.denied


@dataclass(frozen=True, eq=False)
class Cells:
    """The P pairs of an annotator and a class that any of the votes is about, in that order, sorted.

    Whatever a model says of votes, it says of their cells: many votes share one, so that a step of EM is two
    products with sparse matrices of ones. `named` and `denied` (I, P) count an item's votes for a cell's class,
    and against it.
    """

    annotator: IntArray
    answer: IntArray
    named: sparse.csr_array
    denied: sparse.csr_array
    of_annotator: sparse.csr_array  # (A, P): which cells are whose

    @classmethod
    def of(cls, votes: Votes) -> Cells:
        key = votes.annotator * votes.n_classes + votes.answer
        cells, cell = np.unique(key, return_inverse=True)
        annotator, answer = np.divmod(cells, votes.n_classes)
        no = votes.kind == Kind.NO
        shape = (votes.n_items, len(cells))
        return cls(
            annotator=annotator,
            answer=answer,
            named=_ones(votes.item[~no], cell[~no], shape),
            denied=_ones(votes.item[no], cell[no], shape),
            of_annotator=_ones(annotator, np.arange(len(cells)), (votes.n_annotators, len(cells))),
        )

    def log_likelihood(self, perceived: FloatArray, say: FloatArray) -> FloatArray:
        """log P(an item's votes | its class), (I, K), where `perceived` (P, K) is P(the cell's class is perceived |
        true class) and `say` (A,) scales each annotator's word."""
        words = self.words(perceived, say)
        return self.everything.read(words)

    def words(self, perceived: FloatArray, say: FloatArray) -> Words:
        """What a vote for a cell's class, and one against it, tells of the truth, by the arguments of
        `log_likelihood`."""
        weight = say[self.annotator, None]
        named = np.log(np.maximum(perceived, TINY)) * weight
        return Words(named, np.log(np.maximum(1 - perceived, TINY)) * weight if self.denied.nnz else None)

    @property
    def everything(self) -> Block:
        return Block(slice(0, self.named.shape[0]), self.named, self.denied)

    @cached_property
    def blocks(self) -> list[Block]:
        """The items in blocks that stay in cache."""
        at = blocks.slices(self.named.shape[0], self._width)
        return [Block(items, self.named[items], self.denied[items]) for items in at]

    @property
    def _width(self) -> int:
        """About as many as there are classes."""
        return int(self.answer.max(initial=0)) + 1

    @cached_property
    def _halves(self) -> list[list[tuple[slice, sparse.csr_array]]]:
        return [blocks.halves(matrix, self._width) for matrix in (self.named, self.denied)]

    def expected(self, posterior: FloatArray, perceived: FloatArray) -> tuple[FloatArray, FloatArray]:
        """How often each cell's class is expected to have been perceived where it was t, (P, K), and how many
        answers each annotator gave where it was t, (A, K); `posterior` (I, K) weighs the true classes.

        A "no" hides what was perceived: it is shared among all classes but the one denied, in proportion to
        `perceived` (P, K), the expectation that EM asks for. What falls to classes that no vote of this annotator
        is about lies in no cell, and only in the totals.
        """
        named = blocks.transposed_product(self._halves[0], posterior)
        total: FloatArray = self.of_annotator @ named
        if not self.denied.nnz:
            return named, total
        # Where nothing else can have been perceived, as with one class, a "no" is no evidence of anything.
        denied = blocks.transposed_product(self._halves[1], posterior) * (perceived < 1 - TINY)
        hidden = denied / np.maximum(1 - perceived, TINY)
        # All "no" votes of the annotator less those that deny the cell's own class; rounding must leave none below 0.
        elsewhere = np.maximum((self.of_annotator @ hidden)[self.annotator] - hidden, 0)
        return named + perceived * elsewhere, total + self.of_annotator @ denied


def likelihood(kind: IntArray, perceived: FloatArray) -> FloatArray:
    """P(vote | true class t) of each vote, (N, K), at least `TINY`.

    `perceived` (N, K) is P(its class is perceived | t), of which a "no" (see `Kind`) is the contrary.
    """
    return np.maximum(np.where((kind == Kind.NO)[:, None], 1 - perceived, perceived), TINY)


def sum_by(group: IntArray, n_groups: int, rows: FloatArray) -> FloatArray:
    """Sums rows (N, K) within groups (N,): (n_groups, K)."""
    if len(group) <= A_FEW:
        few = np.zeros((n_groups, *rows.shape[1:]))
        np.add.at(few, group, rows)
        return few
    total: FloatArray = _ones(group, np.arange(len(group)), (n_groups, len(group))) @ rows
    return total


def _ones(row: IntArray, column: IntArray, shape: tuple[int, int]) -> sparse.csr_array:
    # Half as wide as NumPy's own whole numbers: the products are as fast as these can be read.
    narrow = np.int32 if max(*shape, len(row)) < 2**31 else np.int64
    return sparse.csr_array((np.ones(len(row)), (row.astype(narrow), column.astype(narrow))), shape=shape)
