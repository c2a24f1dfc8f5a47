from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from annotations.consensus import crowdlab, majority
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes

# Three people on three items, two classes; person 2 disagrees on the first.
THREE = Votes.of([0, 1, 2, 0, 1, 0, 2], [0, 0, 0, 1, 1, 2, 2], [0, 0, 1, 1, 1, 0, 0])
SURE = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])


def model(truth: IntArray, n_classes: int, signal: float, seed: int) -> FloatArray:
    """Calibrated: by Bayes' rule from a measurement with `signal` at the true class and noise of variance 1."""
    noise = np.random.default_rng(seed).normal(size=(len(truth), n_classes))
    return softmax(signal * (signal * np.eye(n_classes)[truth] + noise), axis=1)


def test_the_weights_are_the_papers():
    fit = crowdlab.fit(THREE, SURE)
    # Pairs on a shared item: 0 agrees with others in 1 + 1 + 1 of 2 + 1 + 1, 1 in 1 + 1 of 2 + 1, 2 in 0 + 1 of 2 + 1.
    np.testing.assert_allclose(fit.parameters["s"], [3 / 4, 2 / 3, 1 / 3])
    assert fit.likelihood == pytest.approx((2 / 3 + 1 + 1) / 3)
    # The commonest class, 0, is the consensus of two items in three; the model's is that of all three.
    baseline = 1 - 2 / 3
    np.testing.assert_allclose(fit.parameters["w"], [1 - (1 / 4) / baseline, crowdlab.LEAST, crowdlab.LEAST], atol=1e-9)
    assert fit.model_weight == pytest.approx(np.sqrt(7 / 3))


def test_the_posterior_is_the_weighted_mean():
    fit = crowdlab.fit(THREE, SURE)
    likelihood = fit.likelihood
    each = np.array([[likelihood, 1 - likelihood], [likelihood, 1 - likelihood], [1 - likelihood, likelihood]])
    weights = np.append(fit.parameters["w"], fit.model_weight)
    expected = weights @ np.vstack([each, SURE[0]]) / weights.sum()
    np.testing.assert_allclose(fit.posterior[0], expected)


def test_an_item_without_votes_keeps_the_models_word():
    votes = Votes.of([0, 1], [0, 0], [0, 0], n_items=2, n_classes=2)
    np.testing.assert_allclose(crowdlab.fit(votes, [[0.5, 0.5], [0.3, 0.7]]).posterior[1], [0.3, 0.7])


@pytest.mark.parametrize("tiles", [0.0, 0.5])
def test_crowd_and_model_together_beat_either(simulate: Any, tiles: float):
    for seed in range(3):
        crowd = simulate(np.linspace(0.4, 0.9, 20), n_items=400, n_classes=4, each=3, tiles=tiles, seed=seed)
        probabilities = model(crowd.truth, 4, 2.0, seed)
        together = (crowdlab.fit(crowd.votes, probabilities).labels == crowd.truth).mean()
        assert together > (majority.fit(crowd.votes).labels == crowd.truth).mean() + 0.02
        assert together > (probabilities.argmax(axis=1) == crowd.truth).mean() + 0.02


def test_a_model_that_guesses_has_no_weight(simulate: Any):
    crowd = simulate(np.full(20, 0.85), n_items=400, n_classes=4, each=4)
    assert crowdlab.fit(crowd.votes, model(crowd.truth, 4, 0.01, 0)).model_weight < 0.05


def test_known_items_stay_and_tell_who_is_right():
    votes = Votes.of([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1], [0, 0, 1, 0, 0, 1])
    fit = crowdlab.fit(votes, np.full((2, 2), 0.5), clamped=[1, -1])
    np.testing.assert_allclose(fit.posterior[0], [0, 1])
    assert fit.accuracy[2] > 0
    assert crowdlab.fit(votes, np.full((2, 2), 0.5)).accuracy[2] == 0


def test_a_weight_of_nought_is_as_good_as_not_having_voted(simulate: Any):
    crowd = simulate(np.linspace(0.4, 0.9, 6), n_items=40, n_classes=3, each=3, tiles=0.4)
    probabilities, weights = model(crowd.truth, 3, 1.5, 0), np.array([0.0, 1, 1, 0.5, 1, 1])
    clamped = np.where(np.arange(40) < 5, crowd.truth, -1)
    muted = crowdlab.fit(crowd.votes, probabilities, clamped, weights)
    absent = crowdlab.fit(crowd.votes.select(crowd.votes.annotator != 0), probabilities, clamped, weights)
    np.testing.assert_allclose(muted.posterior, absent.posterior)
    np.testing.assert_allclose(muted.posterior.sum(axis=1), 1)


def test_other_names_give_the_same_answer(simulate: Any):
    crowd = simulate(np.linspace(0.4, 0.9, 6), n_items=40, n_classes=3, each=3, tiles=0.4)
    votes, probabilities = crowd.votes, model(crowd.truth, 3, 1.5, 0)
    rng = np.random.default_rng(0)
    people, items, classes = (rng.permutation(n) for n in (6, 40, 3))
    renamed = Votes.of(people[votes.annotator], items[votes.item], classes[votes.answer], votes.kind)
    shuffled = np.empty_like(probabilities)
    shuffled[np.ix_(items, classes)] = probabilities
    fit, other = crowdlab.fit(votes, probabilities), crowdlab.fit(renamed, shuffled)
    np.testing.assert_allclose(other.posterior[np.ix_(items, classes)], fit.posterior)


def test_a_no_speaks_for_all_classes_but_one():
    votes = Votes.of([0, 1], [0, 0], [2, 2], [Kind.NO, Kind.NO], n_classes=3)
    posterior = crowdlab.fit(votes, np.full((1, 3), 1 / 3)).posterior[0]
    assert posterior[0] == pytest.approx(posterior[1])
    assert posterior[2] < posterior[0]


def test_without_anybody_or_anything_there_is_an_empty_answer():
    assert crowdlab.fit(Votes.of([], [], [], n_classes=3), np.zeros((0, 3))).posterior.shape == (0, 3)


def test_with_a_single_class_every_item_is_of_it():
    np.testing.assert_allclose(crowdlab.fit(Votes.of([0], [0], [0]), [[1.0]]).posterior, 1)


@pytest.mark.parametrize("wrong", [[[np.nan, 1]], [[0.5, 0.6]], [[-0.5, 1.5]], [[0.5, 0.5], [0.5, 0.5]]])
def test_probabilities_that_are_none_are_refused(wrong: list[list[float]]):
    with pytest.raises(ValueError, match="probabilities"):
        crowdlab.fit(Votes.of([0], [0], [1]), wrong)
