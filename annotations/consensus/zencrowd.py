"""ZenCrowd: a worker's reliability is the share of their answers that the posterior agrees with, by maximum likelihood.

G. Demartini, D. E. Difallah and P. Cudré-Mauroux, "ZenCrowd: Leveraging Probabilistic Reasoning and Crowdsourcing
Techniques for Large-Scale Entity Linking", WWW (2012), section 5, in the form for K classes of Y. Zheng, G. Li, Y. Li,
C. Shan and R. Cheng, "Truth Inference in Crowdsourcing: Is the Problem Solved?", VLDB (2017), section 4: a wrong answer
is any other class, evenly. Links, here classes, have a uniform prior, as there is no automatic matcher.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from annotations.consensus import em
from annotations.consensus.one_coin import e_step, m_step, start
from annotations.consensus.votes import Fit, FloatArray, IntArray, Votes


def fit(
    votes: Votes,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    initial: float = 0.8,
    bound: float = 1e-3,
    max_iter: int = 200,
    tol: float = 1e-4,
) -> Fit:
    """EM from workers who are all of reliability `initial` until the beliefs rest: `em.moved` < `tol`.

    Where items are known, from what these show of each worker, in which `initial` counts one answer. `clamped` (I,):
    the true class where it is known, else -1. `weights` (A,) in [0, 1]: what a worker's log-likelihood counts.
    `bound` keeps reliabilities from 0 and 1, where one answer would overrule all others. `log_likelihood`: of the
    votes. `prior` (K,) is the posterior's mean. `parameters`: "reliability" (A,), which is `accuracy` too. Raises
    ValueError where an argument doesn't fit.
    """
    em.at_least_one(max_iter)
    if not 0 < bound < initial < 1 - bound:
        raise ValueError("initial must lie between bound and 1 - bound, and bound be positive")
    known, say = votes.known(clamped), votes.say(weights)
    links = np.full(votes.n_classes, 1 / votes.n_classes)
    reliability = np.full(votes.n_annotators, initial)
    belief = _start(votes, reliability, links, known, say)
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < max_iter:
        reliability = np.clip(m_step(votes, belief, reliability), bound, 1 - bound)
        previous = belief
        belief, evidence = e_step(votes, reliability, links, known, say)
        trace.append(float(evidence.sum()))
        converged = em.moved(belief, previous) < tol
    prior = em.class_prior(belief, em.in_question(votes, known, say))
    return Fit(belief, prior, reliability, tuple(trace), converged, {"reliability": reliability})


def _start(votes: Votes, reliability: FloatArray, links: FloatArray, known: IntArray, say: FloatArray) -> FloatArray:
    """The first belief (I, K): everybody alike, or as known items show them."""
    if em.any_shown(votes, known, say):
        return start(votes, known, say, reliability, 1.0)
    return e_step(votes, reliability, links, known, say)[0]
