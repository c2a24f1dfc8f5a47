"""Majority vote: every answer weighs the same, whoever gave it. The baseline, and where others start."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annotations.consensus.observation import expected_counts, sum_by
from annotations.consensus.votes import UNKNOWN, Fit, FloatArray, IntArray, Kind, Votes


def fit(votes: Votes, clamped: npt.ArrayLike | None = None, weights: npt.ArrayLike | None = None) -> Fit:
    """Each item's share of the votes, as its posterior (I, K); with no votes all classes share alike.

    `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: what a vote of each
    annotator counts. The confusion matrices follow from comparing each annotator with the shares.
    """
    posterior = one_hot(shares(votes, votes.say(weights)), votes.known(clamped))
    uniform = np.full((votes.n_annotators, votes.n_classes, votes.n_classes), 1 / votes.n_classes)
    counts = expected_counts(votes, posterior, uniform)
    return Fit(
        posterior=posterior,
        confusion=_normalised(counts),
        prior=_normalised(posterior.sum(axis=0)),
        counts=counts,
        log_likelihood=(),
        converged=True,
    )


def shares(votes: Votes, say: FloatArray) -> FloatArray:
    """Share of the votes that each class has, (I, K)."""
    tally = sum_by(votes.item, votes.n_items, ballots(votes) * say[votes.annotator, None])
    return _normalised(tally)


def ballots(votes: Votes) -> FloatArray:
    """One vote each, (N, K): whole for the class named or affirmed; a "no" evenly over the classes that it
    leaves."""
    named = np.eye(votes.n_classes)[votes.answer]
    left = (1 - named) / max(votes.n_classes - 1, 1)
    return np.where((votes.kind == Kind.NO)[:, None], left, named)


def one_hot(posterior: FloatArray, known: IntArray) -> FloatArray:
    """The posterior (I, K) with certainty where `known` (I,) gives the class."""
    certain = np.eye(posterior.shape[1])[known]
    return np.where((known == UNKNOWN)[:, None], posterior, certain)


def _normalised(tally: FloatArray) -> FloatArray:
    """Rows that sum to 1; uniform where there is nothing to share."""
    total = tally.sum(axis=-1, keepdims=True)
    even = np.full_like(tally, 1 / tally.shape[-1])
    normalised: FloatArray = np.divide(tally, total, out=even, where=total > 0)
    return normalised
