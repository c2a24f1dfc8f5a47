"""CROWDLAB: annotators and a trained model, averaged by how far each can be trusted.

H. W. Goh, U. Tkachenko and J. Mueller, "CROWDLAB: Supervised learning to infer consensus labels and quality scores for
data with multiple annotators", NeurIPS Human in the Loop Learning workshop (2022), section 3. The model's probabilities
have to be out of sample: it must not have been trained on the item's own votes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from annotations.consensus import coins, em, majority
from annotations.consensus.observation import sum_by
from annotations.consensus.votes import UNKNOWN, BoolArray, Fit, FloatArray, IntArray, Kind, Votes

# Nobody's weight is quite 0, so that an item of hopeless voters still has an answer.
LEAST = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class Crowdlab(Fit):
    """With the paper's w of the model, beside "w" of each annotator in `parameters`, and P, how likely any annotator is
    taken to be right on any item."""

    model_weight: float
    likelihood: float


def fit(
    votes: Votes,
    probabilities: npt.ArrayLike,
    clamped: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
) -> Crowdlab:
    """The weighted mean of the model's probabilities (I, K) and each annotator's, as the posterior (I, K).

    Unlike the other methods, this takes a model's `probabilities`, out of sample, whose rows sum to 1; an item without
    votes keeps them. `clamped` (I,): the true class where it is known, else -1; it stands for the other voters' word
    there. `weights` (A,) in [0, 1] multiply an annotator's weight and their part in what others are held against.
    `accuracy`: agreement with the other voters, the paper's s. `parameters`: "w" (A,), "s" (A,). There is no likelihood
    that this climbs: the trace is empty. Who votes twice on an item is two voters. Raises ValueError where an argument
    doesn't fit, or a row of probabilities isn't one.
    """
    known, say = votes.known(clamped), votes.say(weights)
    model = _probabilities(votes, probabilities)
    tally = sum_by(votes.item, votes.n_items, majority.ballots(votes) * say[votes.annotator, None])
    consensus = majority.one_hot(_consensus(tally, model), known)
    shared = (_voters(votes, say) > 1) | ((known != UNKNOWN) & (tally.sum(axis=1) > 0))
    agreement = _agreement(votes, tally, known, say)
    likelihood = _likelihood(votes, consensus, shared, say)
    baseline = _hits(np.tile(tally.sum(axis=0), (votes.n_items, 1)), consensus, shared)
    weight = np.array([_normalised(s, baseline) for s in agreement]) * say
    model_weight = _normalised(_hits(model, consensus, shared), baseline) * _mean_votes(tally)
    posterior = majority.one_hot(_mix(votes, model, model_weight, likelihood, weight), known)
    prior = em.class_prior(posterior, em.in_question(votes, known, say))
    parameters = {"w": weight, "s": agreement}
    return Crowdlab(posterior, prior, agreement, (), True, parameters, model_weight=model_weight, likelihood=likelihood)


def _probabilities(votes: Votes, probabilities: npt.ArrayLike) -> FloatArray:
    model = np.asarray(probabilities, dtype=np.float64)
    if model.shape != (votes.n_items, votes.n_classes):
        raise ValueError(f"probabilities must be of shape {(votes.n_items, votes.n_classes)}, not {model.shape}")
    if not bool((model >= 0).all() and np.allclose(model.sum(axis=1), 1, atol=1e-4)):
        raise ValueError("the rows of probabilities must not be negative, and must sum to 1")
    return model


def _voters(votes: Votes, say: FloatArray) -> FloatArray:
    """How many voters with a say each item has, (I,)."""
    return em.totals(votes.item, say[votes.annotator] > 0, votes.n_items)


def _consensus(tally: FloatArray, model: FloatArray) -> FloatArray:
    """The majority's label, as a belief (I, K); of those that are level, the one that the model prefers."""
    level = em.winners(tally) > 0
    return em.winners(np.where(level, model, -1))


def _agreement(votes: Votes, tally: FloatArray, known: IntArray, say: FloatArray) -> FloatArray:
    """How far each annotator's votes agree with the others on the same items, or with the truth where it is known,
    (A,); everybody's mean for those who share no item with anybody."""
    own = majority.ballots(votes) * say[votes.annotator, None]
    others = np.maximum(tally[votes.item] - own, 0)
    graded = em.voted_known(votes, known)
    others[graded] = np.eye(votes.n_classes)[known[votes.item[graded]]]
    named, word = others[np.arange(len(votes)), votes.answer], others.sum(axis=1)
    agreed = coins.by_annotator(votes, np.where(votes.kind == Kind.NO, word - named, named))
    heard = coins.by_annotator(votes, word)
    mean = float(say @ agreed) / max(float(say @ heard), LEAST)
    typical = np.full(votes.n_annotators, mean)
    share: FloatArray = np.divide(agreed, heard, out=typical, where=heard > LEAST)
    return share


def _likelihood(votes: Votes, consensus: FloatArray, shared: BoolArray, say: FloatArray) -> float:
    """P: the mean over items of the share of their voters who agree with the consensus; a guess's 1/K without any."""
    named = consensus[votes.item, votes.answer]
    right, weight = np.where(votes.kind == Kind.NO, 1 - named, named), say[votes.annotator]
    agreed, given = (em.totals(votes.item, value, votes.n_items) for value in (weight * right, weight))
    return float((agreed[shared] / given[shared]).mean()) if shared.any() else 1 / votes.n_classes


def _hits(score: FloatArray, consensus: FloatArray, shared: BoolArray) -> float:
    """How often the highest score (I, K) is of the consensus; 1/K without any item to tell by."""
    hit = (em.winners(score) * consensus).sum(axis=1)
    return float(hit[shared].mean()) if shared.any() else 1 / score.shape[1]


def _normalised(accuracy: float, baseline: float) -> float:
    """How far errors are fewer than those of always naming the commonest class: 1 for none, 0 for as many."""
    return max(1 - (1 - accuracy) / max(1 - baseline, LEAST), LEAST)


def _mean_votes(tally: FloatArray) -> float:
    """The square root of how many votes an item with votes has."""
    given = tally.sum(axis=1)
    return float(np.sqrt(given[given > 0].mean())) if (given > 0).any() else 1.0


def _mix(votes: Votes, model: FloatArray, model_weight: float, likelihood: float, weight: FloatArray) -> FloatArray:
    """The weighted mean, (I, K), of the model's row and what each vote alone makes likely."""
    right, wrong = (np.exp(log)[:, None] for log in coins.log_likelihood(votes, np.full(len(votes), likelihood)))
    each = majority.normalised(np.where(np.eye(votes.n_classes, dtype=bool)[votes.answer], right, wrong))
    total = sum_by(votes.item, votes.n_items, each * weight[votes.annotator, None]) + model_weight * model
    return majority.normalised(total)
