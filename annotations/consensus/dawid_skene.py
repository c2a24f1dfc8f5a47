"""Semi-supervised Dawid–Skene with a hierarchical Dirichlet prior on the confusion matrices.
 A. P. Dawid and A. M. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm",
Journal of the Royal Statistical Society C 28 (1979) 20–28. Added here: items of known class are clamped;
every annotator's matrix is drawn toward the population's, which is itself learned, so that a newcomer looks
like everybody else; yes/no answers are read as in `observation.py`; and an annotator's say can be turned
down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from annotations.consensus import majority
from annotations.consensus.observation import TINY, likelihood, sum_by
from annotations.consensus.observation import expected_counts as expected_counts
from annotations.consensus.votes import UNKNOWN, Fit, FloatArray, IntArray, Votes


@dataclass(frozen=True)
class Prior:
    """What is believed before the first vote. Raises ValueError if it is no proper prior."""

    accuracy: float = 0.7  # how often a stranger perceives the true class
    strength: float = 4.0  # pseudo-votes a row by which a person's matrix is drawn to the population's
    crowd: float = 2.0  # pseudo-people by which the population's matrix is drawn to `accuracy`
    classes: float = 1.0  # pseudo-items a class, so that no class is ruled out for not having been seen

    def __post_init__(self) -> None:
        if not 0 < self.accuracy < 1:
            raise ValueError("accuracy must lie in (0, 1)")
        if min(self.strength, self.crowd, self.classes) <= 0:
            raise ValueError("strength, crowd and classes must be positive")

    def symmetric(self, n_classes: int) -> FloatArray:
        """The stranger's matrix (K, K): `accuracy` on the diagonal, the rest spread evenly."""
        if n_classes == 1:
            return np.ones((1, 1))
        error = (1 - self.accuracy) / (n_classes - 1)
        return np.full((n_classes, n_classes), error) + np.eye(n_classes) * (self.accuracy - error)


DEFAULT = Prior()


def fit(
    votes: Votes,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    prior: Prior = DEFAULT,
    max_iter: int = 100,
    tol: float = 1e-4,
    initial: FloatArray | None = None,
) -> Fit:
    """EM from the majority vote (or from `initial`, a posterior (I, K)) until no belief moves by more than
    `tol`.

    `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: each annotator's say;
    with 0 the others' result is as if the votes were not there, while the annotator's own matrix is still
    worked out. Deterministic. Raises ValueError where an argument doesn't fit the votes.
    """
    if max_iter < 1:
        raise ValueError("max_iter must be at least 1")
    known, say = votes.known(clamped), votes.say(weights)
    belief = _start(votes, known, say, prior) if initial is None else _given(votes, initial, known)
    matrices = _everybody(votes, prior.symmetric(votes.n_classes))
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < max_iter:
        matrices, classes = _m_step(votes, belief, matrices, known, say, prior)
        previous = belief
        belief, log_likelihood = _e_step(votes, matrices, classes, known, say)
        trace.append(log_likelihood)
        converged = bool(np.abs(belief - previous).max(initial=0) < tol)
    counts = expected_counts(votes, belief, matrices)
    return Fit(belief, matrices, classes, counts, tuple(trace), converged)


def posterior(
    votes: Votes,
    confusion: FloatArray,
    class_prior: FloatArray,
    weights: npt.ArrayLike | None = None,
    clamped: npt.ArrayLike | None = None,
) -> FloatArray:
    """The E-step alone: belief in each item's class, (I, K), under given matrices (A, K, K).

    `class_prior` is (K,), or (I, K) where each item has its own. `weights` (A,) scale an annotator's
    log-likelihood; `clamped` (I,) gives the true class where it is known, else -1. Items without votes keep
    the class prior.
    """
    return _e_step(votes, confusion, class_prior, votes.known(clamped), votes.say(weights))[0]


def confusion(counts: FloatArray, prior_matrix: FloatArray, strength: float) -> FloatArray:
    """Each annotator's matrix (A, K, K): the mean of a Dirichlet with `strength` pseudo-votes a row for the
    population's (K, K), after the counts (A, K, K)."""
    smoothed: FloatArray = (counts + strength * prior_matrix) / (counts.sum(axis=2, keepdims=True) + strength)
    return smoothed


def population(counts: FloatArray, prior: Prior = DEFAULT, weights: FloatArray | None = None) -> FloatArray:
    """What a stranger's matrix looks like, (K, K), from everybody's counts (A, K, K) and say (A,).

    The mean of the annotators' matrices, row by row. An annotator with n votes in a row counts n / (n +
    strength): one voice at most, so that nobody writes the population by voting a lot, and none without
    evidence. `prior.crowd` pseudo-people are of the symmetric prior. A row is never read as lies: where some
    error is likelier than the truth the two are set equal, so that a crowd of liars makes the next stranger's
    word worthless but not inverted.
    """
    voice = np.ones(len(counts)) if weights is None else np.asarray(weights, dtype=np.float64)
    seen = counts.sum(axis=2, keepdims=True)
    voiced = (counts / (seen + prior.strength) * voice[:, None, None]).sum(axis=0)
    pooled: FloatArray = prior.crowd * prior.symmetric(counts.shape[1]) + voiced
    np.fill_diagonal(pooled, pooled.max(axis=1))
    matrix: FloatArray = pooled / pooled.sum(axis=1, keepdims=True)
    return matrix


def _e_step(
    votes: Votes, matrices: FloatArray, classes: FloatArray, known: IntArray, say: FloatArray
) -> tuple[FloatArray, float]:
    """Bayes' rule for every item: the posterior (I, K) and the log-likelihood of the votes."""
    spoken = np.log(likelihood(votes, matrices)) * say[votes.annotator, None]
    joint = sum_by(votes.item, votes.n_items, spoken) + np.log(np.maximum(classes, TINY))
    ruled_out = (known != UNKNOWN)[:, None] & (np.arange(votes.n_classes) != known[:, None])
    joint = np.where(ruled_out, -np.inf, joint)
    evidence = logsumexp(joint, axis=1, keepdims=True) if votes.n_items else np.zeros((0, 1))
    return np.exp(joint - evidence), float(evidence.sum())


def _m_step(
    votes: Votes, belief: FloatArray, matrices: FloatArray, known: IntArray, say: FloatArray, prior: Prior
) -> tuple[FloatArray, FloatArray]:
    """The matrices (A, K, K) and the class prior (K,) that the belief speaks for."""
    counts = expected_counts(votes, belief, matrices)
    matrices = confusion(counts, population(counts, prior, say), prior.strength)
    return matrices, _class_prior(votes, belief, known, say, prior)


def _class_prior(votes: Votes, belief: FloatArray, known: IntArray, say: FloatArray, prior: Prior) -> FloatArray:
    """The share of each class among the items in question that somebody with a say has voted on.

    Clamped items have no part in it: somebody chose them, so their mix is not the pool's.
    """
    voted = np.bincount(votes.item, say[votes.annotator], minlength=votes.n_items) > 0
    total: FloatArray = belief[voted & (known == UNKNOWN)].sum(axis=0) + prior.classes
    share: FloatArray = total / total.sum()
    return share


def _start(votes: Votes, known: IntArray, say: FloatArray, prior: Prior) -> FloatArray:
    """The first belief (I, K): the majority's, or where anything is known, everybody's word as that shows
    them.

    Starting from known items alone matters where most are wrong: EM from their majority would settle on it.
    """
    graded = known[votes.item] != UNKNOWN
    share = majority.fit(votes, known, say).posterior
    if not graded.any():
        return share
    symmetric = prior.symmetric(votes.n_classes)
    counts = expected_counts(votes.select(graded), share, _everybody(votes, symmetric))
    even = np.full(votes.n_classes, 1 / votes.n_classes)
    return _e_step(votes, confusion(counts, symmetric, prior.strength), even, known, say)[0]


def _given(votes: Votes, initial: FloatArray, known: IntArray) -> FloatArray:
    """A belief handed in to start from, with the known items clamped."""
    belief = np.asarray(initial, dtype=np.float64)
    if belief.shape != (votes.n_items, votes.n_classes):
        raise ValueError(f"initial must be of shape {(votes.n_items, votes.n_classes)}, not {belief.shape}")
    if not np.allclose(belief.sum(axis=1), 1) or belief.min(initial=0) < 0:
        raise ValueError("the rows of initial must be probabilities")
    return majority.one_hot(belief, known)


def _everybody(votes: Votes, matrix: FloatArray) -> FloatArray:
    return np.broadcast_to(matrix, (votes.n_annotators, *matrix.shape))
