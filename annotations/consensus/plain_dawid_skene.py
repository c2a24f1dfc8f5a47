"""Dawid–Skene as in the textbook: maximum likelihood, each annotator by their own answers alone.

A. P. Dawid and A. M. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm", Journal of
the Royal Statistical Society C 28 (1979) 20–28, section 3. A class that an annotator was never seen to perceive counts
`matrices.EPS` votes, and there is no prior: `dawid_skene.py` has one, and is better on few votes a person.
"""

from __future__ import annotations

import numpy.typing as npt

from annotations.consensus import em, majority
from annotations.consensus.matrices import Matrices, MatrixFit
from annotations.consensus.observation import Cells
from annotations.consensus.votes import Votes


def fit(
    votes: Votes,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    max_iter: int = 100,
    tol: float = 1e-4,
) -> MatrixFit:
    """EM from the majority's shares of the votes, until the beliefs rest: `em.moved` < `tol`.

    `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: what an annotator's
    log-likelihood counts in the posterior; their own matrix is worked out whatever it is. `log_likelihood`: of the
    votes, under the matrices and class prior of each round; it never falls but by what `EPS` adds. The paper's π is
    `confusion` (A, K, K), its p is `prior`. Raises ValueError where an argument doesn't fit the votes.
    """
    em.at_least_one(max_iter)
    known, say, cells = votes.known(clamped), votes.say(weights), Cells.of(votes)
    asked = em.in_question(votes, known, say)
    belief = majority.one_hot(majority.shares(votes, say), known)
    matrices = Matrices.uniform(cells, votes.n_classes)
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < max_iter:
        matrices, prior = matrices.estimated(belief), em.class_prior(belief, asked)
        step = em.e_step(cells, matrices.perceived, say, prior, known, belief)
        belief, converged = step.belief, step.moved < tol
        trace.append(float(step.evidence.sum()))
    return MatrixFit(belief, prior, matrices.accuracy(), tuple(trace), converged, matrices=matrices)
