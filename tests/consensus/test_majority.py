from __future__ import annotations

import numpy as np

from annotations.consensus import majority
from annotations.consensus.votes import Kind, Votes


def test_each_choice_is_one_vote():
    fit = majority.fit(Votes.of([0, 1, 2], [0, 0, 0], [1, 1, 0], n_classes=3))
    np.testing.assert_allclose(fit.posterior, [[1 / 3, 2 / 3, 0]])


def test_a_no_is_shared_by_the_classes_it_leaves():
    votes = Votes.of([0, 1], [0, 1], [0, 0], [Kind.NO, Kind.YES], n_classes=3)
    np.testing.assert_allclose(majority.fit(votes).posterior, [[0, 0.5, 0.5], [1, 0, 0]])


def test_without_votes_all_classes_share_alike():
    fit = majority.fit(Votes.of([], [], [], n_annotators=1, n_items=2, n_classes=4))
    np.testing.assert_allclose(fit.posterior, np.full((2, 4), 0.25))
    np.testing.assert_allclose(fit.accuracy, 0.25)


def test_a_known_truth_overrules_the_majority():
    fit = majority.fit(Votes.of([0, 1], [0, 0], [1, 1]), clamped=[0])
    assert fit.labels.tolist() == [0]
    np.testing.assert_allclose(fit.accuracy, 0)


def test_people_without_a_say_have_no_vote():
    fit = majority.fit(Votes.of([0, 1, 2], [0, 0, 0], [1, 1, 0]), weights=[0, 0, 1])
    np.testing.assert_allclose(fit.posterior, [[1, 0]])


def test_a_tie_is_a_tie():
    np.testing.assert_allclose(majority.fit(Votes.of([0, 1], [0, 0], [0, 1])).posterior, [[0.5, 0.5]])
