from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotations.consensus import majority, one_coin
from annotations.consensus.votes import Kind, Votes


def test_the_coin_is_what_was_right_and_the_prior():
    votes = Votes.of([0] * 5, range(5), [0, 1, 0, 1, 0], n_classes=3)
    fit = one_coin.fit(votes, clamped=[0, 1, 0, 1, 2], right=2, wrong=1)
    assert fit.parameters["p"][0] == pytest.approx((4 + 2) / (5 + 3))


def test_a_no_to_a_wrong_class_may_hide_the_true_one():
    # P(perceived right | "no" to a wrong class) = p / (1 - (1 - p) / 2) with three classes; p solves its own share.
    votes = Votes.of([0] * 100, range(100), [1] * 100, [Kind.NO] * 99 + [Kind.YES], n_classes=3)
    fit = one_coin.fit(votes, clamped=[0] * 100, right=1e-6, wrong=1e-6, max_iter=500, tol=0)
    # One in a hundred perceives class 1; so does one class 2, as errors are even.
    assert fit.parameters["p"][0] == pytest.approx(0.98, abs=1e-3)


def test_a_stranger_is_as_good_as_the_prior():
    fit = one_coin.fit(Votes.of([0], [0], [0], n_annotators=2, n_classes=3), right=3, wrong=1)
    assert fit.accuracy[1] == pytest.approx(0.75)


def test_known_items_tell_even_where_most_people_lie(simulate: Any):
    crowd = simulate(np.where(np.arange(30) < 18, 0.1, 0.9), n_items=300, n_classes=2, each=6)
    clamped = np.where(np.arange(300) < 60, crowd.truth, -1)
    assert (majority.fit(crowd.votes).labels == crowd.truth).mean() < 0.5
    assert (one_coin.fit(crowd.votes, clamped).labels == crowd.truth)[60:].mean() > 0.9


@pytest.mark.parametrize("tiles", [0.0, 0.5])
def test_the_accuracies_are_recovered(simulate: Any, tiles: float):
    accuracies = np.linspace(0.4, 0.95, 12)
    crowd = simulate(accuracies, n_items=1000, n_classes=4, each=8, tiles=tiles)
    np.testing.assert_allclose(one_coin.fit(crowd.votes).accuracy, accuracies, atol=0.06)


@pytest.mark.parametrize("seed", range(3))
def test_it_beats_the_majority_where_accuracies_differ(simulate: Any, seed: int):
    crowd = simulate(np.r_[np.full(10, 0.9), np.full(15, 0.3)], n_items=300, n_classes=4, each=5, seed=seed)
    right = [(method.fit(crowd.votes).labels == crowd.truth).mean() for method in (one_coin, majority)]
    assert right[0] > right[1] + 0.05


@pytest.mark.parametrize("name", ["right", "wrong", "classes"])
def test_an_improper_prior_is_refused(name: str):
    with pytest.raises(ValueError, match="positive"):
        one_coin.fit(Votes.of([0], [0], [0]), **{name: 0.0})
