"""Dawid–Skene in which everybody has the say that they have earned: the platform's default.

Who is worth hearing depends on what the crowd says, and that on who is heard: so everybody is heard alike at first,
then twice by what that showed of them. Somebody shown to be wrong on purpose ends with no say at all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotations.consensus import dawid_skene, reliability
from annotations.consensus.dawid_skene import DawidSkene
from annotations.consensus.reliability import Reliability
from annotations.consensus.skills import DEFAULT, Prior
from annotations.consensus.votes import FloatArray, Votes

ROUNDS = 2


@dataclass(frozen=True, eq=False)
class Heard:
    """The last fit, the say (A,) that it was made under, and what it shows of each annotator."""

    fit: DawidSkene
    weights: FloatArray
    reliability: Reliability


def fit(votes: Votes, clamped: npt.ArrayLike | None = None, prior: Prior = DEFAULT) -> Heard:
    """Fit, see who can be relied on by what the others and the known items say, and fit again under these weights.

    `clamped` (I,): the true class where it is known, else -1. Deterministic.
    """
    weights = np.ones(votes.n_annotators)
    fitted = dawid_skene.fit(votes, clamped, weights, prior)
    for _ in range(ROUNDS):
        weights = assess(votes, fitted, weights).weight
        fitted = dawid_skene.fit(votes, clamped, weights, prior)
    return Heard(fitted, weights, assess(votes, fitted, weights))


def assess(votes: Votes, fitted: DawidSkene, weights: FloatArray) -> Reliability:
    """What each annotator's answers show, held against what the others say of the same items."""
    truth = reliability.leave_one_out(votes, fitted.skills, fitted.prior, fitted.posterior, weights)
    return reliability.assess(*reliability.graded(votes, truth), reliability.sides(votes, truth))
