from __future__ import annotations

from typing import Any

import numpy as np

from annotations.consensus import majority, wawa
from annotations.consensus.votes import Kind, Votes

# People 0 and 1 agree with the majority of items 0 to 2, person 2 never does; on item 3 it is 0 against 2.
SPLIT = Votes.of(
    [0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 2],
    [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3],
    [0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0],
)


def test_a_skill_is_the_share_of_answers_that_agree_with_the_majority():
    # A tie is half an agreement for either side.
    np.testing.assert_allclose(wawa.fit(SPLIT).parameters["skill"], [3.5 / 4, 1, 0.5 / 4])


def test_a_tie_goes_to_whoever_agrees_more():
    np.testing.assert_allclose(majority.fit(SPLIT).posterior[3], [0.5, 0.5])
    np.testing.assert_allclose(wawa.fit(SPLIT).posterior[3], [0.125, 0.875])


def test_a_known_truth_tells_who_is_skilled():
    votes = Votes.of([0, 1, 1, 0, 1], [0, 0, 1, 2, 2], [0, 1, 1, 0, 1])
    skill = wawa.fit(votes, clamped=[1, -1, -1]).parameters["skill"]
    assert skill[1] > skill[0]


def test_a_no_agrees_with_any_other_class():
    votes = Votes.of([0, 1, 2], [0, 0, 0], [1, 1, 2], [Kind.CHOICE, Kind.CHOICE, Kind.NO], n_classes=3)
    np.testing.assert_allclose(wawa.fit(votes).parameters["skill"], 1)


def test_it_beats_the_majority_where_skills_differ(simulate: Any):
    better = []
    for seed in range(5):
        crowd = simulate(np.r_[np.full(10, 0.9), np.full(15, 0.3)], n_items=300, n_classes=4, each=5, seed=seed)
        right = [(method.fit(crowd.votes).labels == crowd.truth).mean() for method in (wawa, majority)]
        better.append(right[0] - right[1])
    assert min(better) > 0.02
