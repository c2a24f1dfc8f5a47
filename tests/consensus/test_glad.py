from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import expit

from annotations.consensus import glad, majority
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes


def drawn(seed: int, n_classes: int = 3) -> tuple[Votes, IntArray, FloatArray, FloatArray]:
    """Votes by the model itself: 30 people, 400 items, 5 votes an item; the truth, abilities and easiness."""
    rng = np.random.default_rng(seed)
    alpha, beta = rng.normal(1, 1, 30), np.exp(rng.normal(0.5, 1, 400))
    truth = rng.integers(n_classes, size=400)
    item = np.repeat(np.arange(400), 5)
    who = np.concatenate([rng.permutation(30)[:5] for _ in truth])
    right = rng.random(len(item)) < expit(alpha[who] * beta[item])
    wrong = (truth[item] + rng.integers(1, n_classes, size=len(item))) % n_classes
    return Votes.of(who, item, np.where(right, truth[item], wrong)), truth, alpha, beta


@pytest.mark.parametrize("seed", range(3))
def test_it_beats_the_majority_on_votes_of_its_own_kind(seed: int):
    votes, truth, *_ = drawn(seed)
    fit, share = glad.fit(votes), majority.fit(votes)
    assert (fit.labels == truth).mean() > (share.labels == truth).mean() + 0.02


def test_abilities_and_easiness_are_recovered_in_their_order():
    votes, _, alpha, beta = drawn(0)
    fit = glad.fit(votes)
    assert np.corrcoef(fit.parameters["alpha"], alpha)[0, 1] > 0.8
    assert np.corrcoef(np.log(fit.parameters["beta"]), np.log(beta))[0, 1] > 0.4


def test_an_adversary_has_a_negative_ability():
    crowd_says = [0, 1] * 10
    votes = Votes.of([0] * 20 + [1] * 20, [*range(20)] * 2, crowd_says + [1 - said for said in crowd_says])
    fit = glad.fit(votes, clamped=crowd_says)
    assert fit.parameters["alpha"][0] > 0 > fit.parameters["alpha"][1]
    assert fit.accuracy[0] > 0.9
    assert fit.accuracy[1] < 0.1


def test_an_item_on_which_people_disagree_is_harder():
    people, items = np.tile(np.arange(6), 10), np.repeat(np.arange(10), 6)
    answers = np.zeros(60, dtype=int)
    answers[:3] = 1
    easiness = glad.fit(Votes.of(people, items, answers)).parameters["beta"]
    assert easiness[0] < easiness[1:].min()


@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_the_gradient_is_that_of_the_objective(n_classes: int):
    rng = np.random.default_rng(n_classes)
    votes = Votes.of(
        rng.integers(3, size=40), rng.integers(6, size=40), np.r_[n_classes - 1, rng.integers(n_classes, size=39)],
        rng.choice([Kind.CHOICE, Kind.YES, Kind.NO], size=40), n_annotators=3, n_items=6,
    )  # fmt: skip
    named, say, at = rng.random(40), np.array([1.0, 0.5, 0.2]), rng.normal(0.5, 0.7, 9)

    def objective(x: FloatArray) -> float:
        return glad._objective(votes, named, glad.Skill(*np.split(x, [3])), say)

    gradient = np.concatenate(glad._gradient(votes, named, glad.Skill(*np.split(at, [3])), say))
    np.testing.assert_allclose(gradient, approx_fprime(at, objective, 1e-7), atol=1e-4)


def test_people_without_a_say_still_have_an_ability_found():
    votes = Votes.of([0] * 20 + [1] * 20, [*range(20)] * 2, [0, 1] * 10 + [1, 0] * 10)
    muted = glad.fit(votes, weights=[1, 0]).parameters["alpha"]
    assert muted[1] < 0 < muted[0]


def test_known_items_tell_even_where_most_people_lie(simulate: Any):
    crowd = simulate(np.where(np.arange(30) < 18, 0.1, 0.9), n_items=300, n_classes=2, each=6)
    clamped = np.where(np.arange(300) < 60, crowd.truth, -1)
    assert (glad.fit(crowd.votes, clamped).labels == crowd.truth)[60:].mean() > 0.9
