"""A glance: two pictures for somebody known; what of it a verdict takes is `share.check`'s to say."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotations.challenges.choice import OPTIONS
from annotations.challenges.glance import Glance
from annotations.challenges.registry import CHOICES, GLANCE, KINDS, OFFERED, offered
from annotations.challenges.share import KNOWN, RELIABLE, STRANGER, check
from annotations.challenges.tiles import Answered, Candidate, Composed, NotEnough

KIND = Glance()
KEYS = tuple(("", name) for name in ("ant", "bee", "cat", "dog", "elk", "fox", "gnu", "hen", "ibis", "jay"))


def compose(controls, unknowns, *, n_classes=10, checked=RELIABLE, seed=0) -> Composed:
    return KIND.compose(controls, unknowns, n_classes, checked, np.random.default_rng(seed))


def n_controls(composed: Composed) -> int:
    return sum(tile.truth is not None for tile in composed.tiles)


def test_it_is_a_kind_that_no_owner_chooses_and_nobody_asks_for() -> None:
    assert KINDS[GLANCE].name == GLANCE
    assert GLANCE not in OFFERED and GLANCE not in dict(CHOICES) and GLANCE not in offered(KEYS)


@pytest.mark.parametrize("n_classes", [3, 4, 5, 10, 1000])
def test_somebody_to_be_relied_on_names_one_control_and_one_that_nobody_knows(n_classes, gold, asked) -> None:
    composed = compose(gold(n_classes, 4), asked(6), n_classes=n_classes)
    assert len(composed.tiles) == 2 and n_controls(composed) == 1


def test_between_two_classes_one_right_name_is_too_little(gold, asked) -> None:
    assert n_controls(compose(gold(2, 4), asked(6), n_classes=2)) == 2


def test_for_a_stranger_it_is_never_enough(gold, asked) -> None:
    for n_classes in (2, 3, 10):
        with pytest.raises(NotEnough):
            compose(gold(n_classes, 8), asked(6), n_classes=n_classes, checked=STRANGER)


@given(doubt=st.floats(0, 1), n_classes=st.sampled_from([2, 3, 5, 10]), seed=st.integers(0, 2**32 - 1))
def test_it_holds_what_the_verdict_takes_or_says_that_it_cannot(doubt: float, n_classes: int, seed: int) -> None:
    checked = check(doubt)
    controls = [Candidate(i, i % n_classes) for i in range(8 * n_classes)]
    unknowns = [Candidate(900 + i, None) for i in range(6)]
    try:
        composed = compose(controls, unknowns, n_classes=n_classes, checked=checked, seed=seed)
    except NotEnough:
        assert KIND.controls_needed(n_classes, checked) > KIND.size
        return
    assert n_controls(composed) >= KIND.controls_needed(n_classes, checked)
    assert KIND.blind_pass_rate(n_controls(composed), n_classes) < 1 / checked.odds


def test_who_does_not_look_passes_once_in_five_and_only_what_history_speaks_for_makes_that_enough(gold, asked) -> None:
    rng, rounds = np.random.default_rng(3), 4000
    controls, unknowns = gold(10, 6), asked(6, (1, 4, None))
    passed = 0
    for _ in range(rounds):
        composed = KIND.compose(controls, unknowns, 10, RELIABLE, rng)
        raw = KIND.say(composed, [composed.asked[0]] * 2)
        passed += KIND.grade(composed, KIND.parse(raw, composed, KEYS)).passed
    stated = KIND.blind_pass_rate(1, 10)
    assert stated == 1 / OPTIONS
    assert passed / rounds == pytest.approx(stated, abs=4 * np.sqrt(stated / rounds))


def test_the_first_and_the_second_are_the_control_equally_often(gold, asked) -> None:
    first = [compose(gold(10, 6), asked(6), seed=seed).tiles[0].truth is not None for seed in range(1000)]
    assert abs(sum(first) - 500) < 4 * np.sqrt(250)


def test_what_is_said_of_the_other_is_a_vote() -> None:
    composed = Composed(GLANCE, (Candidate(1, 2), Candidate(2, None)), None, (2, 0, 1))
    graded = KIND.grade(composed, KIND.parse(["cat", "ant"], composed, KEYS))
    assert graded.passed and graded.votes == (Answered(1, "choice", 0),)
    assert not KIND.grade(composed, KIND.parse(["ant", "cat"], composed, KEYS)).passed


def test_known_is_who_is_checked_by_two_pictures_at_the_most() -> None:
    assert KIND.controls_needed(10, check(KNOWN)) <= KIND.size < KIND.controls_needed(10, STRANGER)
