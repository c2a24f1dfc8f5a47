"""Dawid–Skene in which a model of the items stands in as one more annotator, with people to hold it in check.

The model says probabilities where people say classes. How common each class is among what it speaks on is divided out
of them (`relative`), as the fit has its own word on that and would count it twice. What is left is read as a vote in
parts, p_j of a vote for class j, so that it has a confusion matrix π as everybody has: its word on an item is
s · Σ_j p_j log π[t, j], and its expected counts are Σ_i q_it p_ij. To join a crowd and a classifier in one EM is V. C.
Raykar et al., "Learning From Crowds", JMLR 11 (2010) 1297–1322, §2. The probabilities must be calibrated, and of a
model that had not learned from the item.

The say s is what tempers it. A vote in parts is no independent draw: a hedging model's word is too weak when read
plainly, and one that repeats what the crowd gets wrong is too strong. So s is that by which the word, taken for the
prior of an item, tells best what people vote there: a held-out likelihood, as the model has not seen these votes. The
matrix is learned from a belief that it has a part in, as everybody's is; the say is not. What else keeps the model from
confirming itself:

- It doesn't speak on an item about which nobody with a say has voted.
- It doesn't change a label against two people who agree and are both shown to be reliable (`contradicted`, `guard`).
- Its matrix has the prior of a stranger, and it has no part in what a stranger is taken for, nor in the class prior.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, logsumexp

from annotations.consensus import dawid_skene, em
from annotations.consensus.dawid_skene import DEFAULT, DawidSkene, Prior, _e_step, _m_step
from annotations.consensus.observation import TINY, Cells
from annotations.consensus.skills import Skills
from annotations.consensus.votes import UNKNOWN, BoolArray, Fit, FloatArray, IntArray, Kind, Votes

LOUDEST = 4.0  # more than any say that was seen to fit; keeps a model that is always right from certainty
SURE = 0.05  # how far a row of opinions may be from summing to 1: they are stored rounded


@dataclass(frozen=True, eq=False, kw_only=True)
class WithModel(Fit):
    """`skills`: the people's. `usual` (K,), how often it finds each class, `matrix` (K, K), row the true class, `say`:
    the model's. `crowd` (I, K): the posterior without the model. `heard` (I,): where the model had a word."""

    skills: Skills
    usual: FloatArray
    matrix: FloatArray
    say: float
    crowd: FloatArray
    heard: BoolArray

    @property
    def model_accuracy(self) -> float:
        """How often the model's vote is for the true class, its parts counted as such."""
        return float(np.diagonal(self.matrix) @ self.prior)


def fit(
    votes: Votes,
    opinions: npt.ArrayLike,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    prior: Prior = DEFAULT,
    max_iter: int = 200,
    tol: float = 1e-4,
    *,
    shown: npt.ArrayLike | None = None,
    say: float | None = None,
    crowd: DawidSkene | None = None,
) -> WithModel:
    """EM from the crowd's own fit until the beliefs rest: `em.moved` < `tol`.

    `opinions` (I, K): the model's probabilities, rows of NaN where there are none. `shown` (A,): who is shown to be
    reliable (`reliability.shown`); nobody if not given. `say`: the model's, worked out if not given. `crowd`: the fit
    of these votes under the same `clamped`, `weights` and `prior`, if it is at hand. The others as in
    `dawid_skene.fit`, whose result this is if there is no opinion. Deterministic. Raises ValueError where an argument
    doesn't fit the votes.
    """
    if say is not None and not 0 <= say <= LOUDEST:
        raise ValueError(f"say must lie in [0, {LOUDEST}]")
    em.at_least_one(max_iter)
    known, people = votes.known(clamped), votes.say(weights)
    crowd = crowd or dawid_skene.fit(votes, known, people, prior, max_iter, tol)
    said = _probabilities(opinions, votes.n_items, votes.n_classes)
    # On a known item it tells of the model, and changes nothing.
    said[~(voted_on(votes, people) | (known != UNKNOWN))] = 0
    heard: BoolArray = said.sum(axis=1) > 0
    if not heard.any():
        return _alone(crowd, heard)
    usual = (said.sum(axis=0) + prior.classes) / (said.sum() + votes.n_classes * prior.classes)
    parts = relative(said, usual)
    against = contradicted(votes, shown, people)
    joined = replace(votes, n_annotators=votes.n_annotators + 1)
    cells, only_people = _joined(votes, parts), np.append(people, 0.0)
    skills = Skills.strangers(joined.n_annotators, crowd.skills.population, prior)
    tells = em.telling(votes, known, people)
    belief, trace, converged = crowd.posterior, list[float](), False
    while not converged and len(trace) < max_iter:
        skills, classes = _m_step(joined, cells, belief, skills, known, only_people, tells)
        previous = belief
        loud = _loudness(votes, cells, skills, classes, parts, people, known) if say is None else say
        belief, log_likelihood = _e_step(cells, skills, classes, known, np.append(people, loud))
        belief = guard(belief, crowd.posterior, against)
        trace.append(log_likelihood)
        converged = em.moved(belief, previous) < tol
    theirs = _people(skills, votes.n_annotators)
    return WithModel(
        posterior=belief,
        prior=classes,
        accuracy=theirs.hit_rate @ classes,
        log_likelihood=tuple(trace),
        converged=converged,
        skills=theirs,
        usual=usual,
        matrix=skills.matrix(votes.n_annotators),
        say=loud,
        crowd=crowd.posterior,
        heard=heard & (known == UNKNOWN),
    )


def opinion_log_likelihood(opinions: npt.ArrayLike, usual: FloatArray, matrix: FloatArray, say: float) -> FloatArray:
    """log P(the model's opinion | true class), (I, K), by what is `usual` (K,) of it and its matrix (K, K): nought
    where there is no opinion.

    Whoever adds it to what people say must ask themselves whether the model may speak, see `voted_on` and `guard`.
    """
    said = _probabilities(opinions, len(np.asarray(opinions)), len(matrix))
    return _word(relative(said, usual), matrix, say)


def relative(opinions: FloatArray, usual: FloatArray) -> FloatArray:
    """How much likelier than `usual` (K,) each class is by the opinions (I, K): rows that sum to 1, noughts as they
    were."""
    odds = opinions / usual
    total = odds.sum(axis=1, keepdims=True)
    parts: FloatArray = odds / np.where(total > 0, total, 1.0)
    return parts


def voted_on(votes: Votes, weights: npt.ArrayLike | None = None) -> BoolArray:
    """On which items (I,) somebody with a say has voted, so that the model may speak too."""
    heard = votes.item[votes.say(weights)[votes.annotator] > 0]
    return np.bincount(heard, minlength=votes.n_items) > 0


def contradicted(votes: Votes, shown: npt.ArrayLike | None = None, weights: npt.ArrayLike | None = None) -> BoolArray:
    """Which labels (I, K) would go against two agreeing people who are both `shown` (A,) to be reliable and have a say:
    because these name another class, or deny this one."""
    reliable = np.zeros(votes.n_annotators, dtype=bool) if shown is None else np.asarray(shown, dtype=bool)
    if reliable.shape != (votes.n_annotators,):
        raise ValueError(f"shown must have one entry an annotator: {votes.n_annotators}, not {reliable.shape}")
    counted = votes.select((reliable & (votes.say(weights) > 0))[votes.annotator])
    denies = counted.kind == Kind.NO
    named, denied = _agreed(counted.select(~denies)), _agreed(counted.select(denies))
    others = named.sum(axis=1, keepdims=True) - named > 0
    return np.asarray(others | denied)


def guard(belief: FloatArray, crowd: FloatArray, against: BoolArray) -> FloatArray:
    """The `belief` (I, K), but the `crowd`'s own (I, K) where it has changed the label to one that is `against` (I, K)
    two people."""
    label = belief.argmax(axis=1)
    changed = label != crowd.argmax(axis=1)
    refused: BoolArray = changed & against[np.arange(len(label)), label]
    return np.where(refused[:, None], crowd, belief)


def _word(parts: FloatArray, matrix: FloatArray, say: float) -> FloatArray:
    word: FloatArray = say * (parts @ np.log(np.maximum(matrix.T, TINY)))
    return word


def _loudness(
    votes: Votes, cells: Cells, skills: Skills, classes: FloatArray, parts: FloatArray, say: FloatArray, known: IntArray
) -> float:
    """The model's say by which its word, taken for the prior of an item, tells best what people vote there; with a
    weak prior around 1, which counts where there are hardly any votes."""
    perceived = skills.perceived(cells.annotator, cells.answer)
    at = (parts.sum(axis=1) > 0) & (known == UNKNOWN)
    people = cells.log_likelihood(perceived, np.append(say, 0.0))[at]
    word = _word(parts[at], skills.matrix(votes.n_annotators), say=1.0)
    before = np.log(np.maximum(classes, TINY))

    def loss(loud: float) -> float:
        prior = log_softmax(before + loud * word, axis=1)
        return float((loud - 1) ** 2 / 2 - logsumexp(prior + people, axis=1).sum())

    return float(minimize_scalar(loss, bounds=(0, LOUDEST), method="bounded", options={"xatol": 1e-3}).x)


def _agreed(votes: Votes) -> BoolArray:
    """On which classes (I, K) at least two different people vote."""
    shape = (votes.n_items, votes.n_classes)
    each = np.unique(np.stack([votes.annotator, votes.item, votes.answer]), axis=1)
    tally = np.zeros(shape, dtype=np.int64)
    np.add.at(tally, (each[1], each[2]), 1)
    return tally >= 2


def _probabilities(opinions: npt.ArrayLike, n_items: int, n_classes: int) -> FloatArray:
    """Rows (I, K) that sum to 1, or hold noughts where there is no opinion."""
    table = np.asarray(opinions, dtype=np.float64)
    if table.shape != (n_items, n_classes):
        raise ValueError(f"opinions must be of shape {(n_items, n_classes)}, not {table.shape}")
    absent: BoolArray = np.asarray(np.isnan(table).all(axis=1))
    rows = np.where(absent[:, None], 1 / n_classes, table)
    if not (rows >= 0).all() or (np.abs(rows.sum(axis=1) - 1) > SURE).any():
        raise ValueError("a row of opinions must be probabilities, or NaN throughout")
    return np.where(absent[:, None], 0.0, rows / rows.sum(axis=1, keepdims=True))


def _joined(votes: Votes, parts: FloatArray) -> Cells:
    """The people's cells, and the model's as the last annotator's: one a class, voted for in parts."""
    cells, (n_items, n_classes) = Cells.of(votes), parts.shape
    annotator = np.append(cells.annotator, np.full(n_classes, votes.n_annotators))
    ones = (np.ones(len(annotator)), (annotator, np.arange(len(annotator))))
    nothing = sparse.csr_array((n_items, n_classes))
    return Cells(
        annotator=annotator,
        answer=np.append(cells.answer, np.arange(n_classes)),
        named=sparse.hstack([cells.named, sparse.csr_array(parts)], format="csr"),
        denied=sparse.hstack([cells.denied, nothing], format="csr"),
        of_annotator=sparse.csr_array(ones, shape=(votes.n_annotators + 1, len(annotator))),
    )


def _people(skills: Skills, n_annotators: int) -> Skills:
    """Without the model's, which come last."""
    theirs = skills.annotator < n_annotators
    return replace(
        skills,
        annotator=skills.annotator[theirs],
        answer=skills.answer[theirs],
        counts=skills.counts[theirs],
        total=skills.total[:n_annotators],
    )


def _alone(crowd: DawidSkene, heard: BoolArray) -> WithModel:
    """The crowd's fit, where the model has nothing to say; it is taken for a stranger."""
    even = np.full(len(crowd.prior), 1 / len(crowd.prior))
    matrix = crowd.skills.population
    return WithModel(**vars(crowd), usual=even, matrix=matrix, say=0.0, crowd=crowd.posterior, heard=heard)
