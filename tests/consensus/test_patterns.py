from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus import sequences
from annotations.consensus.patterns import Patterns, patterns
from annotations.consensus.sequences import always_there, sequence
from annotations.consensus.timing import timing
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes

N = 200


def known(truth: IntArray, n_classes: int) -> FloatArray:
    return np.eye(n_classes)[truth]


def shown(answer: Any, n_classes: int = 10, **more: Any) -> Patterns:
    """One person's choices, each on an item of its own whose class is drawn evenly."""
    truth = np.random.default_rng(5).integers(n_classes, size=len(answer))
    votes = Votes.of(np.zeros(len(answer), dtype=int), np.arange(len(answer)), answer, n_classes=n_classes)
    return patterns(votes, known(truth, n_classes), 0, **more)


def tiles(kind: Any) -> Patterns:
    """One person's answers to tiles, half of which are the class asked for."""
    rng = np.random.default_rng(5)
    truth = rng.integers(2, size=len(kind))
    votes = Votes.of(np.zeros(len(kind), dtype=int), np.arange(len(kind)), np.ones(len(kind), dtype=int), kind)
    return patterns(votes, known(truth, 2), 0)


def lognormal(n: int, spread: float, seed: int = 0) -> FloatArray:
    return np.exp(np.random.default_rng(seed).normal(np.log(2), spread, n))


@pytest.mark.parametrize("n_classes", [2, 4, 10])
@pytest.mark.parametrize("wanted", [0.0, 1.0])
def test_honest_people_are_hardly_ever_suspicious(simulate: Callable[..., Any], n_classes: int, wanted: float):
    crowd = simulate(np.linspace(0.6, 0.95, 150), n_items=3000, n_classes=n_classes, each=10, tiles=wanted)
    rng = np.random.default_rng(1)
    times = np.exp(rng.normal(np.log(2), 0.4, len(crowd.votes)))
    places = rng.integers(9, size=len(crowd.votes))
    truth = known(crowd.truth, n_classes)
    flagged = [
        patterns(crowd.votes, truth, a, seconds=times, position=places, n_positions=9).suspicious() for a in range(150)
    ]
    assert sum(bool(names) for names in flagged) <= 1


def test_an_honest_person_whose_errors_all_fall_on_one_class_is_not_suspicious():
    rng = np.random.default_rng(5)
    truth = rng.integers(10, size=500)
    assert shown(np.where(rng.random(500) < 0.75, truth, 3)).suspicious() == ()


def test_who_always_says_the_same_is_found_by_run_and_share():
    found = shown(np.full(N, 3))
    assert {"choice_run", "choice_share"} <= set(found.suspicious())
    assert found.choice_run is not None
    assert (found.choice_run.statistic, found.choice_run.n) == (N, N)


def test_who_denies_every_tile_is_found():
    assert {"tile_run", "tile_share"} <= set(tiles(np.full(N, Kind.NO)).suspicious())


def test_who_alternates_between_yes_and_no_is_found():
    found = tiles(np.where(np.arange(N) % 2, Kind.YES, Kind.NO))
    assert found.suspicious() == ("tile_cycle",)


@pytest.mark.parametrize("period", [2, 3, 4, 5, 6])
def test_who_names_the_classes_in_turn_is_found(period: int):
    found = shown(np.arange(N) % period, n_classes=6)
    assert "choice_cycle" in found.suspicious()
    assert found.choice_cycle is not None
    assert found.choice_cycle.statistic == 1


def test_a_long_run_is_no_pattern_where_the_images_are_such():
    truth = np.repeat([4, 1, 2, 0, 3], 40)
    votes = Votes.of(np.zeros(N, dtype=int), np.arange(N), truth, n_classes=5)
    assert patterns(votes, known(truth, 5), 0).suspicious() == ()
    mixed = np.random.default_rng(0).permutation(truth)
    assert "choice_run" in patterns(votes, known(mixed, 5), 0).suspicious()


def test_the_chance_of_a_run_is_bounded_closely(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sequences, "LEANING", 0.0)
    rng = np.random.default_rng(0)
    tails = [sequence(rng.integers(2, size=100), np.full((100, 2), 0.5))[0] for _ in range(600)]
    below = np.mean([run is not None and run.p_value < 0.1 for run in tails])
    # Lengths are whole numbers, each half as likely as the one before: the level is met within a factor of two or so.
    assert 0.03 < below <= 0.1


def test_who_is_quicker_than_possible_is_found():
    quick, even = timing(np.r_[lognormal(80, 0.4), np.full(40, 0.05)])
    assert quick is not None and even is not None
    assert quick.statistic == pytest.approx(1 / 3, abs=0.01)
    assert quick.p_value < 1e-9
    assert even.p_value > 0.5


def test_a_single_slip_is_not_too_quick():
    quick, _ = timing(np.r_[lognormal(99, 0.4), 0.1])
    assert quick is not None
    assert quick.p_value > 0.5


def test_a_metronome_is_found():
    _, even = timing(lognormal(60, 0.02))
    assert even is not None
    assert even.p_value < 1e-9
    _, constant = timing(np.full(60, 2.0))
    assert constant is not None
    assert constant.statistic == pytest.approx(0)
    assert constant.p_value == 0


def test_times_of_people_are_not_too_even():
    tails = [timing(lognormal(60, 0.3, seed))[1] for seed in range(200)]
    assert all(found is not None and found.p_value > 0.01 for found in tails)


def test_times_that_are_not_known_do_not_count():
    quick, _ = timing(np.r_[lognormal(40, 0.4), np.full(500, np.nan)])
    assert quick is not None
    assert quick.n == 40


def test_who_always_picks_the_same_place_is_found():
    rng = np.random.default_rng(0)
    always = np.where(rng.random(N) < 0.9, 4, rng.integers(9, size=N))
    found = shown(rng.integers(10, size=N), position=always, n_positions=9)
    assert "position" in found.suspicious()
    spread = always_there(rng.integers(9, size=N), 9)
    assert spread is not None
    assert spread.p_value > 0.1


def test_nothing_is_said_on_fewer_than_the_minimum():
    few = shown(np.full(29, 3), seconds=np.full(29, 0.01), position=np.zeros(29), n_positions=9)
    assert few == Patterns(*[None] * 9)
    assert few.suspicious() == ()
    enough = shown(np.full(30, 3), seconds=np.full(30, 0.01), position=np.zeros(30), n_positions=9)
    assert set(enough.suspicious()) == {"quick", "even", "position", "choice_run", "choice_share"}


def test_only_the_answers_of_the_person_count():
    votes = Votes.of(np.arange(100) % 2, np.arange(100), np.where(np.arange(100) % 2, 0, np.arange(100) // 2 % 5))
    posterior = np.full((100, 5), 0.2)
    assert "choice_run" in patterns(votes, posterior, 1).suspicious()
    assert "choice_run" not in patterns(votes, posterior, 0).suspicious()


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 5), st.integers(0, 2**32 - 1), st.randoms(use_true_random=False))
def test_other_names_for_the_classes_change_nothing(n_classes: int, seed: int, random: Any):
    rng = np.random.default_rng(seed)
    answer, expected = rng.integers(n_classes, size=40), rng.dirichlet(np.ones(n_classes), size=40)
    names = np.array(random.sample(range(n_classes), n_classes))
    renamed = np.empty_like(expected)
    renamed[:, names] = expected
    for before, after in zip(sequence(answer, expected), sequence(names[answer], renamed), strict=True):
        assert before is not None and after is not None
        assert 0 <= before.p_value <= 1
        assert after.p_value == pytest.approx(before.p_value)


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one value a vote"):
        shown(np.zeros(40, dtype=int), seconds=[1.0])
    with pytest.raises(ValueError, match="negative"):
        shown(np.zeros(40, dtype=int), seconds=np.full(40, -1.0))
    with pytest.raises(ValueError, match="position"):
        shown(np.zeros(40, dtype=int), position=np.full(40, 9), n_positions=9)
