"""The rates of `bench challenges`: small, but composed, answered and graded for real."""

import numpy as np
import pytest

from annotations.challenges.registry import KINDS, offered
from annotations.challenges.share import STRANGER
from annotations.challenges.tiles import Candidate
from learning.bench.challenges_argmax import Digits
from learning.bench.challenges_players import blind, human, play
from learning.bench.challenges_rates import KEYS, of_kind

every_kind = pytest.mark.parametrize("name", offered(KEYS))


@pytest.fixture(scope="module")
def digits() -> Digits:
    """A model that takes every fourth picture for its neighbour."""
    truth = np.arange(300) % 10
    argmax = np.where(np.arange(300) % 4, truth, (truth + 1) % 10)
    controls = [Candidate(image, int(truth[image])) for image in range(200)]
    unknowns = [Candidate(image, None, int(argmax[image])) for image in range(200, 300)]
    return Digits(controls, unknowns, argmax, 0.75, 0.75)


@every_kind
def test_what_is_played_agrees_with_the_kinds_own_arithmetic(name, digits) -> None:
    found = of_kind(name, 500, 0, digits)
    assert found.human_interval[0] - 0.02 < found.expected_human < found.human_interval[1] + 0.02
    assert found.blind < 0.02
    assert found.blind_interval[0] <= found.blind <= found.blind_interval[1]


@every_kind
def test_a_model_that_is_wrong_about_a_quarter_of_the_controls_seldom_passes(name, digits) -> None:
    found = of_kind(name, 300, 1, digits)
    assert 0.1 < found.argmax < 0.8


@every_kind
def test_a_person_who_never_slips_passes_and_one_who_always_does_never(name) -> None:
    rng = np.random.default_rng(3)
    controls = [Candidate(image, image % 10) for image in range(200)]
    unknowns = [Candidate(image, None, image % 10, (image % 10,)) for image in range(200, 240)]
    for _ in range(50):
        composed = KINDS[name].compose(controls, unknowns, 10, STRANGER, rng)
        for per_tile, passes in ((1.0, True), (0.0, False)):
            seen = human(10, lambda tile: tile.image_id % 10, per_tile)(composed, rng)
            assert play(composed, seen, KEYS)[0] is passes


def test_a_blind_player_may_say_all_none_any_or_always_the_same() -> None:
    composed = KINDS["grid"].compose(
        [Candidate(image, image % 10) for image in range(200)], [], 10, STRANGER, np.random.default_rng(0)
    )
    target, players = composed.target, blind(10)
    rng = np.random.default_rng(1)
    assert players["what is asked about at 100%"](composed, rng) == [target] * 9
    assert target not in players["what is asked about at 0%"](composed, rng)
    assert players[f"always class {target}"](composed, rng) == [target] * 9
    assert len(set(players["any class"](composed, rng))) > 1
