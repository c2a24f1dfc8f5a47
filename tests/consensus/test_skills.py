from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus.observation import Cells
from annotations.consensus.skills import Prior, Skills, population
from annotations.consensus.votes import FloatArray, Kind, Votes


def seen(counts: FloatArray) -> Skills:
    """People with these counts (A, K, K) under the symmetric prior."""
    cells = [{(t, j): float(n) for (t, j), n in np.ndenumerate(matrix)} for matrix in np.asarray(counts)]
    return Skills.from_sparse(cells, Prior().symmetric(np.shape(counts)[1]))


HONEST = np.array([[18.0, 2.0], [2.0, 18.0]])
LIAR = np.array([[0.0, 50.0], [50.0, 0.0]])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(0, 20))
def test_every_row_is_a_distribution_whatever_was_answered(seed: int, n_classes: int, n: int):
    rng = np.random.default_rng(seed)
    votes = Votes.of(
        *(rng.integers(high, size=n) for high in (3, 4, n_classes, 3)), n_annotators=3, n_items=4, n_classes=n_classes
    )
    cells = Cells.of(votes)
    stranger = Skills.strangers(3, Prior().symmetric(n_classes))
    belief = rng.dirichlet(np.ones(n_classes), size=4)
    counts, total = cells.expected(belief, stranger.perceived(cells.annotator, cells.answer))
    skills = Skills(cells.annotator, cells.answer, counts, total, stranger.population)
    np.testing.assert_allclose(skills.confusion.sum(axis=2), 1)
    np.testing.assert_allclose(population(skills, np.ones(3)).sum(axis=1), 1)
    np.testing.assert_allclose(skills.dense_counts.sum(axis=2), total, atol=1e-9)
    np.testing.assert_allclose(np.diagonal(skills.confusion, axis1=1, axis2=2), skills.hit_rate)


def test_what_is_kept_sparsely_comes_back_the_same():
    votes = Votes.of([0, 0, 1], [0, 1, 0], [0, 2, 1], [Kind.CHOICE, Kind.NO, Kind.YES], n_annotators=3, n_classes=4)
    cells, stranger = Cells.of(votes), Skills.strangers(3, Prior().symmetric(4))
    counts, total = cells.expected(np.full((2, 4), 0.25), stranger.perceived(cells.annotator, cells.answer))
    skills = Skills(cells.annotator, cells.answer, counts, total, stranger.population)
    again = Skills.from_sparse(skills.sparse_counts(), stranger.population)
    np.testing.assert_allclose(again.confusion, skills.confusion, atol=1e-9)


@pytest.mark.parametrize("crumb", [1e-9, 9e-7, 2e-6])
def test_a_row_is_a_distribution_though_next_to_nothing_of_it_lies_in_no_cell(crumb: float):
    skills = Skills.from_sparse([{(0, 0): 1.0, (0, -1): crumb}], Prior().symmetric(3))
    np.testing.assert_allclose(skills.confusion.sum(axis=2), 1, rtol=1e-12)
    np.testing.assert_allclose(np.diagonal(skills.confusion, axis1=1, axis2=2), skills.hit_rate, rtol=1e-12)


def test_somebody_good_elsewhere_is_expected_to_be_good_here():
    good = [{(t, t): 3.0 for t in range(20)}, {(t, (t + 1) % 50): 3.0 for t in range(20)}]
    rate = Skills.from_sparse(good, Prior().symmetric(50)).hit_rate[:, 40]
    assert rate[0] > 0.85 > 0.3 > rate[1]


def test_a_row_tells_of_the_other_rows_only_as_much_as_a_few_votes_do():
    """Who is right a thousand times on one of two classes may still always say that class."""
    always = Skills.from_sparse([{(0, 0): 1000.0}], Prior().symmetric(2))
    assert always.hit_rate[0, 0] > 0.99
    assert 0.7 < always.hit_rate[0, 1] < 0.9


def test_nobody_writes_the_population_by_voting_a_lot():
    crowd = seen(np.stack([HONEST] * 9 + [LIAR * 20000]))
    assert (np.diagonal(population(crowd, np.ones(10))) > 0.7).all()


def test_people_without_a_say_do_not_shape_the_population():
    both, alone = seen(np.stack([HONEST, LIAR])), seen(HONEST[None])
    np.testing.assert_allclose(population(both, np.array([1.0, 0.0])), population(alone, np.ones(1)))


def test_a_crowd_of_liars_makes_strangers_worthless_but_not_inverted():
    np.testing.assert_allclose(population(seen(np.stack([LIAR] * 50)), np.ones(50)), 0.5)


def test_a_matrix_known_for_certain_is_read_as_it_is(skilled: Callable[..., Skills]):
    np.testing.assert_allclose(skilled([[[0.9, 0.1], [0.3, 0.7]]]).matrix(0), [[0.9, 0.1], [0.3, 0.7]])


@pytest.mark.parametrize("n_classes", [2, 1000])
def test_strangers_are_the_population(n_classes: int):
    symmetric = Prior().symmetric(n_classes)
    np.testing.assert_allclose(Skills.strangers(2, symmetric).matrix(1), symmetric)
