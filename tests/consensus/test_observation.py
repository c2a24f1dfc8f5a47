from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus.observation import expected_counts, likelihood
from annotations.consensus.votes import Kind, Votes

MATRIX = np.array([[[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.0, 0.5, 0.5]]])


def test_yes_and_no_together_are_certain():
    votes = Votes.of([0, 0], [0, 0], [1, 1], [Kind.YES, Kind.NO], n_classes=3)
    np.testing.assert_allclose(likelihood(votes, MATRIX).sum(axis=0), 1)


def test_a_choice_and_a_yes_say_the_same():
    votes = Votes.of([0, 0], [0, 0], [1, 1], [Kind.CHOICE, Kind.YES], n_classes=3)
    choice, yes = likelihood(votes, MATRIX)
    np.testing.assert_allclose(choice, MATRIX[0, :, 1])
    np.testing.assert_allclose(yes, choice)


def test_a_no_is_shared_among_what_else_may_have_been_perceived():
    votes = Votes.of([0], [0], [0], Kind.NO, n_classes=3)
    counts = expected_counts(votes, np.array([[1.0, 0.0, 0.0]]), MATRIX)
    np.testing.assert_allclose(counts[0, 0], [0, 0.2 / 0.3, 0.1 / 0.3])
    np.testing.assert_allclose(counts[0, 1:], 0)


def test_a_no_with_a_single_class_tells_nothing():
    votes = Votes.of([0], [0], [0], Kind.NO)
    counts = expected_counts(votes, np.ones((1, 1)), np.ones((1, 1, 1)))
    np.testing.assert_allclose(counts, 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(0, 30))
def test_the_counts_are_the_expectation_taken_vote_by_vote(seed: int, n_classes: int, n: int):
    rng = np.random.default_rng(seed)
    draw = [rng.integers(high, size=n) for high in (3, 4, n_classes, 3)]
    votes = Votes.of(*draw, n_annotators=3, n_items=4, n_classes=n_classes)
    matrices = rng.dirichlet(np.ones(n_classes), size=(3, n_classes))
    belief = rng.dirichlet(np.ones(n_classes), size=4)
    expected = np.zeros_like(matrices)
    for a, i, c, kind in zip(*draw, strict=True):
        for t in range(n_classes):
            perceived = np.eye(n_classes)[c]
            if kind == Kind.NO:
                perceived = matrices[a, t] * (np.arange(n_classes) != c)
            expected[a, t] += belief[i, t] * perceived / perceived.sum()
    assert expected_counts(votes, belief, matrices) == pytest.approx(expected, abs=1e-9)
