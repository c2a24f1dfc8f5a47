"""One-coin Dawid–Skene: an annotator is right with one probability, whatever the class, and else errs evenly.

The "one coin" model as named by Y. Zhang, X. Chen, D. Zhou and M. I. Jordan, "Spectral Methods Meet EM: A Provably
Optimal Algorithm for Crowdsourcing", JMLR 17 (2016), section 2, here under a Beta prior on each annotator's
probability p (as V. C. Raykar et al., "Learning From Crowds", JMLR 11 (2010), section 2.5, have for two coins).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annotations.consensus import coins, em, majority
from annotations.consensus.votes import Fit, FloatArray, IntArray, Votes


def fit(
    votes: Votes,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    right: float = 2.0,
    wrong: float = 1.0,
    classes: float = 1.0,
    max_iter: int = 200,
    tol: float = 1e-4,
) -> Fit:
    """EM from the majority vote, or from what known items show of people, until the beliefs rest: `em.moved` < `tol`.

    `right`, `wrong`: pseudo-votes of each annotator, the mode of a Beta(1 + right, 1 + wrong); `classes`: pseudo-items
    a class. `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: what an annotator's
    log-likelihood counts. `log_likelihood`: of the votes, plus the log prior up to a constant, which is what EM
    climbs. `parameters`: "p" (A,), which is `accuracy` too. Raises ValueError where an argument doesn't fit.
    """
    em.at_least_one(max_iter)
    if min(right, wrong, classes) <= 0:
        raise ValueError("right, wrong and classes must be positive")
    known, say = votes.known(clamped), votes.say(weights)
    asked = em.in_question(votes, known, say)
    p = np.full(votes.n_annotators, right / (right + wrong))
    belief = start(votes, known, say, p, right + wrong)
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < max_iter:
        p, prior = m_step(votes, belief, p, right, wrong), em.class_prior(belief, asked, classes)
        previous = belief
        belief, evidence = e_step(votes, p, prior, known, say)
        log_prior = say @ (right * np.log(p) + wrong * np.log(1 - p)) + classes * np.log(prior).sum()
        trace.append(float(evidence.sum() + log_prior))
        converged = em.moved(belief, previous) < tol
    return Fit(belief, prior, p, tuple(trace), converged, {"p": p})


def m_step(votes: Votes, belief: FloatArray, p: FloatArray, right: float = 0.0, wrong: float = 0.0) -> FloatArray:
    """How often each annotator is right, (A,), by the belief (I, K); unchanged from `p` where there is no evidence."""
    hits = coins.by_annotator(votes, coins.expected_right(votes, belief, p[votes.annotator])) + right
    given = coins.n_votes(votes) + right + wrong
    return np.divide(hits, given, out=p.copy(), where=given > 0)


def e_step(
    votes: Votes, p: FloatArray, prior: FloatArray, known: IntArray, say: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The posterior (I, K), and the log-likelihood of each item's votes (I,)."""
    log_right, log_wrong = coins.log_likelihood(votes, p[votes.annotator])
    weight = say[votes.annotator]
    return em.bayes(em.log_joint(coins.spoken(votes, log_right * weight, log_wrong * weight), prior, known))


def start(votes: Votes, known: IntArray, say: FloatArray, p: FloatArray, strength: float) -> FloatArray:
    """The first belief (I, K): the majority's, or everybody's word as items of known class show them.

    Known items matter where most people are wrong: EM from their majority would settle on it. Who answered none is
    taken as `p` (A,), which counts `strength` votes.
    """
    if not em.any_shown(votes, known, say):
        return majority.one_hot(majority.shares(votes, say), known)
    graded = em.voted_known(votes, known)
    certain = majority.one_hot(np.zeros((votes.n_items, votes.n_classes)), known)
    stranger = float(p.mean())
    seen = m_step(votes.select(graded), certain, p, strength * stranger, strength * (1 - stranger))
    return e_step(votes, seen, np.full(votes.n_classes, 1 / votes.n_classes), known, say)[0]
