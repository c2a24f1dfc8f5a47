from collections import Counter

import numpy as np
import pytest

from annotations.challenges.grid import Grid
from annotations.challenges.more_like_this import MoreLikeThis
from annotations.challenges.share import STRANGER
from annotations.challenges.tiles import Answered, Candidate, Composed, NotEnough

ALIKE = MoreLikeThis()
KEYS = (("", "class_17"), ("", "class_18"))
TILES = tuple(Candidate(i, i % 2 if i < 7 else None) for i in range(9))
COMPOSED = Composed("more-like-this", TILES, 1, reference=Candidate(99, 1))


def compose(controls, unknowns, seed=0) -> Composed:
    return ALIKE.compose(controls, unknowns, 10, STRANGER, np.random.default_rng(seed))


def test_the_example_is_a_control_of_the_class_and_none_of_the_tiles(gold, asked) -> None:
    for seed in range(200):
        composed = compose(gold(10, 8), asked(12, (3, None)), seed)
        assert composed.reference is not None
        assert composed.reference.truth == composed.target
        assert composed.reference not in composed.tiles
        assert composed.shown == (*composed.tiles, composed.reference)


def test_not_everybody_gets_the_same_example(gold, asked) -> None:
    examples = Counter(compose(gold(10, 40), asked(12, (3,)), seed).reference for seed in range(900))
    assert len(examples) == 9  # the foremost of the class, as many as there are tiles
    assert max(examples.values()) < 100 + 4 * np.sqrt(900 * 8 / 81)


def test_the_coins_are_as_fair_as_a_grids_beside_the_example(gold, asked) -> None:
    shows = [
        tile.truth == composed.target
        for composed in (compose(gold(10, 8), asked(12, (2, 5)), seed) for seed in range(3000))
        for tile in composed.tiles
        if tile.truth is not None
    ]
    assert abs(np.mean(shows) - 0.5) < 4 * 0.5 / np.sqrt(len(shows))


def test_a_class_with_a_control_for_each_coin_and_none_for_the_example_is_not_shown(asked) -> None:
    seven = [Candidate(i, truth=i % 2) for i in range(14)]
    assert Grid().compose(seven, asked(9), 2, STRANGER, np.random.default_rng(0))
    with pytest.raises(NotEnough):
        compose(seven, asked(9))
    for seed in range(30):
        assert compose([*seven, Candidate(14, 0)], asked(9), seed).target == 0


def test_no_name_is_asked_for() -> None:
    assert ALIKE.prompt(COMPOSED, KEYS) == "Select every picture that shows the same as the example"


def test_nothing_is_graded_by_the_example_and_nobody_votes_on_it() -> None:
    result = ALIKE.grade(COMPOSED, ALIKE.parse([1, 3, 5, 7], COMPOSED, KEYS))
    assert result.passed
    assert result.votes == (Answered(7, "yes", 1), Answered(8, "no", 1))
    assert {answer.position for answer, _ in result.controls} == set(range(7))


def test_who_looks_at_all_pictures_answers_of_the_tiles_alone() -> None:
    seen = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1]
    assert ALIKE.say(COMPOSED, seen) == [1, 3, 5, 7]
    assert ALIKE.say(COMPOSED, [0] * 9 + [1]) == "none"
