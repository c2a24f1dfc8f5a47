from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotations.consensus import majority, zencrowd
from annotations.consensus.votes import Votes


def test_a_reliability_is_the_share_of_right_answers():
    votes = Votes.of([0] * 5, range(5), [0, 1, 0, 1, 0], n_classes=3)
    assert zencrowd.fit(votes, clamped=[0, 1, 0, 1, 2]).parameters["reliability"][0] == pytest.approx(4 / 5)


def test_nobody_is_perfect_or_hopeless():
    votes = Votes.of([0, 0, 1, 1], [0, 1, 0, 1], [0, 1, 1, 0])
    np.testing.assert_allclose(zencrowd.fit(votes, clamped=[0, 1], bound=0.01).accuracy, [0.99, 0.01])


def test_whoever_never_voted_keeps_the_first_reliability():
    assert zencrowd.fit(Votes.of([0], [0], [0], n_annotators=2, n_classes=2), initial=0.7).accuracy[1] == 0.7


def test_rare_classes_are_not_thought_less_likely():
    votes = Votes.of([0, 1, 0, 1, 0, 1, 2, 3], [0, 0, 1, 1, 2, 2, 3, 3], [0, 0, 0, 0, 0, 0, 0, 1])
    np.testing.assert_allclose(zencrowd.fit(votes).posterior[3], 0.5)


@pytest.mark.parametrize("seed", range(3))
def test_it_beats_the_majority_where_accuracies_differ(simulate: Any, seed: int):
    crowd = simulate(np.r_[np.full(10, 0.9), np.full(15, 0.3)], n_items=300, n_classes=4, each=5, seed=seed)
    right = [(method.fit(crowd.votes).labels == crowd.truth).mean() for method in (zencrowd, majority)]
    assert right[0] > right[1] + 0.05


def test_known_items_tell_even_where_most_people_lie(simulate: Any):
    crowd = simulate(np.where(np.arange(30) < 18, 0.1, 0.9), n_items=300, n_classes=2, each=6)
    clamped = np.where(np.arange(300) < 60, crowd.truth, -1)
    assert (zencrowd.fit(crowd.votes, clamped).labels == crowd.truth)[60:].mean() > 0.9


@pytest.mark.parametrize("wrong", [{"initial": 1.0}, {"bound": 0.0}, {"initial": 0.1, "bound": 0.2}])
def test_a_start_out_of_bounds_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="bound"):
        zencrowd.fit(Votes.of([0], [0], [0]), **wrong)
