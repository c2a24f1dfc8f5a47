"""Fast Dawid–Skene: each round assigns every item to one class, and takes it for true.

V. B. Sinha, S. Rao and V. N. Balasubramanian, "Fast Dawid–Skene: A Fast Vote Aggregation Scheme for Sentiment
Classification", KDD WISDOM (2018), algorithm 1. It is the classification EM of Celeux and Govaert (1992), ends after
few rounds, and is surer than it should be. Classes that are level share an item, so that no order of them matters.
"""

from __future__ import annotations

import numpy as np
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
) -> MatrixFit:
    """Classification EM from the majority vote until no assignment changes.

    `posterior` (I, K) is the last round's before it is hardened, so that `confidence` says something; its labels are
    the assignment. `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: what an
    annotator's log-likelihood counts. `log_likelihood`: of the votes together with the classes assigned, a round. The
    paper's π is `confusion` (A, K, K). Raises ValueError where an argument doesn't fit the votes.
    """
    em.at_least_one(max_iter)
    known, say, cells = votes.known(clamped), votes.say(weights), Cells.of(votes)
    asked = em.in_question(votes, known, say)
    assigned = majority.one_hot(em.winners(majority.shares(votes, say)), known)
    matrices = Matrices.uniform(cells, votes.n_classes)
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < max_iter:
        matrices, prior = matrices.estimated(assigned), em.class_prior(assigned, asked)
        joint = em.log_joint(cells.log_likelihood(matrices.perceived, say), prior, known)
        previous, assigned = assigned, em.winners(joint)
        trace.append(float(joint.max(axis=1).sum()))
        # A "no" hides what was perceived, and the matrices go on moving after the assignment has settled.
        converged = bool(np.array_equal(assigned, previous)) and (not cells.denied.nnz or _settled(trace))
    return MatrixFit(em.bayes(joint)[0], prior, matrices.accuracy(), tuple(trace), converged, matrices=matrices)


def _settled(trace: list[float]) -> bool:
    """The last round gained less than a thousandth of a nat."""
    return len(trace) > 1 and abs(trace[-1] - trace[-2]) < 1e-3
