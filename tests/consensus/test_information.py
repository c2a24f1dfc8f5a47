from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus.information import information, one_more_vote, question
from annotations.consensus.skills import Skills, symmetric
from annotations.consensus.votes import FloatArray

EVEN = np.full(4, 0.25)


def people(*matrices: FloatArray) -> Skills:
    """Annotators whose matrices are shown by very many answers."""
    K = len(matrices[0])
    counts = [{(t, j): 1e9 * m[t, j] for t in range(K) for j in range(K)} for m in matrices]
    return Skills.from_sparse(counts, symmetric(0.7, K))


def entropy(p: FloatArray) -> float:
    seen = p[p > 0]
    return float(-(seen * np.log2(seen)).sum())


@st.composite
def matrices(draw: st.DrawFn) -> tuple[FloatArray, FloatArray]:
    K = draw(st.integers(2, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.dirichlet(np.ones(K), size=K), rng.dirichlet(np.ones(K))


def test_a_perfect_annotator_tells_all_that_there_is_to_know():
    told = information(people(np.eye(4)), EVEN)
    assert told.possible == pytest.approx(2)
    np.testing.assert_allclose([told.bits[0], told.share[0]], [2, 1], atol=1e-6)


def test_a_guesser_and_one_who_always_says_the_same_tell_nothing():
    same = np.zeros((4, 4))
    same[:, 2] = 1
    np.testing.assert_allclose(information(people(np.full((4, 4), 0.25), same), EVEN).bits, 0, atol=1e-6)


def test_a_steady_liar_tells_as_much_as_an_honest_person():
    liar = np.roll(np.eye(4), 1, axis=1)
    np.testing.assert_allclose(information(people(liar), EVEN).bits, 2, atol=1e-6)


def test_a_noisy_channel_carries_what_shannon_says():
    for accuracy in (0.6, 0.9):
        bits = information(people(symmetric(accuracy, 2)), [0.5, 0.5]).bits[0]
        assert bits == pytest.approx(1 - entropy(np.array([accuracy, 1 - accuracy])), abs=1e-6)


def test_of_a_rare_class_even_the_accurate_tell_little():
    skills = people(symmetric(0.95, 2))
    assert information(skills, [0.99, 0.01]).bits[0] < 0.1 * information(skills, [0.5, 0.5]).bits[0]


def test_a_newcomer_is_worth_what_strangers_are():
    skills = Skills.strangers(2, symmetric(0.7, 3))
    expected = entropy(np.full(3, 1 / 3)) - entropy(np.array([0.7, 0.15, 0.15]))
    np.testing.assert_allclose(information(skills, np.full(3, 1 / 3)).bits, expected)


def test_with_one_class_there_is_nothing_to_tell():
    told = information(Skills.strangers(1, np.ones((1, 1))), [1.0])
    assert (told.bits.tolist(), told.possible, told.share.tolist()) == ([0.0], 0.0, [0.0])


@settings(max_examples=60, deadline=None)
@given(matrices())
def test_information_is_the_fall_in_doubt_that_bayes_rule_gives(case: tuple[FloatArray, FloatArray]):
    matrix, prior = case
    joint = prior[:, None] * matrix
    answers = joint.sum(axis=0)
    left = sum(answers[j] * entropy(joint[:, j] / answers[j]) for j in range(len(prior)))
    gain = one_more_vote(people(matrix), prior[None])[0, 0]
    assert gain == pytest.approx(entropy(prior) - left, abs=1e-6)
    assert 0 <= gain <= entropy(prior) + 1e-6


@settings(max_examples=60, deadline=None)
@given(matrices())
def test_a_tile_tells_at_most_a_bit_and_no_more_than_the_choice(case: tuple[FloatArray, FloatArray]):
    matrix, prior = case
    skills = people(matrix)
    told = question(skills, prior)[0]
    assert (told <= min(1, information(skills, prior).bits[0]) + 1e-6).all()
    for c in range(len(prior)):
        yes = np.stack([matrix[:, c], 1 - matrix[:, c]], axis=1)
        noise = prior @ np.array([entropy(row) for row in yes])
        assert told[c] == pytest.approx(entropy(prior @ yes) - noise, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(matrices(), st.randoms(use_true_random=False))
def test_other_names_for_the_classes_change_nothing(case: tuple[FloatArray, FloatArray], random: Any):
    matrix, prior = case
    names = np.array(random.sample(range(len(prior)), len(prior)))
    before = information(people(matrix), prior).bits
    after = information(people(matrix[names][:, names]), prior[names]).bits
    np.testing.assert_allclose(after, before, atol=1e-6)


def test_one_more_vote_is_worth_most_where_the_doubt_is():
    belief = np.array([[0.25] * 4, [0.7, 0.1, 0.1, 0.1], [1.0, 0, 0, 0]])
    worth = one_more_vote(people(symmetric(0.8, 4)), belief)[0]
    assert worth[0] > worth[1] > worth[2] == pytest.approx(0, abs=1e-9)


def test_who_confuses_two_classes_helps_little_between_them():
    confuses = np.eye(4)
    confuses[:2, :2] = 0.5
    worth = one_more_vote(people(confuses), [[0.5, 0.5, 0, 0], [0, 0, 0.5, 0.5]])[0]
    np.testing.assert_allclose(worth, [0, 1], atol=1e-6)


def test_some_annotators_can_be_asked_for():
    skills = people(np.eye(4), np.full((4, 4), 0.25))
    np.testing.assert_allclose(information(skills, EVEN, [1, 0]).bits, [0, 2], atol=1e-6)
    assert one_more_vote(skills, EVEN[None], []).shape == (0, 1)
    with pytest.raises(ValueError, match="annotators"):
        information(skills, EVEN, [2])


@pytest.mark.parametrize("prior", [[0.5, 0.5], [0.5, 0.5, 0.5, 0.5], [1.5, -0.5, 0, 0], [np.nan] * 4])
def test_a_belief_that_is_none_is_refused(prior: list[float]):
    with pytest.raises(ValueError, match="belief"):
        information(people(np.eye(4)), prior)
