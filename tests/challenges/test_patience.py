"""Whoever fails again and again waits longer and longer; whoever slips once waits not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.challenges.patience import failed_in_a_row, in_words, pause, seconds_left


@pytest.mark.parametrize(
    ("passed", "failed"),
    [([], 0), ([True], 0), ([False], 1), ([False, False, True, False], 2), ([True, False, False], 0)],
)
def test_a_pass_ends_the_row(passed: list[bool], failed: int) -> None:
    assert failed_in_a_row(passed) == failed


def test_two_failures_are_nobodys_fault_the_third_takes_half_a_minute() -> None:
    assert [pause(failed) for failed in range(6)] == [0, 0, 0, 30, 60, 120]


def test_the_longest_pause_is_an_hour() -> None:
    assert pause(9) < 3600 == pause(10) == pause(10_000)


@given(st.integers(0, 50))
def test_another_failure_never_shortens_the_pause(failed: int) -> None:
    assert pause(failed + 1) >= pause(failed)


def test_what_is_left_shrinks_with_time_and_ends() -> None:
    assert [seconds_left(3, since) for since in (0, 0.5, 29.5, 30, 1e9)] == [30, 30, 1, 0, 0]
    assert seconds_left(2, 0) == 0


def test_who_only_tries_gets_few_tries() -> None:
    """Without a pass in between, ten in the first two hours."""
    spent, tries = 0.0, 0
    while spent < 2 * 3600:
        tries += 1
        spent += pause(tries)
    assert tries <= 10


def test_negative_failures_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        pause(-1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 second"), (30, "30 seconds"), (90, "90 seconds"), (91, "2 minutes"), (3600, "60 minutes")],
)
def test_a_wait_is_told_in_words(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
