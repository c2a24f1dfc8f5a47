from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.consensus.stopping import State, StoppingRule, decide, further, review_value

RULE = StoppingRule(threshold=0.95, minimum_trusted=2, cap=7)


@pytest.mark.parametrize(
    ("confidence", "trusted", "votes", "state"),
    [
        (0.97, 2, 3, State.ACCEPTED),
        (0.95, 2, 2, State.ACCEPTED),
        (0.94, 5, 6, State.OPEN),
        (0.99, 1, 6, State.OPEN),
        (0.99, 1, 7, State.CONTESTED),
        (0.60, 7, 7, State.CONTESTED),
        (0.60, 7, 9, State.CONTESTED),
        (0.99, 2, 7, State.ACCEPTED),
        (0.50, 0, 0, State.OPEN),
    ],
)
def test_an_image_is_asked_until_sure_or_until_the_cap(confidence: float, trusted: int, votes: int, state: State):
    assert decide([confidence], [trusted], [votes], RULE).tolist() == [state]


def test_each_item_gets_its_state():
    states = decide([0.99, 0.5, 0.5], [2, 2, 2], [3, 3, 7], RULE)
    assert [type(state) for state in states] == [State] * 3
    assert list(states) == [State.ACCEPTED, State.OPEN, State.CONTESTED]


def test_of_nothing_nothing_is_decided():
    assert decide([], [], [], RULE).shape == (0,)


@given(st.floats(0, 1), st.integers(0, 9), st.integers(0, 9))
def test_strangers_alone_never_settle_an_image(confidence: float, trusted: int, strangers: int):
    state = decide([confidence], [trusted], [trusted + strangers], RULE)[0]
    assert state != State.ACCEPTED or trusted >= 2


@pytest.mark.parametrize("wrong", [{"threshold": 0.0}, {"threshold": 1.1}, {"minimum_trusted": -1}, {"cap": 0}])
def test_a_rule_that_cannot_be_met_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=r"threshold|minimum_trusted"):
        StoppingRule(**wrong)


@pytest.mark.parametrize("confidence", [float("nan"), -0.1, 1.1])
def test_a_confidence_that_is_none_is_refused(confidence: float):
    with pytest.raises(ValueError, match="confidence"):
        decide([confidence], [2], [3], RULE)


def expected(confidence: float, *, trusted: int = 2, votes: int = 0, rule: StoppingRule = RULE) -> float:
    more = further([confidence], [trusted], [votes], rule, accuracy=0.9, trusted_share=0.5, n_classes=10)
    return float(more[0])


def test_what_is_certain_needs_nobody_any_more():
    assert expected(0.99) == 0


def test_the_less_is_known_the_more_votes_are_expected():
    needed = [expected(confidence) for confidence in (0.94, 0.6, 0.3, 0.1)]
    assert needed == sorted(needed)
    assert needed[0] >= 1


def test_no_more_votes_are_expected_than_the_cap_leaves():
    assert expected(0.2, votes=6) <= 1
    assert expected(0.2, votes=7) == 0


def test_trusted_people_are_waited_for():
    assert expected(0.99, trusted=0) == pytest.approx(4)


def test_the_expected_number_is_what_a_simulated_crowd_takes():
    """Nine in ten right among three classes, from complete ignorance."""
    rule, rng, taken = StoppingRule(threshold=0.95, minimum_trusted=0, cap=9), np.random.default_rng(0), []
    step = np.log(0.9 * 2 / 0.1)
    for _ in range(4000):
        odds, votes = np.log(0.5), 0
        leader = rng.random() < 1 / 3
        while odds < np.log(0.95 / 0.05) and votes < rule.cap:
            says = rng.random() < (0.9 if leader else 0.05)
            odds, votes = odds + (step if says else -step), votes + 1
        taken.append(votes)
    more = further([1 / 3], [0], [0], rule, accuracy=0.9, trusted_share=1.0, n_classes=3)
    assert more[0] == pytest.approx(np.mean(taken), rel=0.05)


def test_a_picture_is_worth_a_reviewers_word_by_what_is_not_known_of_it():
    sure, torn = np.array([[0.99, 0.01]]), np.array([[0.5, 0.5]])
    assert review_value(torn, np.zeros(1)) == pytest.approx(1.0)
    assert review_value(sure, np.zeros(1)) < 0.1
    assert review_value(sure, np.array([2.0])) > review_value(torn, np.zeros(1))
    assert review_value(np.array([[1.0, 0.0]]), np.zeros(1)) == 0
