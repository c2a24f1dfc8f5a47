"""The verdict comes from controls alone; answers on unknowns become votes."""

import itertools

import pytest

from annotations.challenges.grading import grade
from annotations.challenges.tiles import Answered, Candidate, Composed

TYPED = Composed("strip", (Candidate(1, 3), Candidate(2, None), Candidate(3, 5)), None)
SELECTED = Composed("grid", (Candidate(1, 3), Candidate(2, None), Candidate(3, 5)), 3)


def typed(*classes: int) -> list[Answered]:
    return [Answered(position, "choice", cls) for position, cls in enumerate(classes)]


def selected(*positions: int) -> list[Answered]:
    return [Answered(i, "yes" if i in positions else "no", 3) for i in range(3)]


def test_right_controls_pass() -> None:
    assert grade(TYPED, typed(3, 0, 5)).passed
    assert grade(SELECTED, selected(0)).passed


def test_a_wrong_control_fails_the_challenge() -> None:
    assert not grade(TYPED, typed(3, 0, 4)).passed
    assert not grade(SELECTED, selected(0, 2)).passed  # a non-target selected
    assert not grade(SELECTED, selected()).passed  # a target left out


def test_each_control_is_listed_with_whether_it_was_right() -> None:
    graded = grade(TYPED, typed(3, 0, 4))
    assert graded.controls == ((Answered(0, "choice", 3), True), (Answered(2, "choice", 4), False))


def test_unknown_answers_never_affect_the_verdict() -> None:
    for first, third in itertools.product((3, 4), (5, 6)):
        verdicts = {grade(TYPED, typed(first, cls, third)).passed for cls in range(10)}
        assert verdicts == {(first, third) == (3, 5)}
    assert grade(SELECTED, selected(0)).passed is grade(SELECTED, selected(0, 1)).passed is True


def test_answers_on_unknowns_become_votes_and_answers_on_controls_never_do() -> None:
    assert grade(TYPED, typed(3, 8, 5)).votes == (Answered(1, "choice", 8),)
    assert grade(SELECTED, selected(0, 1)).votes == (Answered(1, "yes", 3),)
    assert grade(SELECTED, selected(0)).votes == (Answered(1, "no", 3),)


def test_an_unanswered_control_fails_and_an_unanswered_unknown_does_not() -> None:
    said = typed(3, 0, 5)
    assert not grade(TYPED, said[:2]).passed
    without_vote = grade(TYPED, [said[0], said[2]])
    assert without_vote.passed
    assert without_vote.votes == ()


def test_no_controls_let_nobody_through() -> None:
    unknowns_only = Composed("strip", (Candidate(1, None),), None)
    assert not grade(unknowns_only, typed(0)).passed


def test_answering_a_tile_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        grade(TYPED, [*typed(3, 0, 5), Answered(0, "choice", 4)])


@pytest.mark.parametrize("position", [-1, 3])
def test_answering_a_tile_that_is_not_there_is_refused(position) -> None:
    with pytest.raises(ValueError, match="doesn't have"):
        grade(TYPED, [Answered(position, "choice", 4)])
