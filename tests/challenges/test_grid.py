import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.challenges.grid import Grid
from annotations.challenges.grid_4x4 import Grid4x4
from annotations.challenges.share import RELIABLE, STRANGER
from annotations.challenges.tiles import Answered, AnswerError, Candidate, Composed, NotEnough

GRID = Grid()
COMPOSED = Composed("grid", tuple(Candidate(i, 2 if i < 4 else None) for i in range(9)), 2)
KEYS = tuple((str(i), f"class {i}") for i in range(3))


def compose(controls, unknowns, *, check=STRANGER, seed=0) -> Composed:
    return GRID.compose(controls, unknowns, 10, check, np.random.default_rng(seed))


def test_a_stranger_answers_seven_controls_and_two_unknowns_somebody_known_three_and_six() -> None:
    assert GRID.controls_needed(10, STRANGER) == 7
    assert GRID.controls_needed(10, RELIABLE) == 2


def test_the_class_asked_for_is_one_that_the_model_guesses_for_an_unknown(gold, asked) -> None:
    unknowns = asked(12, (None, 4, None, 6))
    targets = {compose(gold(10, 8), unknowns, seed=seed).target for seed in range(40)}
    assert targets == {4, 6}


def test_without_guesses_every_class_is_asked_for(gold, asked) -> None:
    assert {compose(gold(10, 8), asked(9), seed=seed).target for seed in range(120)} == set(range(10))


def test_a_guess_that_has_too_few_controls_is_passed_over(gold, asked) -> None:
    controls = [c for c in gold(10, 8) if c.truth != 4] + [Candidate(1, 4)]
    assert all(compose(controls, asked(9, (4,)), seed=seed).target != 4 for seed in range(20))


def test_unknowns_guessed_to_be_the_target_are_asked_before_others(gold, asked) -> None:
    composed = compose(gold(10, 8), asked(40, (4, None, None, None)), check=RELIABLE)
    assert [tile.guess for tile in composed.tiles if tile.truth is None] == [4] * 7


def test_too_few_targets_for_a_fair_coin_are_not_enough(asked) -> None:
    controls = [Candidate(i, truth=i % 2) for i in range(13)]  # seven of one, six of the other
    with pytest.raises(NotEnough, match="7 controls"):
        compose(controls, asked(9))
    assert compose([*controls, Candidate(99, 1)], asked(9)).target in (0, 1)


def test_selected_tiles_are_yes_and_all_others_no() -> None:
    answers = GRID.parse([0, "3", 8], COMPOSED, KEYS)
    assert [a.position for a in answers] == list(range(9))
    assert [a.position for a in answers if a.kind == "yes"] == [0, 3, 8]
    assert {a.cls for a in answers} == {2}


def test_selecting_nothing_is_an_answer() -> None:
    assert GRID.parse([], COMPOSED, KEYS) == tuple(Answered(i, "no", 2) for i in range(9))


def test_that_it_is_none_of_these_says_no_of_every_tile() -> None:
    assert GRID.parse("none", COMPOSED, KEYS) == tuple(Answered(i, "no", 2) for i in range(9))
    assert GRID.say(COMPOSED, [0] * 9) == "none"


def test_none_of_these_is_right_only_where_no_control_shows_the_class() -> None:
    """So who always says it passes with 2^-n, as any blind player; its votes are a «no» for each unknown."""
    nowhere = Composed("grid", tuple(Candidate(i, 1 if i < 4 else None) for i in range(9)), 2)
    for composed, passes in ((COMPOSED, False), (nowhere, True)):
        graded = GRID.grade(composed, GRID.parse("none", composed, KEYS))
        assert graded.passed is passes
        assert graded.votes == tuple(Answered(i, "no", 2) for i in range(4, 9))


def test_a_large_grids_verdict_takes_no_more_controls_so_nine_tiles_of_a_strangers_teach(gold, asked) -> None:
    large = Grid4x4()
    composed = large.compose(gold(10, 8), asked(16), 10, STRANGER, np.random.default_rng(0))
    assert large.controls_needed(10, STRANGER) == GRID.controls_needed(10, STRANGER)
    assert sum(tile.truth is None for tile in composed.tiles) == 9
    assert len(large.parse([15], composed, KEYS)) == 16
    with pytest.raises(AnswerError, match="from 0 to 15"):
        large.parse([16], composed, KEYS)


@pytest.mark.parametrize("raw", [None, "012", 3, {"0": 1}, {0, 1}], ids=repr)
def test_anything_but_a_list_is_refused_in_plain_words(raw) -> None:
    with pytest.raises(AnswerError, match="list of positions"):
        GRID.parse(raw, COMPOSED, KEYS)


HUGE = [pytest.param("9" * 5000, id="long numeral"), pytest.param(10**5000, id="long integer")]


@pytest.mark.parametrize("item", [9, -1, "9", "-1", "", "one", 1.0, True, None, [1], "²", *HUGE])
def test_a_position_off_the_grid_is_refused_in_plain_words(item) -> None:
    with pytest.raises(AnswerError, match="from 0 to 8"):
        GRID.parse([0, item], COMPOSED, KEYS)


def test_a_tile_selected_twice_is_refused_in_plain_words() -> None:
    with pytest.raises(AnswerError, match="twice"):
        GRID.parse([4, "4"], COMPOSED, KEYS)


def test_a_flood_of_positions_is_refused() -> None:
    with pytest.raises(AnswerError):
        GRID.parse([0] * 1_000_000, COMPOSED, KEYS)


@settings(deadline=None)
@given(st.sets(st.integers(0, 8)))
def test_what_is_selected_is_what_is_read(positions) -> None:
    answers = GRID.parse(list(positions), COMPOSED, KEYS)
    assert {a.position for a in answers if a.kind == "yes"} == positions
