from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.challenges.share import KNOWN
from annotations.sites.risk import BUSY, EASY, FLOOD, HARD, HARDEST, MANY, SOME, USUAL, Risk, Signals, risk

counts = st.integers(0, 2000)
signals = st.builds(Signals, st.floats(0, 1), st.booleans(), counts, counts, counts)
STRANGER, BOB = Signals(1.0, new=True), Signals(0.0)


def test_a_stranger_does_the_usual_work_and_somebody_known_the_least() -> None:
    assert risk(STRANGER) == Risk(USUAL, 0.0)
    assert risk(BOB) == risk(Signals(KNOWN)) == Risk(EASY, 0.0)


def test_a_classroom_that_passes_is_asked_no_more_than_anybody() -> None:
    assert risk(replace(STRANGER, new=False, visits=200, failed=60, passed=140)) == Risk(USUAL, 0.0)


def test_who_brings_no_key_from_where_many_come_may_be_one_and_the_same() -> None:
    assert risk(replace(STRANGER, visits=BUSY)).bits == HARD
    assert risk(replace(STRANGER, visits=BUSY, new=False)).bits == USUAL
    assert risk(replace(STRANGER, visits=FLOOD)).bits == HARDEST


def test_a_network_that_fails_is_checked_more_closely_and_works_more() -> None:
    assert risk(replace(STRANGER, failed=SOME)) == Risk(HARD, 0.5)
    assert risk(replace(STRANGER, failed=MANY)) == Risk(HARDEST, 1.0)
    assert risk(replace(STRANGER, failed=MANY, passed=MANY)) == Risk(USUAL, 0.0)


def test_somebody_known_is_not_taken_for_a_stranger_for_what_their_neighbours_do() -> None:
    flooded = risk(replace(BOB, visits=2 * FLOOD))
    failing = risk(replace(BOB, visits=2 * FLOOD, failed=300))
    assert flooded == Risk(EASY, 0.0)
    assert failing == Risk(HARD, 0.5)
    assert failing.doubt > KNOWN, "and yet a glance is too little there"


@given(signals, counts, counts)
def test_what_speaks_against_a_network_never_makes_it_easier(here: Signals, visits: int, failed: int) -> None:
    worse = risk(replace(here, visits=here.visits + visits, failed=here.failed + failed, new=True))
    assert (worse.bits, worse.doubt) >= (risk(here).bits, risk(here).doubt)
    assert worse.doubt >= risk(here).doubt


@given(signals, counts)
def test_what_speaks_for_it_never_makes_it_harder(here: Signals, passed: int) -> None:
    better = risk(replace(here, passed=here.passed + passed))
    assert better.bits <= risk(here).bits and better.doubt <= risk(here).doubt


@given(signals, st.floats(0, 1))
def test_more_doubt_is_never_less_work(here: Signals, doubt: float) -> None:
    doubted = risk(replace(here, doubt=max(doubt, here.doubt)))
    assert doubted.bits >= risk(here).bits and doubted.doubt >= risk(here).doubt


@given(signals)
def test_every_risk_is_one_of_the_levels(here: Signals) -> None:
    assert risk(here).bits in (EASY, USUAL, HARD, HARDEST)
    assert 0 <= risk(here).doubt <= 1


@pytest.mark.parametrize("name", ["visits", "failed", "passed"])
def test_negative_counts_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="negative"):
        risk(replace(STRANGER, **{name: -1}))
