"""MACE: each answer is the true class, or it is spam, which has the annotator's habits and nothing of the item.

D. Hovy, T. Berg-Kirkpatrick, A. Vaswani and E. Hovy, "Learning Whom to Trust with MACE", NAACL (2013), sections 2 and
3: an annotator doesn't spam with probability θ, and spam is drawn from ξ. Fitted by variational Bayes under a
Beta(0.5, 0.5) on θ and a Dirichlet on ξ, from several random starts, of which the best bound is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotations.consensus import coins, em
from annotations.consensus.mace_starts import competences
from annotations.consensus.observation import TINY
from annotations.consensus.spamming import Spamming
from annotations.consensus.votes import Fit, FloatArray, IntArray, Kind, Votes

TIED = 1e-6  # nats: bounds this near are one optimum, and the first start that reached it is kept


@dataclass(frozen=True, eq=False)
class _Run:
    """One start's result: the posterior (I, K), what is believed of the annotators, and the bound a round."""

    belief: FloatArray
    spamming: Spamming
    trace: tuple[float, ...]
    converged: bool


def fit(
    votes: Votes,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    competence: float = 0.5,
    spam: float = 10.0,
    restarts: int = 10,
    seed: int = 0,
    max_iter: int = 50,
    tol: float = 1e-4,
) -> Fit:
    """Variational Bayes from `restarts` starts, each until the beliefs rest: `em.moved` < `tol`; the best bound wins.

    `competence`: both parameters of the Beta prior on θ; `spam`: pseudo-answers a class of the Dirichlet prior on ξ.
    `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: what an annotator's
    log-likelihood counts. Classes are equally likely beforehand; `prior` (K,) is the posterior's mean.
    `log_likelihood`: the lower bound on the votes' log evidence, of the start that won; it never falls. `accuracy`:
    θ plus what spam hits by chance. `parameters`: "theta" (A,), "xi" (A, K), the posterior means. Raises ValueError
    where an argument doesn't fit the votes.
    """
    em.at_least_one(max_iter)
    if min(competence, spam) <= 0 or restarts < 1:
        raise ValueError("competence and spam must be positive, and restarts at least 1")
    known, say = votes.known(clamped), votes.say(weights)
    prior = Spamming.before(votes, competence, spam)
    runs = [_climb(votes, theta, prior, known, say, max_iter, tol) for theta in competences(votes, say, restarts, seed)]
    best = max(run.trace[-1] for run in runs)
    run = next(run for run in runs if run.trace[-1] >= best - TIED)
    classes = em.class_prior(run.belief, em.in_question(votes, known, say))
    theta, xi = run.spamming.means()
    accuracy = theta + (1 - theta) * (xi @ classes)
    return Fit(run.belief, classes, accuracy, run.trace, run.converged, {"theta": theta, "xi": xi})


def _climb(
    votes: Votes, theta: FloatArray, prior: Spamming, known: IntArray, say: FloatArray, max_iter: int, tol: float
) -> _Run:
    """From competences (A,) and even spam."""
    even = np.full_like(prior.xi, 1 / votes.n_classes)
    guess = theta, 1 - theta, even
    belief, _ = _e_step(votes, *guess, known, say)
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < max_iter:
        spamming = _m_step(votes, belief, *guess, prior)
        guess, previous = spamming.geometric(), belief
        belief, evidence = _e_step(votes, *guess, known, say)
        trace.append(float(evidence.sum() - say @ spamming.divergence(prior)))
        converged = em.moved(belief, previous) < tol
    return _Run(belief, spamming, tuple(trace), converged)


def _e_step(
    votes: Votes, knows: FloatArray, spams: FloatArray, xi: FloatArray, known: IntArray, say: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The posterior (I, K), and each item's part of the bound (I,), from weights (A,) of knowing and of spamming,
    and of each spam (A, K). These are geometric means, which sum to less than 1."""
    who, no = votes.annotator, votes.kind == Kind.NO
    named = xi[who, votes.answer]
    spam = spams[who] * np.where(no, np.maximum(xi.sum(axis=1)[who] - named, 0), named)
    knowing = knows[who] + spam
    right, wrong = np.where(no, spam, knowing), np.where(no, knowing, spam)
    log_right, log_wrong = (np.log(np.maximum(p, TINY)) * say[who] for p in (right, wrong))
    even = np.full(votes.n_classes, 1 / votes.n_classes)
    return em.bayes(em.log_joint(coins.spoken(votes, log_right, log_wrong), even, known))


def _m_step(
    votes: Votes, belief: FloatArray, knows: FloatArray, spams: FloatArray, xi: FloatArray, prior: Spamming
) -> Spamming:
    """Expected counts of answers known and spammed, and of what was spammed, added to the prior's.

    A "no" may be spam that named any class but the one denied: it is shared among these in proportion to ξ.
    """
    who, no = votes.annotator, votes.kind == Kind.NO
    named = xi[who, votes.answer]
    other = np.maximum(xi.sum(axis=1)[who] - named, TINY)
    spam = spams[who] * np.where(no, other, named)
    truthful = np.where(no, 1 - belief[votes.item, votes.answer], belief[votes.item, votes.answer])
    known = truthful * knows[who] / np.maximum(knows[who] + spam, TINY)
    cell = who * votes.n_classes + votes.answer
    denied = np.where(no, (1 - known) / other, 0)
    told = em.totals(cell, np.where(no, 0, 1 - known), xi.size).reshape(xi.shape)
    not_it = em.totals(cell, denied, xi.size).reshape(xi.shape)
    hidden = xi * np.maximum(coins.by_annotator(votes, denied)[:, None] - not_it, 0)
    return prior.after(coins.by_annotator(votes, known), coins.by_annotator(votes, 1 - known), told + hidden)
