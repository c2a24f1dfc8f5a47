from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus import dawid_skene
from annotations.consensus.reliability import (
    CERTAIN,
    assess,
    evidence,
    flagged,
    graded,
    leave_one_out,
    p_one_sided,
    shown,
    sides,
    trusted,
)
from annotations.consensus.votes import BoolArray, FloatArray, Kind, Votes

PEOPLE = 4000
LOOKS = range(10, 1001, 10)  # somebody is looked at after every ten answers


def one(right: float, wrong: float) -> tuple[FloatArray, FloatArray]:
    return np.array([right]), np.array([wrong])


def ever_flagged(correct: BoolArray) -> float:
    """The share of people who are flagged at any look; `correct` (people, 1000): which answers are right."""
    right = np.stack([correct[:, :n].sum(axis=1) for n in LOOKS])
    n = np.array(LOOKS)[:, None]
    return float(flagged(assess(right, n - right)).any(axis=0).mean())


@pytest.mark.parametrize(("right", "wrong"), [(12, 0), (11, 1), (7, 0)])
def test_about_a_dozen_good_answers_earn_trust(right: int, wrong: int):
    assert trusted(assess(*one(right, wrong))).all()


@pytest.mark.parametrize(("right", "wrong"), [(0, 0), (6, 0), (8, 4), (60, 40), (0, 100)])
def test_trust_is_not_given_early_nor_to_the_careless(right: int, wrong: int):
    assert not trusted(assess(*one(right, wrong))).any()


def test_nineteen_in_twenty_is_soon_trusted():
    rng = np.random.default_rng(0)
    right = rng.binomial(12, 0.95, size=PEOPLE)
    assert trusted(assess(right, 12 - right)).mean() > 0.85


@pytest.mark.parametrize("accuracy", [0.6, 0.7, 0.85, 0.95])
def test_honest_people_are_hardly_ever_flagged(accuracy: float):
    assert ever_flagged(np.random.default_rng(0).random((PEOPLE, 1000)) < accuracy) < 0.01


def test_whoever_clicks_at_random_among_ten_classes_is_flagged_at_once():
    right = np.random.default_rng(0).binomial(20, 0.1, size=PEOPLE)
    assert flagged(assess(right, 20 - right)).mean() > 0.98


def test_whoever_clicks_at_random_on_tiles_is_flagged_in_the_end():
    assert ever_flagged(np.random.default_rng(0).random((PEOPLE, 1000)) < 0.5) > 0.85


def test_nobody_is_flagged_on_a_handful_of_answers():
    assert not flagged(assess(*one(0, 11))).any()
    assert flagged(assess(*one(0, 12))).all()


def test_a_newcomer_weighs_little():
    newcomer = assess(*one(0, 0))
    assert newcomer.weight[0] == pytest.approx(0.2)
    assert newcomer.n[0] == 0
    assert newcomer.low[0] < newcomer.mean[0] < newcomer.high[0]


def test_the_weight_climbs_to_all_with_good_answers_and_falls_to_nothing_with_bad_ones():
    n = np.arange(0, 41)
    good, bad = assess(n, 0 * n).weight, assess(0 * n, n).weight
    assert (np.diff(good) >= 0).all() and good[-1] == 1
    assert (np.diff(bad) <= 0).all() and bad[-1] == 0


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 500), st.floats(0, 500))
def test_whoever_is_shown_unreliable_has_no_say_and_no_weight_leaves_its_range(right: float, wrong: float):
    result = assess(*one(right, wrong))
    assert 0 <= result.weight[0] <= 1
    assert result.p_below[0] < 0.99 or result.weight[0] == 0


@pytest.mark.parametrize(
    ("right", "wrong", "agreed", "is_shown"), [(40, 0, 0, True), (10, 0, 0, False), (0, 0, 40, True), (36, 4, 0, False)]
)
def test_nine_in_ten_must_be_shown_by_controls_or_by_many_answers(right: int, wrong: int, agreed: int, is_shown: bool):
    zero = np.zeros(1)
    assert shown(zero + right, zero + wrong, zero + agreed, zero).tolist() == [is_shown]


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        assess(*one(-1, 0))


@pytest.mark.parametrize("wrong", [{"threshold": 1.0}, {"base": (0.0, 1.0)}])
def test_an_assessment_without_sense_is_refused(wrong: dict[str, object]):
    with pytest.raises(ValueError, match="threshold"):
        assess(*one(1, 1), **wrong)


def test_choices_count_plainly():
    votes = Votes.of([0, 0, 0, 1], [0, 1, 2, 0], [0, 1, 0, 1], n_classes=2)
    right, wrong = evidence(votes, np.eye(2)[[0, 1, 1]])
    np.testing.assert_allclose(right, [2, 0])
    np.testing.assert_allclose(wrong, [1, 1])


def tiles(answers: list[Kind], is_it: list[bool]) -> tuple[Votes, FloatArray]:
    n = len(answers)
    votes = Votes.of([0] * n, range(n), [1] * n, answers, n_classes=3)
    return votes, np.eye(3)[np.where(is_it, 1, 2)]


def sides_of(votes: Votes, truth: FloatArray) -> FloatArray:
    return sides(votes, truth[votes.item])


def test_no_to_everything_is_no_better_than_a_coin():
    right, wrong = evidence(*tiles([Kind.NO] * 9, [True] * 3 + [False] * 6))
    np.testing.assert_allclose(right, wrong)
    assert right[0] + wrong[0] == pytest.approx(8)  # 4·3·6 / 9


def test_no_where_only_no_was_ever_right_is_no_evidence():
    np.testing.assert_allclose(evidence(*tiles([Kind.NO] * 9, [False] * 9)), 0)


def test_a_perfect_grid_counts_every_tile():
    right, wrong = evidence(*tiles([Kind.YES] * 4 + [Kind.NO] * 4, [True] * 4 + [False] * 4))
    assert (right[0], wrong[0]) == pytest.approx((8, 0))


def test_whoever_answers_no_to_all_tiles_is_flagged_and_whoever_answers_well_is_trusted():
    is_it = [i % 3 == 0 for i in range(36)]
    lazy, good = tiles([Kind.NO] * 36, is_it), tiles([Kind.YES if yes else Kind.NO for yes in is_it], is_it)
    assert flagged(assess(*evidence(*lazy), sides_of(*lazy))).all()
    assert trusted(assess(*evidence(*good), sides_of(*good))).all()


def test_a_liar_among_ten_classes_is_flagged_by_the_tiles_that_are_the_class():
    is_it = [i % 3 == 0 for i in range(42)]
    # What they say it is is the class asked for on one in nine of the others.
    liar = tiles([Kind.YES if i % 9 == 1 else Kind.NO for i in range(42)], is_it)
    assert not flagged(assess(*evidence(*liar))).any()
    shown = assess(*evidence(*liar), sides_of(*liar))
    assert flagged(shown).all()
    assert shown.weight[0] == 0


def test_each_side_is_counted_by_itself():
    of = sides_of(*tiles([Kind.YES, Kind.NO, Kind.NO, Kind.NO, Kind.YES], [True, True, False, False, False]))
    assert of.tolist() == [[[1, 1], [2, 1]]]


@pytest.mark.parametrize("hit_rate", [0.6, 0.8, 0.95])
def test_no_side_flags_honest_people(hit_rate: float):
    """Looked at after each of 500 tiles that are the class."""
    seen = np.random.default_rng(0).random((PEOPLE, 500)) < hit_rate
    right, wrong = seen.cumsum(axis=1), (~seen).cumsum(axis=1)
    side = np.stack([right, wrong], axis=2)[:, :, None]
    assert (p_one_sided(side) >= CERTAIN).any(axis=(1, 2)).mean() < 0.002


def test_an_answer_counts_as_far_as_its_truth_is_known():
    votes = Votes.of([0, 1, 2], [0, 1, 2], [0, 0, 0], n_classes=2)
    right, wrong = evidence(votes, np.array([[1.0, 0.0], [0.9, 0.1], [0.5, 0.5]]))
    n = right + wrong
    assert n[0] == 1
    assert 0.5 < n[1] < 0.6
    assert n[2] == 0


def test_people_without_answers_have_no_evidence():
    votes = Votes.of([], [], [], n_annotators=2, n_items=1, n_classes=2)
    np.testing.assert_allclose(evidence(votes, np.full((1, 2), 0.5)), np.zeros((2, 2)))


def test_with_a_single_class_nobody_shows_anything():
    votes = Votes.of([0, 0], [0, 0], [0, 0], [Kind.CHOICE, Kind.YES])
    np.testing.assert_allclose(evidence(votes, np.ones((1, 1))), 0)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 4), st.integers(1, 25))
def test_leaving_one_out_is_the_posterior_without_that_person(skilled: Any, seed: int, n_classes: int, n: int):
    rng = np.random.default_rng(seed)
    draw = [rng.integers(high, size=n) for high in (4, 5, n_classes, 3)]
    votes = Votes.of(*draw, n_annotators=4, n_items=5, n_classes=n_classes)
    matrices = skilled(rng.dirichlet(np.ones(n_classes), size=(4, n_classes)))
    classes, weights = rng.dirichlet(np.ones(n_classes)), rng.random(4)
    clamped = rng.integers(-1, n_classes, size=5)
    belief = dawid_skene.posterior(votes, matrices, classes, weights, clamped)
    others = leave_one_out(votes, matrices, classes, belief, weights)
    for vote in range(n):
        rest = votes.select(votes.annotator != votes.annotator[vote])
        expected = dawid_skene.posterior(rest, matrices, classes, weights, clamped)[votes.item[vote]]
        np.testing.assert_allclose(others[vote], expected, atol=1e-6)


def test_nobody_vouches_for_themselves(skilled: Any):
    """Alone on every image, alice is neither confirmed nor refuted."""
    votes = Votes.of([0] * 20, range(20), [0, 1] * 10)
    matrices, even = skilled([[[0.9, 0.1], [0.1, 0.9]]]), np.full(2, 0.5)
    belief = dawid_skene.posterior(votes, matrices, even)
    assert evidence(votes, belief)[0][0] > 5
    np.testing.assert_allclose(graded(votes, leave_one_out(votes, matrices, even, belief)), 0, atol=1e-9)
