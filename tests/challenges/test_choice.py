import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.challenges.choice import OPTIONS, Choice
from annotations.challenges.share import RELIABLE, STRANGER
from annotations.challenges.tiles import Answered, AnswerError, Candidate, Composed

CHOICE = Choice()
KEYS = (("", "ant"), ("", "bee"), ("", "cat"), ("", "dog"))
COMPOSED = Composed("choice", tuple(Candidate(i, 2 if i < 4 else None) for i in range(8)), None, (2, 0, 1))


def compose(controls, unknowns, *, n_classes=10, check=STRANGER, seed=0) -> Composed:
    return CHOICE.compose(controls, unknowns, n_classes, check, np.random.default_rng(seed))


def test_a_stranger_answers_three_controls_and_five_unknowns_somebody_known_one_and_seven(gold, asked) -> None:
    for check, n in ((STRANGER, 5), (RELIABLE, 7)):
        composed = compose(gold(10, 8), asked(12), check=check)
        assert sum(tile.truth is None for tile in composed.tiles) == n


def test_every_control_shows_one_of_the_options(gold, asked) -> None:
    for seed in range(50):
        composed = compose(gold(10, 8), asked(3, (4, 6)), seed=seed)
        assert len(composed.asked) == OPTIONS
        assert {tile.truth for tile in composed.tiles} - {None} <= set(composed.asked)


def test_the_options_are_what_the_model_holds_probable_and_others(gold, asked) -> None:
    first, *rest = asked(8, (4, 4, 6))
    unknowns = [Candidate(first.image_id, None, 4, likely=(4, 9, 1, 0)), *rest]
    for seed in range(20):
        options = compose(gold(10, 8), unknowns, seed=seed).asked
        assert {4, 9, 1, 6} < set(options)
        assert len(set(options)) == OPTIONS


def test_the_place_of_an_option_does_not_tell_the_models_favourite(gold, asked) -> None:
    places = [compose(gold(10, 8), asked(8, (4,)), seed=seed).asked.index(4) for seed in range(1000)]
    assert np.all(np.abs(np.bincount(places, minlength=OPTIONS) - 200) < 4 * np.sqrt(1000 * 0.2 * 0.8))


def test_unknowns_that_the_model_takes_for_an_option_are_asked_before_others(gold, asked) -> None:
    controls = [c for c in gold(10, 12) if c.truth < 5]
    composed = compose(controls, asked(20, (7, 3, None, 9)))
    assert [tile.guess for tile in composed.tiles if tile.truth is None] == [3] * 5


@pytest.mark.parametrize("n_classes", [2, 3, 4, 5, 10])
def test_a_blind_stranger_passes_as_often_as_stated_with_any_option(n_classes, gold, asked) -> None:
    """Each control is uniform over the options whatever they are, so a player who knows them all can do no better."""
    rng, rounds, passed = np.random.default_rng(7), 6000, np.zeros(2)
    controls, unknowns = gold(n_classes, 14), asked(12, (0, 1, None))
    for _ in range(rounds):
        composed = CHOICE.compose(controls, unknowns, n_classes, STRANGER, rng)
        truths = {tile.truth for tile in composed.tiles} - {None}
        rare = max(composed.asked, key=lambda cls: (cls not in (0, 1), cls))  # what the model has not named
        passed += [truths == {composed.asked[0]}, truths == {rare}]
    stated = CHOICE.blind_pass_rate(CHOICE.controls_needed(n_classes, STRANGER), n_classes)
    assert stated < 0.01
    assert np.all(np.abs(passed / rounds - stated) < 4 * np.sqrt(stated / rounds))


def test_the_stated_rate_of_a_blind_player_is_exact() -> None:
    """By counting: of all draws of three controls from five options, one is all of the option that is always named."""
    draws = list(itertools.product(range(OPTIONS), repeat=3))
    assert CHOICE.blind_pass_rate(3, 10) == pytest.approx(sum(set(draw) == {2} for draw in draws) / len(draws))


def test_names_and_indices_of_options_are_read_and_no_others() -> None:
    said = CHOICE.parse(["cat", 0, "BEE", "?", None, "1", "cat", "ant"], COMPOSED, KEYS)
    assert [(a.position, a.cls) for a in said] == [(0, 2), (1, 0), (2, 1), (5, 1), (6, 2), (7, 0)]
    assert {a.kind for a in said} == {"choice"}
    for other in ("dog", 3, "", 9, True, [1]):
        with pytest.raises(AnswerError):
            CHOICE.parse([other, *["cat"] * 7], COMPOSED, KEYS)


@pytest.mark.parametrize("raw", [None, "catcatca", 3, ["cat"] * 7, ["cat"] * 9, {"0": "cat"}], ids=repr)
def test_anything_but_a_list_of_eight_is_refused(raw) -> None:
    with pytest.raises(AnswerError):
        CHOICE.parse(raw, COMPOSED, KEYS)


def test_none_of_these_fails_a_control_and_is_no_vote_on_an_unknown() -> None:
    assert not CHOICE.grade(COMPOSED, CHOICE.parse(["?", *["cat"] * 7], COMPOSED, KEYS)).passed
    graded = CHOICE.grade(COMPOSED, CHOICE.parse([*["cat"] * 4, "?", "?", "ant", "bee"], COMPOSED, KEYS))
    assert graded.passed
    assert graded.votes == (Answered(6, "choice", 0), Answered(7, "choice", 1))


def test_each_picture_has_the_same_question_with_keys_in_order() -> None:
    questions = CHOICE.questions(COMPOSED, KEYS)
    assert len(questions) == 8 and set(questions) == {questions[0]}
    assert [(o.value, o.key) for o in questions[0].options] == [("cat", "1"), ("ant", "2"), ("bee", "3"), ("?", "0")]


@settings(deadline=None, max_examples=80)
@given(seed=st.integers(0, 2**32 - 1), seen=st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_what_somebody_sees_is_what_is_read(seed: int, seen: list[int]) -> None:
    controls = [Candidate(100 + i, i % 3) for i in range(30)]
    composed = compose(controls, [Candidate(i, None) for i in range(8)], n_classes=3, seed=seed)
    read = {a.position: a.cls for a in CHOICE.parse(CHOICE.say(composed, seen), composed, KEYS)}
    assert read == {i: cls for i, cls in enumerate(seen) if cls in composed.asked}
