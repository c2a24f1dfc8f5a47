"""Wawa, "worker agreement with aggregate": a majority vote in which each vote weighs what its giver's agreement is.

The weighted majority of the crowdsourcing platforms (Appen's "inter-annotator agreement"; crowd-kit documents it under
this name): 1. the aggregate is the majority's label; 2. a worker's skill is the share of their answers that agree with
it; 3. the labels are the majority's, weighted by skill.
"""

from __future__ import annotations

import numpy.typing as npt

from annotations.consensus import em, majority
from annotations.consensus.votes import Fit, FloatArray, IntArray, Votes


def fit(votes: Votes, clamped: npt.ArrayLike | None = None, weights: npt.ArrayLike | None = None) -> Fit:
    """Each item's share of the votes, weighted by skill, as its posterior (I, K); with no votes classes share alike.

    `clamped` (I,): the true class where it is known, else -1; there the aggregate is the truth. `weights` (A,) in
    [0, 1] multiply the skill. `parameters`: "skill" (A,), which is `accuracy` too; a guesser's 1/K without votes.
    There is no likelihood that this climbs: the trace is empty. Raises ValueError where an argument doesn't fit.
    """
    known, say = votes.known(clamped), votes.say(weights)
    skill = _skill(votes, known, say)
    posterior = majority.one_hot(majority.shares(votes, say * skill), known)
    prior = em.class_prior(posterior, em.in_question(votes, known, say))
    return Fit(posterior, prior, skill, (), True, {"skill": skill})


def _skill(votes: Votes, known: IntArray, say: FloatArray) -> FloatArray:
    """How far each worker agrees with the aggregate, (A,); agreeing with one of m that are level is worth 1/m."""
    aggregate = majority.one_hot(em.winners(majority.shares(votes, say)), known)
    return majority.agreement(votes, aggregate)
