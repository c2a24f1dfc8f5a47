"""How likely two people give the same wrong answer by chance.

Wrong answers to an item of class t are drawn from shares that vary from item to item around those of the class: by a
Dirichlet distribution of mean e(·|t) and concentration s. Where the others, without the pair, have given n_c wrong
answers c on the item, the chance that two more are alike is a Pólya urn's:

    (s² Σ e_a e_b + 2 s Σ e n + Σ n² + S) / (S (S + 1)),    S = s + Σ n

e_a is a mixture of the crowd's mistakes e and the person's own, as far as these are known. It takes two to collude: if
either is better than a guess, both may have confusions of their own; but between two who are not, a wrong answer for
every class would explain away whatever they have agreed on, and only the crowd's mistakes excuse them. s is learned
from how often reliable people coincide: where pictures have popular wrong answers of their own, it is small.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from scipy import sparse

from annotations.consensus.ratings import Ratings, pairs_within
from annotations.consensus.votes import FloatArray, IntArray

STRENGTH = 4.0  # pseudo-mistakes by which a person's are drawn to the crowd's
LARGEST = 1000.0  # s at most
HONEST = 0.2  # better than a guess by so much: 60% with two classes
DOUBT = 10.0  # pairs that didn't coincide, against one that did, to begin with
ROWS = 250_000  # pairs held at a time


@dataclass(frozen=True, eq=False)
class Mistakes:
    """What people answer where they are wrong.

    `usual` (K, K): the crowd's shares e, row the truth. `own` (A K, K): each person's, row annotator × K + truth.
    `like_usual` (A K,): Σ own · e. `known` (A K,): what the own shares weigh against the crowd's, 0 to 1. `honest`
    (A,): from 0 for whoever is no better than a guess to 1.
    """

    usual: FloatArray
    own: sparse.csr_array
    like_usual: FloatArray
    known: FloatArray
    honest: FloatArray

    @classmethod
    def of(cls, wrong: Ratings, truth: IntArray, say: FloatArray) -> Mistakes:
        K = wrong.n_values
        row, cell = wrong.annotator * K + truth, (wrong.n_annotators * K, K)
        counts = sparse.csr_array((np.ones(len(wrong)), (row, wrong.value)), shape=cell)
        total = np.bincount(row, minlength=cell[0])
        # One voice a person at most, so that nobody makes their mistakes popular by making many.
        voice = say[wrong.annotator] / (total[row] + STRENGTH)
        usual = _sum(truth * K + wrong.value, voice, K * K).reshape(K, K) + (1 - np.eye(K)) / max(K - 1, 1)
        usual = usual / np.maximum(usual.sum(axis=1, keepdims=True), 1e-12)
        own = counts.multiply(1 / np.maximum(total, 1)[:, None]).tocsr()
        at = np.repeat(np.arange(cell[0]), np.diff(own.indptr))
        like_usual = _sum(at, own.data * usual[at % K, own.indices], cell[0])
        return cls(usual, own, like_usual, total / (total + STRENGTH), np.minimum(say / HONEST, 1))

    def alike(self, first: IntArray, second: IntArray, truth: IntArray) -> FloatArray:
        """Σ e_a e_b of pairs of annotators on items of a class, all (P,)."""
        K = len(self.usual)
        a, b = first * K + truth, second * K + truth
        excused = np.maximum(self.honest[first], self.honest[second])
        mine, yours = self.known[a], self.known[b]
        both = np.asarray(self.own[a].multiply(self.own[b]).sum(axis=1)).ravel()
        crowd = (self.usual**2).sum(axis=1)[truth]
        one = mine * (1 - yours) * self.like_usual[a] + (1 - mine) * yours * self.like_usual[b]
        own = mine * yours * both + one + (1 - mine) * (1 - yours) * crowd
        alike: FloatArray = excused * own + (1 - excused) * crowd
        return alike


@dataclass(frozen=True, eq=False)
class Chance:
    """W wrong answers, sorted by item and answer, and what is expected of any two of them on one item."""

    wrong: Ratings
    truth: IntArray  # (W,) the likeliest class of the item
    belief: FloatArray  # (W,) in the class answered
    say: FloatArray  # (W,) of whoever answered
    mistakes: Mistakes
    named: FloatArray  # (W,) say of everybody who gave this answer on the item
    total: FloatArray  # (W,) Σ n on the item, with everybody
    squares: FloatArray  # (W,) Σ n²
    usual: FloatArray  # (W,) Σ e n
    concentration: float = field(default=LARGEST)

    @classmethod
    def of(cls, wrong: Ratings, posterior: FloatArray, say: FloatArray) -> Chance:
        """With s as reliable people's coincidences show it; `posterior` (I, K), `say` (A,)."""
        truth = posterior.argmax(axis=1)[wrong.unit] if len(wrong) else wrong.unit
        mistakes, word, U = Mistakes.of(wrong, truth, say), say[wrong.annotator], wrong.n_units
        cells, cell = np.unique(wrong.unit * wrong.n_values + wrong.value, return_inverse=True)
        named, total = _sum(cell, word, len(cells)), _sum(wrong.unit, word, U)
        squares = _sum(cells // wrong.n_values, named**2, U)
        usual = _sum(wrong.unit, word * mistakes.usual[truth, wrong.value], U)
        at, belief = wrong.unit, posterior[wrong.unit, wrong.value]
        chance = cls(wrong, truth, belief, word, mistakes, named[cell], total[at], squares[at], usual[at])
        return replace(chance, concentration=chance._concentration())

    def both_wrong(self, left: IntArray, right: IntArray) -> FloatArray:
        """P(neither of two answers is the truth), (P,), of pairs of positions on one item."""
        other = np.where(self.same(left, right), 0, self.belief[right])
        return np.maximum(1 - self.belief[left] - other, 0)

    def same(self, left: IntArray, right: IntArray) -> FloatArray:
        """1 where two answers are alike, else 0, (P,)."""
        return np.where(self.wrong.value[left] == self.wrong.value[right], 1.0, 0.0)

    def alike(self, left: IntArray, right: IntArray) -> FloatArray:
        """Σ e_a e_b, (P,)."""
        who = self.wrong.annotator
        return self.mistakes.alike(who[left], who[right], self.truth[left])

    def of_pairs(self, left: IntArray, right: IntArray) -> FloatArray:
        """P(two answers are alike | both are wrong), (P,), by the urn without the two."""
        a, b, s = self.say[left], self.say[right], self.concentration
        same, n_a, n_b = self.same(left, right) > 0, self.named[left], self.named[right]
        apart = (n_a - a) ** 2 - n_a**2 + (n_b - b) ** 2 - n_b**2
        squares = self.squares[left] + np.where(same, (n_a - a - b) ** 2 - n_a**2, apart)
        e = self.mistakes.usual[self.truth, self.wrong.value]
        usual = self.usual[left] - a * e[left] - b * e[right]
        size = s + self.total[left] - a - b
        urn = s**2 * self.alike(left, right) + 2 * s * usual + squares + size
        return np.clip(urn / (size * (size + 1)), 0, 1)

    def _concentration(self) -> float:
        """s, for which (s Σ e_a e_b + 1) / (s + 1) is the rate of coincidences, each pair weighed by its say."""
        apart, beyond = DOUBT, 1.0
        for left, right in pairs_within(self.wrong.unit, ROWS):
            weight = self.both_wrong(left, right) * self.say[left] * self.say[right]
            same = self.same(left, right)
            apart += float(weight @ (1 - same))
            beyond += float(weight @ (same - self.alike(left, right)))
        return min(apart / max(beyond, 1.0), LARGEST)


def honesty(ratings: Ratings, posterior: FloatArray) -> FloatArray:
    """By how much better than a guess everybody is, (A,), from 0 to 1, by the posterior (I, K)."""
    A, even = ratings.n_annotators, 1 / ratings.n_values
    right = np.bincount(ratings.annotator, posterior[ratings.unit, ratings.value], minlength=A)
    given = np.bincount(ratings.annotator, minlength=A)
    share = np.divide(right, given, out=np.zeros(A), where=given > 0)
    return np.clip((share - even) / max(1 - even, 1e-12), 0, 1)


def _sum(group: IntArray, values: FloatArray, size: int) -> FloatArray:
    return np.bincount(group, values, minlength=size).astype(np.float64)
