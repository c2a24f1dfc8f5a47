from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.consensus.stopping import State, StoppingRule, decide

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
