"""What holds for every kind of challenge, also for one that is registered tomorrow."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.challenges.kind import Kind
from annotations.challenges.registry import OFFERED
from annotations.challenges.share import RELIABLE, STRANGER, Check, check
from annotations.challenges.tiles import Candidate, Composed, NotEnough

every_kind = pytest.mark.parametrize("kind", OFFERED.values(), ids=OFFERED)
# A row takes about as many controls whether it is checked or asks, so it isn't the share that they run out by.
a_question_a_tile = pytest.mark.parametrize("kind", [kind for kind in OFFERED.values() if kind.per_question == 1])


def n_controls(composed: Composed) -> int:
    return sum(tile.truth is not None for tile in composed.tiles)


def n_checked(kind: Kind, composed: Composed) -> int:
    """Questions whose tiles are controls alone."""
    known = [tile.truth is not None for tile in composed.tiles]
    return int(np.reshape(known, (kind.n_questions, kind.per_question)).all(axis=1).sum())


@every_kind
@settings(max_examples=150, deadline=None)
@given(
    truths=st.lists(st.integers(0, 5), min_size=0, max_size=60),
    unknown_ids=st.lists(st.integers(0, 80), max_size=12),
    guess=st.none() | st.integers(0, 7),
    doubt=st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_pool_gives_a_sound_challenge_or_says_that_it_is_not_enough(
    kind: Kind, truths: list[int], unknown_ids: list[int], guess: int | None, doubt: float, seed: int
) -> None:
    controls = [Candidate(image_id, truth) for image_id, truth in enumerate(truths)]
    unknowns = [Candidate(image_id, None, guess) for image_id in unknown_ids]  # with repeats, and with controls
    try:
        composed = kind.compose(controls, unknowns, 6, check(doubt), np.random.default_rng(seed))
    except NotEnough as lack:
        assert str(lack)
        return
    shown = [tile.image_id for tile in composed.shown]
    assert len(shown) == kind.size + kind.references
    assert len(set(shown)) == len(shown)
    assert n_checked(kind, composed) >= kind.controls_needed(6, check(doubt))
    assert set(composed.shown) <= set(controls) | set(unknowns)
    assert composed.kind == kind.name


@every_kind
@pytest.mark.parametrize("checked", [STRANGER, check(0.5), RELIABLE])
def test_a_rich_pool_gives_what_the_verdict_needs_or_the_persons_share(kind, checked, gold, asked) -> None:
    composed = kind.compose(gold(10, 8), asked(20), 10, checked, np.random.default_rng(1))
    wanted = max(kind.controls_needed(10, checked), round(checked.share * kind.n_questions))
    assert n_checked(kind, composed) == wanted
    assert sum(tile.truth is None for tile in composed.tiles) == kind.n_questions - wanted


@a_question_a_tile
def test_a_share_that_there_are_too_few_controls_for_is_no_obstacle(kind, gold, asked) -> None:
    """The verdict needs them, the share would only like them."""
    greedy = Check(odds=7, floor=1, share=0.9)
    composed = kind.compose(gold(2, 3 + kind.references), asked(20), 2, greedy, np.random.default_rng(1))
    assert kind.controls_needed(2, greedy) <= n_controls(composed) <= 6 + kind.references


@every_kind
def test_of_each_class_the_first_controls_are_shown_and_never_a_later_one(kind, gold, asked) -> None:
    controls = gold(10, 40)
    foremost = {control.image_id for control in controls[: 10 * kind.size]}
    for seed in range(60):
        composed = kind.compose(controls, asked(20), 10, STRANGER, np.random.default_rng(seed))
        assert {tile.image_id for tile in composed.tiles if tile.truth is not None} <= foremost


@every_kind
def test_somebody_reliable_answers_fewer_controls_and_so_gives_more_votes(kind) -> None:
    assert kind.controls_needed(10, RELIABLE) < kind.controls_needed(10, STRANGER)


@every_kind
def test_the_same_seed_gives_the_same_challenge_and_another_seed_another(kind, gold, asked) -> None:
    first, same, other = (
        kind.compose(gold(10, 8), asked(20, (3, 4)), 10, STRANGER, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert first == same
    assert first != other


@every_kind
@pytest.mark.parametrize("checked", [STRANGER, RELIABLE], ids=["stranger", "reliable"])
def test_a_tiles_place_says_nothing_of_its_being_a_control(kind, checked, gold, asked) -> None:
    rng, rounds = np.random.default_rng(11), 3000
    controls, unknowns = gold(10, 8), asked(20, (1, 2, None))
    is_control = np.array(
        [
            [tile.truth is not None for tile in kind.compose(controls, unknowns, 10, checked, rng).tiles]
            for _ in range(rounds)
        ]
    )
    n = checked.controls_wanted(kind.controls_needed(10, checked), kind.n_questions)
    share = 1 - (kind.n_questions - n) / kind.size
    spread = np.sqrt(share * (1 - share) / rounds)
    assert np.all(np.abs(is_control.mean(axis=0) - share) < 4 * spread)


@every_kind
def test_missing_unknowns_are_made_up_for_with_controls(kind, gold, asked) -> None:
    for n in (0, 1):
        composed = kind.compose(gold(10, 12), asked(n), 10, RELIABLE, np.random.default_rng(2))
        assert n_controls(composed) == kind.size - n


@every_kind
def test_an_image_that_became_firm_meanwhile_is_a_control_only(kind, gold, asked) -> None:
    firm = gold(10, 8)
    stale = [Candidate(c.image_id, None) for c in firm]
    composed = kind.compose(firm, stale + asked(1), 10, STRANGER, np.random.default_rng(3))
    assert n_controls(composed) == kind.size - 1


@every_kind
def test_without_controls_there_is_not_enough(kind, asked) -> None:
    with pytest.raises(NotEnough):
        kind.compose([], asked(30), 10, STRANGER, np.random.default_rng(0))


@every_kind
def test_controls_of_one_class_are_not_enough_since_one_answer_would_always_do(kind, asked) -> None:
    controls = [Candidate(i, truth=4) for i in range(50)]
    with pytest.raises(NotEnough):
        kind.compose(controls, asked(30), 10, STRANGER, np.random.default_rng(0))


@every_kind
def test_one_class_is_no_question(kind) -> None:
    with pytest.raises(NotEnough, match="two classes"):
        kind.controls_needed(1, STRANGER)


@every_kind
@pytest.mark.parametrize("truth", [None, -1, 10])
def test_a_control_must_have_one_of_the_classes_as_truth(kind, truth, gold, asked) -> None:
    with pytest.raises(ValueError, match="truth"):
        kind.compose([*gold(10, 8), Candidate(1, truth)], asked(9), 10, STRANGER, np.random.default_rng(0))


@every_kind
def test_an_unknown_with_a_truth_is_refused_rather_than_asked(kind, gold) -> None:
    with pytest.raises(ValueError, match="unknown"):
        kind.compose(gold(10, 8), [Candidate(1, 3)], 10, STRANGER, np.random.default_rng(0))
