"""How closely a person is checked: much at first, little once they are shown reliable, and again when in doubt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.challenges.registry import KINDS, OFFERED
from annotations.challenges.share import ENOUGH, RELIABLE, STRANGER, Check, check, doubt
from annotations.consensus.reliability import assess

counts, bounds = st.integers(0, 300), st.floats(0, 1)


def low_of(right: float, wrong: float) -> float:
    return float(assess(np.array([right]), np.array([wrong])).low[0])


def test_two_tiles_in_five_are_controls_for_a_stranger_and_one_in_ten_for_the_reliable() -> None:
    assert STRANGER.share == 0.4
    assert RELIABLE.share == pytest.approx(0.1)


@pytest.mark.parametrize("answered", [0, 1, 19, 20])
def test_the_first_twenty_tiles_are_checked_in_full_however_well_they_are_answered(answered: int) -> None:
    assert check(doubt(answered=answered, low=1.0)) == STRANGER


def test_who_answers_well_comes_to_one_in_ten_smoothly() -> None:
    """Nine tenths of a challenge's controls right, tile after tile."""
    shares = [check(doubt(answered=n, low=low_of(0.95 * n / 2, 0.05 * n / 2))).share for n in range(301)]
    assert shares[20] == 0.4
    assert shares[-1] == pytest.approx(0.1)
    assert np.all(np.diff(shares) <= 1e-9)
    assert np.abs(np.diff(shares)).max() < 0.02


def test_who_is_right_in_half_of_them_is_checked_in_full_for_ever() -> None:
    assert check(doubt(answered=1000, low=low_of(250, 250))) == STRANGER


def test_each_failure_in_a_row_brings_the_doubt_back() -> None:
    shares = [check(doubt(answered=500, low=0.95, failed=failed)).share for failed in range(4)]
    assert shares == pytest.approx([0.1, 0.25, 0.325, 0.3625])


@given(answered=counts, more=counts, low=bounds, other=bounds, failed=st.integers(0, 20))
def test_more_that_speaks_for_a_person_never_raises_the_doubt(answered, more, low, other, failed) -> None:
    better = max(low, other)
    here = doubt(answered=answered, low=low, failed=failed)
    assert 0 <= doubt(answered=answered + more, low=better, failed=failed) <= here <= 1
    assert doubt(answered=answered, low=low, failed=failed + 1) >= here


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from([2, 3, 5, 10, 500]))
def test_more_doubt_never_asks_for_fewer_controls(one: float, other: float, n_classes: int) -> None:
    less, more = check(min(one, other)), check(max(one, other))
    for kind in OFFERED.values():
        assert kind.controls_needed(n_classes, less) <= kind.controls_needed(n_classes, more)


@given(st.floats(0, 1), st.sampled_from([2, 3, 5, 10, 500]))
def test_nobody_is_checked_by_less_than_their_verdict_needs(doubted: float, n_classes: int) -> None:
    checked = check(doubted)
    for kind in OFFERED.values():
        needed = kind.controls_needed(n_classes, checked)
        assert kind.blind_pass_rate(needed, n_classes) < 1 / checked.odds <= 1 / 2 + 1e-9
        assert needed <= checked.controls_wanted(needed, kind.size) <= kind.size


@given(st.floats(0, 1), st.sampled_from([2, 3, 5, 10]))
def test_who_passes_looks_by_a_hundred_to_one_and_one_slip_is_too_many_by_the_same_odds(doubted: float, n: int) -> None:
    checked = check(doubted)
    before = ENOUGH / checked.odds
    for kind in OFFERED.values():
        chance, needed = kind.chance(n), kind.controls_needed(n, checked)
        assert before * chance**-needed >= ENOUGH
        assert before * chance ** (1 - needed) * 0.03 / (1 - chance) < ENOUGH


def test_a_strip_of_ten_classes_takes_four_controls_of_a_stranger_and_one_of_the_reliable() -> None:
    strip = KINDS["strip"]
    wanted = [
        checked.controls_wanted(strip.controls_needed(10, checked), strip.size) for checked in (STRANGER, RELIABLE)
    ]
    assert wanted == [4, 1]


@pytest.mark.parametrize("blind", [0.0, 1.0, -0.1])
def test_a_question_that_anybody_or_nobody_gets_right_has_no_verdict(blind: float) -> None:
    with pytest.raises(ValueError, match="blind"):
        Check(7, 1, 0.1).controls_needed(blind)


def test_negative_counts_and_doubts_are_refused() -> None:
    for numbers in ({"answered": -1}, {"answered": 0, "failed": -1}):
        with pytest.raises(ValueError, match="negative"):
            doubt(low=0.5, **numbers)
    for outside in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="doubt"):
            check(outside)
