"""GLAD: an annotator of ability α is right about an item of easiness β with probability σ(αβ).

J. Whitehill, P. Ruvolo, T. Wu, J. Bergsma and J. Movellan, "Whose Vote Should Count More: Optimal Integration of Labels
from Labelers of Unknown Expertise", NIPS (2009), sections 2 and 3: α is negative for an adversary, 1/β > 0 an item's
difficulty, with normal priors (mean 1, variance 1) on α and log β. For K classes (their supplement) errors are even.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from annotations.consensus import coins, em, majority
from annotations.consensus.votes import Fit, FloatArray, IntArray, Kind, Votes

MEAN = 1.0  # of the priors on α and on log β
STEPS = 10  # of L-BFGS a round: EM climbs with any gain, and the next round goes on from there
HIGHEST = 30.0  # of log β, so that a long step of the line search stays finite


@dataclass(frozen=True, eq=False)
class Skill:
    """Abilities (A,) and the logarithms of the items' easiness (I,)."""

    alpha: FloatArray
    log_beta: FloatArray

    @classmethod
    def unknown(cls, votes: Votes) -> Skill:
        return cls(np.full(votes.n_annotators, MEAN), np.full(votes.n_items, MEAN))

    @property
    def beta(self) -> FloatArray:
        easiness: FloatArray = np.exp(np.minimum(self.log_beta, HIGHEST))
        return easiness

    def log_odds(self, votes: Votes) -> FloatArray:
        """Of each vote's giver being right, (N,)."""
        odds: FloatArray = self.alpha[votes.annotator] * self.beta[votes.item]
        return odds

    def log_prior(self, say: FloatArray) -> float:
        """Up to a constant. Scaled by a person's say like their votes, so that it doesn't outweigh them."""
        return float(-0.5 * (say @ (self.alpha - MEAN) ** 2 + ((self.log_beta - MEAN) ** 2).sum()))


def fit(
    votes: Votes,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    max_iter: int = 100,
    tol: float = 1e-3,
) -> Fit:
    """EM from the priors' means, or from what known items show of people, until the beliefs rest: `em.moved` < `tol`.

    `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: what an annotator's
    log-likelihood counts, also for the items' easiness. Classes are equally likely beforehand; `prior` (K,) is the
    posterior's mean. `log_likelihood`: of the votes, plus the log prior up to a constant, which EM climbs. `accuracy`:
    the mean of σ(αβ) over one's votes. `parameters`: "alpha" (A,) and "beta" (I,). Raises ValueError where an argument
    doesn't fit the votes.
    """
    em.at_least_one(max_iter)
    known, say = votes.known(clamped), votes.say(weights)
    skill = _start(votes, known, say)
    belief = _e_step(votes, skill, known, say)[0]
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < max_iter:
        skill = _m_step(votes, belief, skill, say)
        previous = belief
        belief, evidence = _e_step(votes, skill, known, say)
        trace.append(float(evidence.sum()) + skill.log_prior(say))
        converged = em.moved(belief, previous) < tol
    # People without a say moved nothing, but what they are like is still of interest.
    skill = _m_step(votes, belief, skill, (say == 0).astype(np.float64), easiness_too=False)
    prior = em.class_prior(belief, em.in_question(votes, known, say))
    parameters = {"alpha": skill.alpha, "beta": skill.beta}
    return Fit(belief, prior, _accuracy(votes, skill), tuple(trace), converged, parameters)


def _start(votes: Votes, known: IntArray, say: FloatArray) -> Skill:
    """The priors' means, moved by the votes on known items alone."""
    graded = votes.select(em.voted_known(votes, known))
    certain = majority.one_hot(np.zeros((votes.n_items, votes.n_classes)), known)
    return _m_step(graded, certain, Skill.unknown(votes), say)


def _e_step(votes: Votes, skill: Skill, known: IntArray, say: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The posterior (I, K), and the log-likelihood of each item's votes (I,)."""
    right, wrong = _log_likelihood(votes, skill.log_odds(votes))
    weight = say[votes.annotator]
    even = np.full(votes.n_classes, 1 / votes.n_classes)
    return em.bayes(em.log_joint(coins.spoken(votes, right * weight, wrong * weight), even, known))


def _m_step(votes: Votes, belief: FloatArray, skill: Skill, say: FloatArray, easiness_too: bool = True) -> Skill:
    """A few steps of L-BFGS up the expected log-likelihood plus log prior, from `skill`."""
    if not (len(votes) and say[votes.annotator].any()):
        return skill
    named = belief[votes.item, votes.answer]

    def descent(x: FloatArray) -> tuple[float, FloatArray]:
        at = Skill(*np.split(x, [votes.n_annotators]))
        of_alpha, of_log_beta = _gradient(votes, named, at, say)
        return -_objective(votes, named, at, say), -np.concatenate([of_alpha, of_log_beta * easiness_too])

    start = np.concatenate([skill.alpha, skill.log_beta])
    found = minimize(descent, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS})
    return Skill(*np.split(found.x, [votes.n_annotators]))


def _objective(votes: Votes, named: FloatArray, skill: Skill, say: FloatArray) -> float:
    """Expected log-likelihood plus log prior, where `named` (N,) is the belief in each vote's class."""
    right, wrong = _log_likelihood(votes, skill.log_odds(votes))
    return float(say[votes.annotator] @ (named * right + (1 - named) * wrong)) + skill.log_prior(say)


def _gradient(votes: Votes, named: FloatArray, skill: Skill, say: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Of `_objective` in α (A,) and in log β (I,)."""
    p = expit(skill.log_odds(votes))
    others = votes.n_classes - 2  # wrong classes but the one that a "no" is about
    not_it = (1 - named) * ((1 - p) if others <= 0 else p * (1 - p) / (others + p))
    slope = say[votes.annotator] * np.where(votes.kind == Kind.NO, not_it - named * p, named - p)
    of_alpha = coins.by_annotator(votes, slope * skill.beta[votes.item]) - say * (skill.alpha - MEAN)
    of_beta = em.totals(votes.item, slope * skill.log_odds(votes), votes.n_items)
    return of_alpha, of_beta - (skill.log_beta - MEAN)


def _log_likelihood(votes: Votes, log_odds: FloatArray) -> tuple[FloatArray, FloatArray]:
    """As `coins.log_likelihood`, from log-odds (N,), exact however large they are."""
    no, n_classes = votes.kind == Kind.NO, votes.n_classes
    hit, miss = log_expit(log_odds), log_expit(-log_odds)
    not_it = hit if n_classes <= 2 else np.log((n_classes - 2 + expit(log_odds)) / (n_classes - 1))
    return np.where(no, miss, hit), np.where(no, not_it, miss - np.log(max(n_classes - 1, 1)))


def _accuracy(votes: Votes, skill: Skill) -> FloatArray:
    """How often each annotator is right on the items that they voted on, (A,); on a typical item without votes."""
    typical: FloatArray = expit(skill.alpha * np.exp(MEAN))
    right = coins.by_annotator(votes, expit(skill.log_odds(votes)))
    given = coins.n_votes(votes)
    return np.divide(right, given, out=typical, where=given > 0)
