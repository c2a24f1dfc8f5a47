import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.challenges.odd_one_out import CLASSES, OddOneOut
from annotations.challenges.rows import rows_of
from annotations.challenges.share import RELIABLE, STRANGER
from annotations.challenges.tiles import Answered, AnswerError, Candidate, Composed, NotEnough

ODD = OddOneOut()
KEYS = (("", "ant"), ("", "bee"), ("", "cat"))
K = 10
# Rows: ant but for a bee at place 2; all cats; bees, and an unknown at place 0; cats, an unknown at 3; all ants.
TRUTHS = (0, 0, 1, 0, 2, 2, 2, 2, None, 1, 1, 1, 2, 2, 2, None, 0, 0, 0, 0)
COMPOSED = Composed("odd-one-out", tuple(Candidate(i, t) for i, t in enumerate(TRUTHS)), None, (0, 2, 1, 2, 0))
RIGHT = ["3", "none", "none", "4", "none"]


def compose(controls, unknowns, *, check=STRANGER, n_classes=K, seed=0) -> Composed:
    return ODD.compose(controls, unknowns, n_classes, check, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def games(gold, asked) -> list[Composed]:
    unknowns = [Candidate(9000 + i, None, (2, 5, 7)[i % 3], likely=(2, 7, 5) if i == 0 else ()) for i in range(12)]
    rng = np.random.default_rng(2024)
    return [ODD.compose(gold(K, 20), unknowns, K, STRANGER, rng) for _ in range(6000)]


def odd_place(row) -> int:
    """The place of what is odd by truth, or by what the model takes it for; 4 where nothing is."""
    shown = [tile.guess if tile.truth is None else tile.truth for tile in row.tiles]
    return next((place for place, cls in enumerate(shown) if cls != row.cls), 4)


def graded(raw):
    return ODD.grade(COMPOSED, ODD.parse(raw, COMPOSED, KEYS))


@pytest.mark.parametrize(("check", "n"), [(STRANGER, 2), (RELIABLE, 4)])
def test_a_stranger_is_checked_in_three_rows_and_asked_in_two_somebody_known_in_one_and_four(check, n, gold, asked):
    composed = compose(gold(K, 20), asked(12), check=check)
    unknown = [sum(tile.truth is None for tile in row.tiles) for row in rows_of(composed)]
    assert sorted(unknown) == [0] * (5 - n) + [1] * n


def test_a_row_is_of_one_class_but_for_one_picture_at_most(games) -> None:
    for composed in games[:300]:
        for row in rows_of(composed):
            assert sum(tile.truth != row.cls for tile in row.tiles) <= 1
            assert row.is_checked or sum(tile.truth is None for tile in row.tiles) == 1


def test_the_right_answer_of_a_checked_row_is_uniform_over_the_places_and_none(games) -> None:
    right = [odd_place(row) for composed in games for row in rows_of(composed) if row.is_checked]
    counts = np.bincount(right, minlength=5)
    assert len(right) == 3 * len(games)
    assert np.all(np.abs(counts - len(right) / 5) < 4 * np.sqrt(len(right) * 0.16))


@pytest.mark.parametrize("answer", range(5))
def test_a_blind_stranger_passes_less_than_one_in_a_hundred_with_any_constant_answer(games, answer) -> None:
    passed = [all(odd_place(row) == answer for row in rows_of(one) if row.is_checked) for one in games]
    assert abs(np.mean(passed) - 1 / 125) < 4 * np.sqrt(0.008 / len(games))


def test_the_stated_rate_of_a_blind_player_is_exact() -> None:
    draws = list(itertools.product(range(5), repeat=ODD.controls_needed(K, STRANGER)))
    assert ODD.blind_pass_rate(3, K) == pytest.approx(sum(set(draw) == {4} for draw in draws) / len(draws))


@pytest.mark.parametrize("told", [odd_place, lambda row: row.cls], ids=["which is odd", "what the others show"])
def test_who_knows_what_the_model_would_say_can_not_tell_which_rows_are_checked(games, told) -> None:
    """By the model's word an unknown is odd as often as a control, at the same places, among the same classes."""
    rows = [row for one in games for row in rows_of(one)]
    checked, asks = (np.array([told(row) for row in rows if row.is_checked is side]) for side in (True, False))
    for value in range(K):
        shares = (checked == value).mean(), (asks == value).mean()
        assert abs(shares[0] - shares[1]) < 4 * np.sqrt(0.25 / len(asks) + 0.25 / len(checked))


def test_the_rows_are_of_what_the_model_holds_probable(games) -> None:
    assert CLASSES == 4
    for composed in games[:100]:
        assert len(set(composed.asked) - {2, 5, 7}) <= 1


def test_where_a_row_stands_says_nothing_of_its_being_checked(games) -> None:
    checked = np.mean([[row.is_checked for row in rows_of(composed)] for composed in games], axis=0)
    assert np.all(np.abs(checked - 0.6) < 4 * np.sqrt(0.24 / len(games)))


def test_classes_too_small_for_a_row_are_not_enough(asked) -> None:
    with pytest.raises(NotEnough, match="4 controls"):
        compose([Candidate(i, truth=i % K) for i in range(3 * K)], asked(9))


def test_the_unknown_is_not_the_class_for_who_picks_it_and_is_it_for_who_says_none() -> None:
    result = graded(RIGHT)
    assert result.passed
    assert result.votes == (Answered(8, "yes", 1), Answered(15, "no", 2))
    assert [is_right for _, is_right in result.controls] == [True, True, True]


@pytest.mark.parametrize("row", [0, 1, 4])
@pytest.mark.parametrize("answer", ["1", "2", "3", "4", "none", "?"])
def test_one_wrong_row_of_controls_fails(row, answer) -> None:
    raw = [answer if i == row else right for i, right in enumerate(RIGHT)]
    assert graded(raw).passed == (answer == RIGHT[row])


def test_who_picks_a_control_in_a_row_that_asks_was_wrong_about_it_and_votes_for_nothing() -> None:
    result = graded(["3", "none", "2", "?", "none"])
    assert result.passed
    assert result.votes == ()
    assert (Answered(9, "no", 1), False) in result.controls


def test_each_answer_is_about_one_tile_of_its_row_whatever_the_row_is_for() -> None:
    for raw in (RIGHT, ["none"] * 5, ["1", "2", "3", "4", "1"]):
        assert [answer.position // 4 for answer in ODD.parse(raw, COMPOSED, KEYS)] == list(range(5))


def test_the_tile_that_none_is_said_of_stands_anywhere_in_rows_of_either_sort(games) -> None:
    places = {True: np.zeros(4), False: np.zeros(4)}
    for composed in games:
        rows = rows_of(composed)
        for row, answer in zip(rows, ODD.parse(["none"] * 5, composed, KEYS * 4), strict=True):
            places[row.is_checked][answer.position - row.start] += 1
    for counts in places.values():
        assert np.all(np.abs(counts - counts.sum() / 4) < 4 * np.sqrt(counts.sum() * 3 / 16))


def test_a_control_that_came_into_doubt_makes_its_row_no_check() -> None:
    tiles = tuple(Candidate(t.image_id, None) if t.image_id == 2 else t for t in COMPOSED.tiles)
    doubted = Composed("odd-one-out", tiles, None, COMPOSED.asked)
    answers = ODD.parse(["1", *RIGHT[1:]], COMPOSED, KEYS)
    assert not ODD.grade(COMPOSED, answers).passed
    assert ODD.grade(doubted, answers).passed


@pytest.mark.parametrize("said", [3, "3", " 3 "])
def test_a_number_is_read_however_it_is_written(said) -> None:
    assert ODD.parse([said, "None", None, "?", "none"], COMPOSED, KEYS)[0] == Answered(2, "no", 0)


@pytest.mark.parametrize(
    "raw", [None, "3", ["3"] * 4, ["3"] * 6, ["5"] * 5, [0] * 5, [True] * 5, [1.0] * 5, [[]] * 5, [""] * 5], ids=repr
)
def test_anything_else_is_refused_in_plain_words(raw) -> None:
    with pytest.raises(AnswerError, match="1 to 4"):
        ODD.parse(raw, COMPOSED, KEYS)


def test_each_row_has_the_same_question_with_a_key_an_answer() -> None:
    questions = ODD.questions(COMPOSED, KEYS)
    assert len(questions) == 5 and len({id(one) for one in questions}) == 1
    assert [option.key for option in questions[0].options] == ["1", "2", "3", "4", "a", "0"]
    assert not any(name in str(questions) for _, name in KEYS)


@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), unknown=st.lists(st.integers(0, 5), min_size=12, max_size=12))
def test_who_sees_everything_passes_and_says_what_each_unknown_is_or_is_not(seed: int, unknown: list[int]) -> None:
    controls = [Candidate(100 + i, i % 6) for i in range(120)]
    composed = compose(controls, [Candidate(i, None, i % 4) for i in range(12)], n_classes=6, seed=seed)
    seen = [unknown[tile.image_id] if tile.truth is None else tile.truth for tile in composed.tiles]
    result = ODD.grade(composed, ODD.parse(ODD.say(composed, seen), composed, KEYS * 2))
    assert result.passed
    for vote in result.votes:
        assert (seen[vote.position] == vote.cls) == (vote.kind == "yes")
    assert len(result.votes) == 2
