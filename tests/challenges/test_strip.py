import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.challenges.share import RELIABLE, STRANGER
from annotations.challenges.strip import Strip, is_typed
from annotations.challenges.tiles import Answered, AnswerError, Candidate, Composed

STRIP = Strip()
COMPOSED = Composed("strip", tuple(Candidate(i, 2 if i < 3 else None) for i in range(10)), None)
DIGITS = tuple((str(i), f"digit {i}") for i in range(10))
LETTERS = (("c", "cat"), ("d", "dog"), ("É", "écureuil"))
NAMES = (("", "cat"), ("", "dog"), ("", "Red Fox"))


def classes(raw: object, keys=DIGITS) -> list[int]:
    return [answer.cls for answer in STRIP.parse(raw, COMPOSED, keys)]


@pytest.mark.parametrize(
    ("n_classes", "stranger", "reliable"),
    [(2, 7, 2), (3, 5, 1), (4, 4, 1), (5, 3, 1), (8, 3, 1), (500, 3, 1)],
)
def test_the_fewer_classes_the_more_controls(n_classes, stranger, reliable) -> None:
    assert STRIP.controls_needed(n_classes, STRANGER) == stranger
    assert STRIP.controls_needed(n_classes, RELIABLE) == reliable


def test_a_class_with_few_controls_is_not_drawn_while_there_are_others(gold, asked) -> None:
    controls = [*(c for c in gold(10, 8) if c.truth != 9), Candidate(1, 9), Candidate(2, 9)]
    for seed in range(100):
        composed = STRIP.compose(controls, asked(9), 10, STRANGER, np.random.default_rng(seed))
        assert 9 not in {tile.truth for tile in composed.tiles}


def test_typed_keys_become_choices() -> None:
    answers = STRIP.parse("0123456789", COMPOSED, DIGITS)
    assert answers == tuple(Answered(i, "choice", i) for i in range(10))


@pytest.mark.parametrize("raw", ["cdécdécdéc", "CDÉCDÉCDÉC", " cdé cdé cdé c ", "cde\u0301cdécdéc", "ｃｄécdécdéc"])
def test_spaces_case_and_ways_of_typing_a_character_do_not_matter(raw) -> None:
    assert classes(raw, LETTERS) == [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]


def test_a_question_mark_is_no_vote_and_a_wrong_control() -> None:
    on_unknown = STRIP.parse("222?456789", COMPOSED, DIGITS)
    assert [a.position for a in on_unknown] == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    graded = STRIP.grade(COMPOSED, on_unknown)
    assert graded.passed
    assert len(graded.votes) == 6
    assert not STRIP.grade(COMPOSED, STRIP.parse("22?3456789", COMPOSED, DIGITS)).passed


@pytest.mark.parametrize("raw", ["", "123456789", "01234567890", "0" * 100_000])
def test_the_wrong_number_of_characters_is_refused_in_plain_words(raw) -> None:
    with pytest.raises(AnswerError, match="exactly 10 characters"):
        STRIP.parse(raw, COMPOSED, DIGITS)


def test_a_character_that_is_no_key_is_refused_and_named_with_the_keys_there_are() -> None:
    with pytest.raises(AnswerError, match=r"“x” isn't one of the keys: 0 1 2 3 4 5 6 7 8 9"):
        STRIP.parse("01234x6789", COMPOSED, DIGITS)


def test_classes_without_keys_cannot_be_typed() -> None:
    with pytest.raises(AnswerError, match="no keys"):
        STRIP.parse("0123456789", COMPOSED, NAMES)


@pytest.mark.parametrize("raw", [None, 123, {"0": 1}, b"0123456789"], ids=repr)
def test_anything_but_a_string_or_a_list_is_refused_in_plain_words(raw) -> None:
    with pytest.raises(AnswerError, match="one character a tile"):
        STRIP.parse(raw, COMPOSED, DIGITS)


def test_a_short_list_is_answered_with_names_or_indices() -> None:
    raw = ["cat", "DOG", "red fox", "Red Fox", 0, "1", 2, "cat", "cat", "dog"]
    assert classes(raw, NAMES) == [0, 1, 2, 2, 0, 1, 2, 0, 0, 1]


def test_a_name_wins_over_an_index_and_the_exact_name_over_the_same_in_another_case() -> None:
    keys = (("", "2"), ("", "a"), ("", "A"))
    assert classes(["2", "a", "A", "0", "1", 2, 0, 0, 0, 0], keys) == [0, 1, 2, 0, 1, 2, 0, 0, 0, 0]


def test_a_tile_of_a_short_list_may_be_left_open() -> None:
    answers = STRIP.parse(["cat"] * 8 + ["?", None], COMPOSED, NAMES)
    assert [a.position for a in answers] == list(range(8))


def test_a_list_of_the_wrong_length_is_refused_in_plain_words() -> None:
    with pytest.raises(AnswerError, match="exactly 10 tiles"):
        STRIP.parse(["cat"] * 9, COMPOSED, NAMES)


@pytest.mark.parametrize("item", ["wolf", "3", "-1", ""])
def test_a_name_that_is_no_class_is_refused_and_repeated(item) -> None:
    with pytest.raises(AnswerError, match=f"“{item}” isn't one of the classes"):
        STRIP.parse(["cat"] * 9 + [item], COMPOSED, NAMES)


@pytest.mark.parametrize("item", [3, -1, 1.0, True, ["cat"], {}], ids=repr)
def test_an_item_that_is_no_index_is_refused_in_plain_words(item) -> None:
    with pytest.raises(AnswerError, match="name or index"):
        STRIP.parse(["cat"] * 9 + [item], COMPOSED, NAMES)


@pytest.mark.parametrize(
    "keys",
    [NAMES, (("a", "ant"), ("A", "ape")), (("?", "odd"), ("e", "even")), (("ab", "ant"), ("c", "cat"))],
)
def test_missing_equal_reserved_or_long_keys_cannot_be_typed(keys) -> None:
    assert not is_typed(keys)
    assert is_typed(LETTERS)


@settings(deadline=None)
@given(st.lists(st.integers(0, 9), min_size=10, max_size=10))
def test_what_is_typed_is_what_is_read(typed) -> None:
    assert classes("".join(map(str, typed))) == classes(typed) == typed


@settings(deadline=None)
@given(st.text() | st.lists(st.none() | st.text() | st.integers() | st.floats()))
def test_whatever_is_sent_is_read_or_refused_with_a_reason(raw) -> None:
    try:
        answers = STRIP.parse(raw, COMPOSED, LETTERS)
    except AnswerError as refusal:
        assert str(refusal).endswith((".", "?"))
    else:
        assert all(0 <= a.cls < 3 and 0 <= a.position < 10 for a in answers)
