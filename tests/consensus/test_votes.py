from __future__ import annotations

import numpy as np
import pytest

from annotations.consensus.votes import Fit, Kind, Votes


def test_a_vote_is_a_choice_unless_said_otherwise():
    votes = Votes.of([0, 1], [0, 0], [2, 1])
    assert votes.kind.tolist() == [Kind.CHOICE, Kind.CHOICE]
    assert (votes.n_annotators, votes.n_items, votes.n_classes) == (2, 1, 3)


def test_one_kind_may_stand_for_all_votes():
    assert Votes.of([0, 1], [0, 0], [2, 1], Kind.NO).kind.tolist() == [Kind.NO, Kind.NO]


def test_no_votes_are_votes_too():
    votes = Votes.of([], [], [])
    assert len(votes) == 0
    assert votes.n_classes == 1


def test_selecting_keeps_the_sizes():
    votes = Votes.of([0, 1, 2], [0, 1, 1], [2, 1, 0])
    some = votes.select(votes.item == 0)
    assert some.annotator.tolist() == [0]
    assert (some.n_annotators, some.n_items, some.n_classes) == (3, 2, 3)


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        (([0, 1], [0], [0, 0]), "one length"),
        (([0], [0], [3]), "answer must lie in"),
        (([2], [0], [0]), "annotator must lie in"),
        (([0], [2], [0]), "item must lie in"),
        (([-1], [0], [0]), "annotator must lie in"),
        (([float("nan")], [0], [0]), "without NaN"),
        (([0.5], [0], [0]), "whole numbers"),
        (([0], [0], ["cat"]), "whole numbers"),
        (([[0]], [[0]], [[0]]), "one-dimensional"),
    ],
)
def test_votes_that_make_no_sense_are_refused(columns: tuple[list[object], ...], complaint: str):
    with pytest.raises(ValueError, match=complaint):
        Votes.of(*columns, n_annotators=2, n_items=2, n_classes=3)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ValueError, match="kind must lie in"):
        Votes.of([0], [0], [0], [3])


def test_there_must_be_a_class():
    with pytest.raises(ValueError, match="at least one class"):
        Votes.of([], [], [], n_classes=0)


@pytest.mark.parametrize("clamped", [[0], [0, 3], [0, -2], [0, float("nan")]])
def test_a_known_truth_that_does_not_fit_is_refused(clamped: list[float]):
    with pytest.raises(ValueError, match="clamped"):
        Votes.of([0, 0], [0, 1], [0, 2]).known(clamped)


@pytest.mark.parametrize("weights", [[1.0], [1.0, 1.5], [-0.1, 1.0], [float("nan"), 1.0]])
def test_weights_that_do_not_fit_are_refused(weights: list[float]):
    with pytest.raises(ValueError, match="weights"):
        Votes.of([0, 1], [0, 0], [0, 2]).say(weights)


def test_a_fit_names_the_likeliest_class_and_the_belief_in_it():
    posterior = np.array([[0.1, 0.9], [0.5, 0.5]])
    fit = Fit(posterior, np.array([0.5, 0.5]), np.zeros(0), (), True)
    assert fit.labels.tolist() == [1, 0]
    assert fit.confidence.tolist() == [0.9, 0.5]
