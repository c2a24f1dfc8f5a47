"""Semi-supervised Dawid–Skene, under a hierarchical Dirichlet prior on the confusion matrices.

A. P. Dawid and A. M. Skene, "Maximum Likelihood Estimation of Observer Error-Rates Using the EM Algorithm", Journal of
the Royal Statistical Society C 28 (1979) 20–28. Added here: items of known class are clamped; matrices are drawn to the
person and to the crowd (`skills.py`), which are themselves learned, so that a newcomer looks like everybody else;
yes/no answers are read as in `observation.py`; and an annotator's say can be turned down. This is the default method.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from annotations.consensus import em, majority
from annotations.consensus.observation import Cells, likelihood, sum_by
from annotations.consensus.skills import DEFAULT as DEFAULT
from annotations.consensus.skills import Prior as Prior
from annotations.consensus.skills import Skills, population
from annotations.consensus.votes import UNKNOWN, BoolArray, Fit, FloatArray, IntArray, Votes


@dataclass(frozen=True, eq=False, kw_only=True)
class DawidSkene(Fit):
    """With everybody's confusion matrix, and the evidence for it."""

    skills: Skills

    @property
    def confusion(self) -> FloatArray:
        """P(annotator perceives the last axis | the truth is the middle one), dense, (A, K, K)."""
        return self.skills.confusion


def fit(
    votes: Votes,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    prior: Prior = DEFAULT,
    max_iter: int = 200,
    tol: float = 1e-4,
    initial: FloatArray | None = None,
) -> DawidSkene:
    """EM from the majority vote (or from `initial`, a posterior (I, K)) until the beliefs rest: `em.moved` < `tol`.

    `clamped` (I,): the true class where it is known, else -1. `weights` (A,) in [0, 1]: each annotator's say; with 0
    the others' result is as if the votes were not there, while the annotator's own matrix is still worked out.
    Deterministic. Raises ValueError where an argument doesn't fit the votes.
    """
    em.at_least_one(max_iter)
    known, say, cells = votes.known(clamped), votes.say(weights), Cells.of(votes)
    stranger = prior.symmetric(votes.n_classes)
    skills = Skills.strangers(votes.n_annotators, stranger, prior)
    belief = _start(votes, cells, skills, known, say) if initial is None else _given(votes, initial, known)
    tells = em.telling(votes, known, say)
    trace: list[float] = []
    converged = False
    while not converged and len(trace) < max_iter:
        skills, classes = _m_step(votes, cells, belief, skills, known, say, tells)
        step = em.e_step(cells, skills.perceived(cells.annotator, cells.answer), say, classes, known, belief)
        belief, converged = step.belief, step.moved < tol
        trace.append(float(step.evidence.sum()))
    return DawidSkene(belief, classes, skills.hit_rate @ classes, tuple(trace), converged, skills=skills)


def posterior(
    votes: Votes,
    skills: Skills,
    class_prior: FloatArray,
    weights: npt.ArrayLike | None = None,
    clamped: npt.ArrayLike | None = None,
) -> FloatArray:
    """The E-step alone: belief in each item's class, (I, K), under what is known of the annotators.

    `class_prior` is (K,), or (I, K) where each item has its own. `weights` (A,) scale an annotator's log-likelihood;
    `clamped` (I,) gives the true class where it is known, else -1. Items without votes keep the class prior.
    """
    perceived = skills.perceived(votes.annotator, votes.answer)
    spoken = np.log(likelihood(votes.kind, perceived)) * votes.say(weights)[votes.annotator, None]
    joint = em.log_joint(sum_by(votes.item, votes.n_items, spoken), class_prior, votes.known(clamped))
    return em.bayes(joint)[0]


def _e_step(
    cells: Cells, skills: Skills, classes: FloatArray, known: IntArray, say: FloatArray
) -> tuple[FloatArray, float]:
    """The posterior (I, K) and the log-likelihood of the votes."""
    nothing = np.zeros((len(known), len(classes)))
    step = em.e_step(cells, skills.perceived(cells.annotator, cells.answer), say, classes, known, nothing)
    return step.belief, float(step.evidence.sum())


def _m_step(
    votes: Votes,
    cells: Cells,
    belief: FloatArray,
    skills: Skills,
    known: IntArray,
    say: FloatArray,
    tells: BoolArray,
) -> tuple[Skills, FloatArray]:
    """The matrices, by the items that tell of them (see `em.telling`), the crowd that they come from, and the class
    prior (K,) that the belief speaks for."""
    learned = _counted(cells, belief if tells.all() else belief * tells[:, None], skills)
    return replace(learned, population=population(learned, say)), em.class_prior(
        belief, em.in_question(votes, known, say), skills.prior.classes
    )


def _counted(cells: Cells, belief: FloatArray, skills: Skills) -> Skills:
    """The same people, with counts from these votes alone."""
    counts, total = cells.expected(belief, skills.perceived(cells.annotator, cells.answer))
    return replace(skills, annotator=cells.annotator, answer=cells.answer, counts=counts, total=total)


def _start(votes: Votes, cells: Cells, strangers: Skills, known: IntArray, say: FloatArray) -> FloatArray:
    """The first belief (I, K): the majority's, or where anything is known, everybody's word as that shows them.

    Starting from known items alone matters where most are wrong: EM from their majority would settle on it.
    """
    share = majority.fit(votes, known, say).posterior
    if not em.any_shown(votes, known, say):
        return share
    shown = _counted(cells, np.where((known != UNKNOWN)[:, None], share, 0), strangers)
    even = np.full(votes.n_classes, 1 / votes.n_classes)
    return _e_step(cells, shown, even, known, say)[0]


def _given(votes: Votes, initial: FloatArray, known: IntArray) -> FloatArray:
    """A belief handed in to start from, with the known items clamped."""
    belief = np.asarray(initial, dtype=np.float64)
    if belief.shape != (votes.n_items, votes.n_classes):
        raise ValueError(f"initial must be of shape {(votes.n_items, votes.n_classes)}, not {belief.shape}")
    if not np.allclose(belief.sum(axis=1), 1) or belief.min(initial=0) < 0:
        raise ValueError("the rows of initial must be probabilities")
    return majority.one_hot(belief, known)
