from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus.observation import Cells, likelihood
from annotations.consensus.votes import FloatArray, Kind, Votes

MATRIX = np.array([[[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.0, 0.5, 0.5]]])


def read(votes: Votes, matrices: FloatArray) -> FloatArray:
    return likelihood(votes.kind, matrices[votes.annotator, :, votes.answer])


def cells_of(votes: Votes, matrices: FloatArray) -> tuple[Cells, FloatArray]:
    cells = Cells.of(votes)
    return cells, matrices[cells.annotator, :, cells.answer]


def test_yes_and_no_together_are_certain():
    votes = Votes.of([0, 0], [0, 0], [1, 1], [Kind.YES, Kind.NO], n_classes=3)
    np.testing.assert_allclose(read(votes, MATRIX).sum(axis=0), 1)


def test_a_choice_and_a_yes_say_the_same():
    votes = Votes.of([0, 0], [0, 0], [1, 1], [Kind.CHOICE, Kind.YES], n_classes=3)
    choice, yes = read(votes, MATRIX)
    np.testing.assert_allclose(choice, MATRIX[0, :, 1])
    np.testing.assert_allclose(yes, choice)


def test_votes_on_the_same_class_by_the_same_person_share_a_cell():
    cells = Cells.of(Votes.of([0, 0, 1], [0, 1, 1], [2, 2, 0], [Kind.CHOICE, Kind.NO, Kind.YES]))
    assert list(zip(cells.annotator.tolist(), cells.answer.tolist(), strict=True)) == [(0, 2), (1, 0)]


def test_a_no_is_shared_among_what_else_may_have_been_perceived():
    votes = Votes.of([0, 0, 0], [0, 1, 2], [0, 1, 2], [Kind.NO, Kind.CHOICE, Kind.CHOICE], n_classes=3)
    belief = np.zeros((3, 3))
    belief[0, 0] = 1.0
    counts, total = cells_of(votes, MATRIX)[0].expected(belief, cells_of(votes, MATRIX)[1])
    np.testing.assert_allclose(counts[:, 0], [0, 0.2 / 0.3, 0.1 / 0.3])
    np.testing.assert_allclose(total, [[1, 0, 0]])


def test_a_no_with_a_single_class_tells_nothing():
    cells, perceived = cells_of(Votes.of([0], [0], [0], Kind.NO), np.ones((1, 1, 1)))
    np.testing.assert_allclose(cells.expected(np.ones((1, 1)), perceived)[0], 0)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(0, 30))
def test_the_counts_are_the_expectation_taken_vote_by_vote(seed: int, n_classes: int, n: int):
    rng = np.random.default_rng(seed)
    draw = [rng.integers(high, size=n) for high in (3, 4, n_classes, 3)]
    votes = Votes.of(*draw, n_annotators=3, n_items=4, n_classes=n_classes)
    matrices = rng.dirichlet(np.ones(n_classes), size=(3, n_classes))
    belief = rng.dirichlet(np.ones(n_classes), size=4)
    expected, spoken = np.zeros_like(matrices), np.zeros((4, n_classes))
    for a, i, c, kind in zip(*draw, strict=True):
        for t in range(n_classes):
            perceived = np.eye(n_classes)[c]
            if kind == Kind.NO:
                perceived = matrices[a, t] * (np.arange(n_classes) != c)
            expected[a, t] += belief[i, t] * perceived / perceived.sum()
            spoken[i, t] += np.log(1 - matrices[a, t, c] if kind == Kind.NO else matrices[a, t, c])
    cells, at = cells_of(votes, matrices)
    counts, total = cells.expected(belief, at)
    assert counts == pytest.approx(expected[cells.annotator, :, cells.answer], abs=1e-9)
    assert total == pytest.approx(expected.sum(axis=2), abs=1e-9)
    assert cells.log_likelihood(at, np.ones(3)) == pytest.approx(spoken, abs=1e-9)
