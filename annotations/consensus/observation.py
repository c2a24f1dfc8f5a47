"""What an answer says of the truth: the annotator perceives a class, then answers by what they perceived.
 Asked to choose, they name the class j that they perceived; asked "is it c?", they say yes if and only if j =
c. So one confusion matrix an annotator reads every kind of challenge: P(yes, c | t) = π[t, c] and P(no, c |
t) = 1 - π[t, c].
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes

# Keeps logarithms and quotients finite where a matrix makes an answer impossible, as "no" is with one class.
TINY = 1e-12


def likelihood(votes: Votes, confusion: FloatArray) -> FloatArray:
    """P(vote | true class t) of each vote, (N, K), at least `TINY`; `confusion` is (A, K, K)."""
    perceived = confusion[votes.annotator, :, votes.answer]
    denied = (votes.kind == Kind.NO)[:, None]
    return np.maximum(np.where(denied, 1 - perceived, perceived), TINY)


def expected_counts(votes: Votes, posterior: FloatArray, confusion: FloatArray) -> FloatArray:
    """How often each annotator is expected to have perceived class j when it was t, (A, K, K).

    `posterior` (I, K) weighs the true classes. A "no" hides what was perceived: it is shared among all j
    other than the class denied, as π[t, j] / (1 - π[t, c]) of `confusion` (A, K, K), the expectation that EM
    asks for.
    """
    belief = posterior[votes.item]
    no = votes.kind == Kind.NO
    named = _by_answer(votes.select(~no), belief[~no])
    hidden = belief[no] / likelihood(votes.select(no), confusion)
    denied = _by_answer(votes.select(no), hidden)
    # All "no" votes of the annotator less those that deny j itself; rounding must not leave a negative count.
    elsewhere = np.maximum(denied.sum(axis=2, keepdims=True) - denied, 0)
    counts: FloatArray = named + confusion * elsewhere
    return counts


def sum_by(group: IntArray, n_groups: int, rows: FloatArray) -> FloatArray:
    """Sums rows (N, K) within groups (N,): (n_groups, K)."""
    n = len(group)
    membership = sparse.csr_array((np.ones(n), (group, np.arange(n))), shape=(n_groups, n))
    total: FloatArray = membership @ rows
    return total


def _by_answer(votes: Votes, rows: FloatArray) -> FloatArray:
    """Sums rows (N, K) over each annotator's votes about each class: (A, K, K), the class voted on last."""
    A, K = votes.n_annotators, votes.n_classes
    total = sum_by(votes.annotator * K + votes.answer, A * K, rows)
    return total.reshape(A, K, K).transpose(0, 2, 1)
