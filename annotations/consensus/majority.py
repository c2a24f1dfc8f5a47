"""Majority vote: every answer weighs the same, whoever gave it. The baseline, and where others start."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annotations.consensus import em
from annotations.consensus.votes import UNKNOWN, Fit, FloatArray, IntArray, Kind, Votes


def fit(votes: Votes, clamped: npt.ArrayLike | None = None, weights: npt.ArrayLike | None = None) -> Fit:
    """Each item's share of the votes, as its posterior (I, K); with no votes all classes share alike.

    `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: what a vote of each
    annotator counts. An annotator's accuracy is the mean share of the classes that they spoke for.
    """
    posterior = one_hot(shares(votes, votes.say(weights)), votes.known(clamped))
    return Fit(
        posterior=posterior,
        prior=normalised(posterior.sum(axis=0)),
        accuracy=agreement(votes, posterior),
        log_likelihood=(),
        converged=True,
    )


def shares(votes: Votes, say: FloatArray) -> FloatArray:
    """Share of the votes that each class has, (I, K): a vote is whole for the class named or affirmed; a "no" goes
    evenly to the classes that it leaves."""
    K, no = votes.n_classes, votes.kind == Kind.NO
    left = np.where(no, 1 / max(K - 1, 1), 0.0)
    said = np.where(no, -left, 1.0) * say[votes.annotator]
    tally = em.totals(votes.item * K + votes.answer, said, votes.n_items * K).reshape(-1, K)
    tally += em.totals(votes.item, left * say[votes.annotator], votes.n_items)[:, None]
    return normalised(np.maximum(tally, 0))


def ballots(votes: Votes) -> FloatArray:
    """One vote each, (N, K), as `shares` adds them up."""
    named = np.eye(votes.n_classes)[votes.answer]
    left = (1 - named) / max(votes.n_classes - 1, 1)
    return np.where((votes.kind == Kind.NO)[:, None], left, named)


def agreement(votes: Votes, posterior: FloatArray) -> FloatArray:
    """How far each annotator's votes are right by the posterior (I, K), on average, (A,); 1/K without any."""
    named = posterior[votes.item, votes.answer]
    right = np.where(votes.kind == Kind.NO, 1 - named, named)
    total = np.bincount(votes.annotator, right, minlength=votes.n_annotators)
    given = np.bincount(votes.annotator, minlength=votes.n_annotators)
    even = np.full(votes.n_annotators, 1 / votes.n_classes)
    share: FloatArray = np.divide(total, given, out=even, where=given > 0)
    return share


def one_hot(posterior: FloatArray, known: IntArray) -> FloatArray:
    """The posterior (I, K) with certainty where `known` (I,) gives the class."""
    certain = posterior.copy()
    at = np.flatnonzero(known != UNKNOWN)
    certain[at] = 0
    certain[at, known[at]] = 1
    return certain


def normalised(tally: FloatArray) -> FloatArray:
    """Rows that sum to 1; uniform where there is nothing to share."""
    total = tally.sum(axis=-1, keepdims=True)
    even = np.full_like(tally, 1 / tally.shape[-1])
    shared: FloatArray = np.divide(tally, total, out=even, where=total > 0)
    return shared
