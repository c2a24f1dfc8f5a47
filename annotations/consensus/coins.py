"""Answers that tell only whether they are right: a wrong one says nothing of which other class is true.

With accuracy p, the class perceived is the true one with probability p, and each other one with (1 - p) / (K - 1); a
"no" is read as in `observation.py`. A vote's log-likelihood then takes but two values, one if its class is the true one
and one if it is not, so that a step of EM costs a few passes over the votes, however many classes there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from annotations.consensus.em import totals
from annotations.consensus.observation import TINY
from annotations.consensus.votes import FloatArray, Kind, Votes


def each_error(accuracy: FloatArray, n_classes: int) -> FloatArray:
    """P(one given wrong class is perceived), of the accuracy's shape."""
    error: FloatArray = (1 - accuracy) / max(n_classes - 1, 1)
    return error


def log_likelihood(votes: Votes, accuracy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """log P(vote | its class is the true one) and log P(vote | another is), (N,) each, from its giver's accuracy."""
    no, error = votes.kind == Kind.NO, each_error(accuracy, votes.n_classes)
    right = np.where(no, 1 - accuracy, accuracy)
    wrong = np.where(no, 1 - error, error)
    return np.log(np.maximum(right, TINY)), np.log(np.maximum(wrong, TINY))


def spoken(votes: Votes, right: FloatArray, wrong: FloatArray) -> FloatArray:
    """log P(an item's votes | its class), (I, K), from a vote's log-likelihood where its class is the true one and
    where it is not, both (N,)."""
    base = totals(votes.item, wrong, votes.n_items)
    cell = votes.item * votes.n_classes + votes.answer
    gain = totals(cell, right - wrong, votes.n_items * votes.n_classes)
    total: FloatArray = base[:, None] + gain.reshape(votes.n_items, votes.n_classes)
    return total


def expected_right(votes: Votes, belief: FloatArray, accuracy: FloatArray) -> FloatArray:
    """P(the voter perceived the true class), (N,), by the belief (I, K) and each vote's accuracy so far (N,).

    A "no" to a class that is not the true one may hide the true one or any other.
    """
    named = belief[votes.item, votes.answer]
    hidden = accuracy / np.maximum(1 - each_error(accuracy, votes.n_classes), TINY)
    return np.where(votes.kind == Kind.NO, (1 - named) * hidden, named)


def by_annotator(votes: Votes, values: npt.NDArray[Any]) -> FloatArray:
    """Sums values (N,) over each annotator's votes, (A,)."""
    return totals(votes.annotator, values, votes.n_annotators)


def n_votes(votes: Votes) -> FloatArray:
    """How many votes each annotator gave, (A,)."""
    return by_annotator(votes, np.ones(len(votes)))
