"""What an annotator's answers tell, in bits.

The mutual information between an item's true class and the answer, under the annotator's confusion matrix (C. E.
Shannon, "A Mathematical Theory of Communication" (1948), section 12; that it ranks annotators better than accuracy:
P. G. Ipeirotis et al., "Quality Management on Amazon Mechanical Turk", HCOMP 2010). A steady liar is as informative as
an honest person, a guesser tells nothing, and of a rare class even accurate people tell little. The matrix is the mean
of its posterior, so that a newcomer is worth what strangers are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import xlogy

from annotations.consensus.skills import Skills
from annotations.consensus.votes import FloatArray, IntArray, in_range, whole_numbers


@dataclass(frozen=True, eq=False)
class Information:
    """What one answer of each annotator tells of an item of which only the class prior is known.

    `bits` (A,): of a choice among all classes. `possible`: the entropy of the class prior in bits, which a perfect
    annotator tells. `share` (A,): `bits` of `possible`, 0 where nothing is open.
    """

    bits: FloatArray
    possible: float
    share: FloatArray


def information(skills: Skills, class_prior: npt.ArrayLike, annotators: npt.ArrayLike | None = None) -> Information:
    """Bits a choice of each annotator, or of those listed, under the `class_prior` (K,).

    Raises ValueError where the prior is no distribution over the classes, or somebody doesn't exist.
    """
    prior = _beliefs(skills, np.atleast_2d(np.asarray(class_prior, dtype=np.float64)))
    bits = one_more_vote(skills, prior, annotators)[:, 0]
    possible = float(_bits(prior[0]).sum())
    share = bits / possible if possible > 0 else np.zeros_like(bits)
    return Information(bits, possible, np.asarray(share, dtype=np.float64))


def one_more_vote(skills: Skills, belief: npt.ArrayLike, annotators: npt.ArrayLike | None = None) -> FloatArray:
    """By how many bits one more choice of each annotator is expected to lessen the doubt about each item, (A, I).

    `belief` (I, K): the items' posteriors. With the class prior as the belief it is what a first vote is worth; of an
    item that is certain no vote tells anything.
    """
    beliefs = _beliefs(skills, belief)
    gains = [of_answers(skills.matrix(int(a)), beliefs) for a in _people(skills, annotators)]
    return np.array(gains).reshape(-1, len(beliefs))


def question(skills: Skills, class_prior: npt.ArrayLike, annotators: npt.ArrayLike | None = None) -> FloatArray:
    """Bits of an answer to "is it c?", (A, K): on a tile there are two answers, so it is one bit at most."""
    prior = _beliefs(skills, np.atleast_2d(np.asarray(class_prior, dtype=np.float64)))[0]
    people = _people(skills, annotators)
    told = [of_question(skills.matrix(int(a)), prior[None])[0] for a in people]
    return np.array(told).reshape(-1, len(prior))


def of_question(matrix: FloatArray, beliefs: FloatArray) -> FloatArray:
    """Bits of an answer to "is it c?" by somebody with this matrix (K, K), (I, K) from beliefs (I, K)."""
    told: FloatArray = _binary(beliefs @ matrix) - beliefs @ _binary(matrix)
    return np.maximum(told, 0)


def of_answers(chances: FloatArray, beliefs: FloatArray) -> FloatArray:
    """Bits of an answer that is given with these chances (K, answers), row the true class, (I,) from beliefs (I, K).

    The mutual information: entropy of the answer less its entropy if the truth were known. Where a row sums to less
    than 1, the rest is no answer, which tells nothing.
    """
    answers: FloatArray = beliefs @ chances
    told: FloatArray = _bits(answers).sum(axis=1) - beliefs @ _bits(chances).sum(axis=1)
    return np.maximum(told, 0)  # rounding


def _bits(p: FloatArray) -> FloatArray:
    """What each probability adds to an entropy in bits."""
    bits: FloatArray = -xlogy(p, p) / np.log(2)
    return bits


def _binary(p: FloatArray) -> FloatArray:
    return _bits(p) + _bits(np.maximum(1 - p, 0))


def _people(skills: Skills, annotators: npt.ArrayLike | None) -> IntArray:
    if annotators is None:
        return np.arange(len(skills.total))
    people = whole_numbers("annotators", annotators)
    in_range("annotators", people, 0, len(skills.total))
    return people


def _beliefs(skills: Skills, belief: npt.ArrayLike) -> FloatArray:
    """As an array of distributions (I, K); ValueError otherwise."""
    beliefs = np.asarray(belief, dtype=np.float64)
    if beliefs.ndim != 2 or beliefs.shape[1] != len(skills.population):
        raise ValueError(f"a belief must have one entry a class: {len(skills.population)}, not {beliefs.shape}")
    if not bool(np.all(beliefs >= 0)) or not np.allclose(beliefs.sum(axis=1), 1):
        raise ValueError("beliefs must be probabilities that sum to 1")
    return beliefs
