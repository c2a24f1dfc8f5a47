"""A stranger who doesn't look fails, an honest person mostly passes: played out over many compositions."""

import numpy as np
import pytest

from annotations.challenges.grid import Grid
from annotations.challenges.registry import OFFERED
from annotations.challenges.share import RELIABLE, STRANGER
from annotations.challenges.strip import Strip

ROUNDS, K = 20_000, 10
every_kind = pytest.mark.parametrize("kind", OFFERED.values(), ids=OFFERED)


def truths_and_targets(kind, controls, unknowns, rounds=ROUNDS) -> tuple[np.ndarray, np.ndarray]:
    """The truth of each tile, (rounds, size) with -1 for unknowns, and the class asked for, (rounds, 1)."""
    rng = np.random.default_rng(2024)
    composed = [kind.compose(controls, unknowns, K, STRANGER, rng) for _ in range(rounds)]
    truths = [[-1 if tile.truth is None else tile.truth for tile in c.tiles] for c in composed]
    return np.array(truths), np.array([[-1 if c.target is None else c.target] for c in composed])


@pytest.fixture(scope="module")
def grids(gold, asked):
    return truths_and_targets(Grid(), gold(K, 8), asked(12, (None, 2, 5)))


@pytest.fixture(scope="module")
def strips(gold, asked):
    return truths_and_targets(Strip(), gold(K, 8), asked(12))


def pass_rate(right: np.ndarray, truths: np.ndarray) -> float:
    return float((right | (truths == -1)).all(axis=1).mean())


@pytest.mark.parametrize("rate", [0.0, 0.2, 0.4, 0.5, 0.6, 0.9, 1.0], ids=lambda p: f"selects {p:.0%}")
def test_a_blind_stranger_passes_less_than_one_grid_in_a_hundred(grids, rate) -> None:
    truths, targets = grids
    selected = np.random.default_rng(1).random(truths.shape) < rate
    assert pass_rate(selected == (truths == targets), truths) < 0.01


def test_selecting_a_fixed_number_of_tiles_does_no_better(grids) -> None:
    truths, targets = grids
    ranks = np.random.default_rng(2).random(truths.shape).argsort(axis=1).argsort(axis=1)
    for n in range(10):
        assert pass_rate((ranks < n) == (truths == targets), truths) < 0.01


def test_a_control_of_a_grid_is_a_target_as_often_as_not(grids) -> None:
    truths, targets = grids
    is_target = (truths == targets)[truths != -1]
    assert is_target.size == ROUNDS * 7
    assert abs(is_target.mean() - 0.5) < 4 * 0.5 / np.sqrt(is_target.size)


def test_the_controls_of_a_grid_are_independent_coins(grids) -> None:
    truths, targets = grids
    n_targets = ((truths == targets) & (truths != -1)).sum(axis=1)
    assert n_targets.var() == pytest.approx(7 / 4, rel=0.05)


@pytest.mark.parametrize("cls", range(K))
def test_a_stranger_who_types_one_key_passes_less_than_one_strip_in_a_hundred(strips, cls) -> None:
    truths, _ = strips
    assert pass_rate(truths == cls, truths) < 0.01


def test_a_stranger_who_types_at_random_passes_less_than_one_strip_in_a_hundred(strips) -> None:
    truths, _ = strips
    typed = np.random.default_rng(3).integers(K, size=truths.shape)
    assert pass_rate(typed == truths, truths) < 0.01


def test_the_controls_of_a_strip_are_uniform_over_classes_also_where_the_pool_is_not(gold, asked) -> None:
    lopsided = [c for c in gold(K, 60) if c.truth == 0 or c.image_id < 1000 + 5 * K]
    truths, _ = truths_and_targets(Strip(), lopsided, asked(12), rounds=4000)
    shares = np.bincount(truths[truths != -1], minlength=K) / (4000 * 4)
    assert np.all(np.abs(shares - 1 / K) < 4 * np.sqrt(0.09 / (4000 * 4)))


def test_a_strip_over_few_covered_classes_asks_more_controls_so_that_one_key_still_fails(gold, asked) -> None:
    truths, _ = truths_and_targets(Strip(), gold(2, 20), asked(12), rounds=8000)
    assert pass_rate(truths == 0, truths) == pytest.approx(2**-7, abs=0.003)


@every_kind
def test_an_honest_stranger_passes_four_times_in_five(kind, grids, strips) -> None:
    truths, _ = grids if kind.name == "grid" else strips
    right = np.random.default_rng(4).random(truths.shape) < 0.97
    assert pass_rate(right, truths) >= 0.80


@every_kind
@pytest.mark.parametrize("n_classes", [2, 3, 4, 5, 10, 40, 1000])
def test_the_stated_rates_hold_for_any_number_of_classes(kind, n_classes) -> None:
    n = kind.controls_needed(n_classes, STRANGER)
    assert n < kind.n_questions
    assert kind.blind_pass_rate(n, n_classes) < 0.01
    assert kind.honest_pass_rate(n) >= 0.80
    assert kind.blind_pass_rate(kind.controls_needed(n_classes, RELIABLE), n_classes) < 0.5


@every_kind
def test_the_stated_blind_rate_is_what_a_player_through_parse_and_grade_gets(kind, gold, asked) -> None:
    rng, rounds = np.random.default_rng(8), 4000
    controls, unknowns = gold(2, max(12, kind.size)), asked(20)
    keys = (("a", "ant"), ("b", "bee"))
    passed = 0
    for _ in range(rounds):
        composed = kind.compose(controls, unknowns, 2, RELIABLE, rng)
        passed += kind.grade(composed, kind.parse(kind.say(composed, [0] * kind.size), composed, keys)).passed
    stated = kind.blind_pass_rate(kind.controls_needed(2, RELIABLE), 2)
    assert passed / rounds == pytest.approx(stated, abs=4 * np.sqrt(stated / rounds))


@every_kind
def test_answers_given_in_full_knowledge_pass(kind, gold, asked) -> None:
    composed = kind.compose(gold(K, 8), asked(12), K, STRANGER, np.random.default_rng(5))
    keys = tuple((str(i), f"class {i}") for i in range(K))
    raw = kind.say(composed, [tile.truth or 0 for tile in composed.tiles])
    assert kind.grade(composed, kind.parse(raw, composed, keys)).passed
