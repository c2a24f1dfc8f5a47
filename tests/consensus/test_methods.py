"""What holds for every method of the registry, whatever the votes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus.methods import DEFAULT, METHODS
from annotations.consensus.votes import Fit, Kind, Votes

# Rounding differs with the order of summation, and climbing can enlarge it: few rounds keep it invisible.
FEW = 8
CLIMBING = [name for name, fit in METHODS.items() if "max_iter" in inspect.signature(fit).parameters]

every_method = pytest.mark.parametrize("name", METHODS)


def few_rounds(name: str, votes: Votes, *args: Any, **more: Any) -> Fit:
    """The method's fit, stopped early where it goes in rounds, and never because it has settled."""
    known = inspect.signature(METHODS[name]).parameters
    asked = {key: value for key, value in {"max_iter": FEW, "tol": 0.0}.items() if key in known}
    return METHODS[name](votes, *args, **asked, **more)


@st.composite
def some_votes(draw: st.DrawFn) -> Votes:
    """Any votes: up to 4 people, 5 items and 4 classes, of every kind, repeated or absent."""
    people, items, classes = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    vote = st.tuples(*(st.integers(0, high - 1) for high in (people, items, classes, 3)))
    rows = np.array(draw(st.lists(vote, max_size=25)), dtype=np.int64).reshape(-1, 4)
    return Votes.of(*rows.T, n_annotators=people, n_items=items, n_classes=classes)


@st.composite
def votes_and_truth(draw: st.DrawFn) -> tuple[Votes, list[int]]:
    votes = draw(some_votes())
    truth = st.integers(-1, votes.n_classes - 1)
    return votes, draw(st.lists(truth, min_size=votes.n_items, max_size=votes.n_items))


def sized_like(votes: Votes, *columns: Any) -> Votes:
    return Votes.of(*columns, n_annotators=votes.n_annotators, n_items=votes.n_items, n_classes=votes.n_classes)


def test_the_default_is_one_of_them_and_nobody_can_swap_them():
    assert DEFAULT in METHODS
    with pytest.raises(TypeError):
        METHODS["majority"] = METHODS[DEFAULT]  # type: ignore[index]


@every_method
def test_all_take_the_same_three_arguments_and_the_rest_has_defaults(name: str):
    parameters = list(inspect.signature(METHODS[name]).parameters.values())
    assert [parameter.name for parameter in parameters[:3]] == ["votes", "clamped", "weights"]
    assert all(parameter.default is not inspect.Parameter.empty for parameter in parameters[1:])


@every_method
@settings(max_examples=30, deadline=None)
@given(case=votes_and_truth())
def test_beliefs_sum_to_one_and_accuracies_are_shares(name: str, case: tuple[Votes, list[int]]):
    votes, clamped = case
    fit = few_rounds(name, votes, clamped)
    assert fit.posterior.shape == (votes.n_items, votes.n_classes)
    for distribution in (fit.posterior, fit.prior):
        assert (distribution >= 0).all()
        np.testing.assert_allclose(distribution.sum(axis=-1), 1)
    assert fit.accuracy.shape == (votes.n_annotators,)
    assert ((fit.accuracy >= 0) & (fit.accuracy <= 1 + 1e-9)).all()
    assert all(np.isfinite(values).all() for values in fit.parameters.values())
    assert np.isfinite(fit.log_likelihood).all()


@every_method
@settings(max_examples=30, deadline=None)
@given(case=votes_and_truth())
def test_known_truths_stay(name: str, case: tuple[Votes, list[int]]):
    posterior = few_rounds(name, *case).posterior
    for item, truth in enumerate(case[1]):
        assert truth == -1 or posterior[item, truth] == 1


@every_method
@settings(max_examples=30, deadline=None)
@given(case=votes_and_truth(), random=st.randoms(use_true_random=False))
def test_other_names_for_people_items_and_classes_give_the_same_answer(
    name: str, case: tuple[Votes, list[int]], random: Any
):
    votes, clamped = case[0], np.array(case[1])
    sizes = (votes.n_annotators, votes.n_items, votes.n_classes)
    people, items, classes = (np.array(random.sample(range(n), n)) for n in sizes)
    renamed = sized_like(votes, people[votes.annotator], items[votes.item], classes[votes.answer], votes.kind)
    truth = np.empty_like(clamped)
    truth[items] = np.where(clamped == -1, -1, classes[clamped])
    fit, other = few_rounds(name, votes, clamped), few_rounds(name, renamed, truth)
    np.testing.assert_allclose(other.posterior[items][:, classes], fit.posterior, atol=1e-4)
    np.testing.assert_allclose(other.accuracy[people], fit.accuracy, atol=1e-4)


@every_method
@settings(max_examples=30, deadline=None)
@given(case=votes_and_truth(), data=st.data())
def test_a_weight_of_nought_is_as_good_as_not_having_voted(name: str, case: tuple[Votes, list[int]], data: Any):
    votes, clamped = case
    out = data.draw(st.integers(0, votes.n_annotators - 1))
    weights = np.where(np.arange(votes.n_annotators) == out, 0.0, 1.0)
    muted = few_rounds(name, votes, clamped, weights)
    absent = few_rounds(name, votes.select(votes.annotator != out), clamped, weights)
    np.testing.assert_allclose(muted.posterior, absent.posterior, atol=1e-5)
    np.testing.assert_allclose(muted.prior, absent.prior, atol=1e-5)
    others = weights > 0
    np.testing.assert_allclose(muted.accuracy[others], absent.accuracy[others], atol=1e-5)


@every_method
def test_known_items_that_only_the_unheard_answered_change_nothing(name: str):
    votes = Votes.of([0, 1, 2, 1, 2, 2], [0, 1, 1, 2, 2, 3], [0, 0, 1, 1, 1, 0])
    clamped, weights = [1, -1, -1, -1], [0, 1, 1]
    muted = METHODS[name](votes, clamped, weights)
    absent = METHODS[name](votes.select(votes.annotator != 0), clamped, weights)
    np.testing.assert_allclose(muted.posterior, absent.posterior, atol=1e-9)


@every_method
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_honest_evidence_given_twice_never_lowers_the_true_class(name: str, data: Any):
    """Honest is who is right on eight known items of each class; the others say anything, about these and about the
    one item in question. Known items are what makes it true of every method: without them a second vote may teach
    EM that its giver is wrong, or move whom it believes elsewhere. No item but this one is open, so nothing else moves.
    """
    n_classes = data.draw(st.integers(2, 4))
    known = np.repeat(np.arange(n_classes), 8)
    item, truth = len(known), data.draw(st.integers(0, n_classes - 1))
    anything = st.tuples(
        st.integers(1, 3), st.one_of(st.just(item), st.integers(0, item)), st.integers(0, n_classes - 1)
    )
    others = np.array(data.draw(st.lists(anything, max_size=20)), dtype=np.int64).reshape(-1, 3)
    kinds = data.draw(st.lists(st.sampled_from(list(Kind)), min_size=len(others), max_size=len(others)))
    honest = [(0, at, right, Kind.CHOICE) for at, right in enumerate(known)]
    word = (0, item, truth, data.draw(st.sampled_from([Kind.CHOICE, Kind.YES])))
    rows = [*honest, *((*row, kind) for row, kind in zip(others.tolist(), kinds, strict=True)), word]
    once, twice = (
        Votes.of(*np.array(these).T, n_annotators=4, n_items=item + 1, n_classes=n_classes)
        for these in (rows, [*rows, word])
    )
    clamped = np.append(known, -1)
    before, after = (METHODS[name](votes, clamped).posterior[item, truth] for votes in (once, twice))
    assert after >= before - 1e-3  # what the methods' own tolerance leaves open


@every_method
def test_the_same_votes_give_the_same_answer(name: str, simulate: Any):
    votes = simulate(np.linspace(0.5, 0.9, 8), n_items=60, n_classes=3, each=4, tiles=0.5).votes
    first, second = METHODS[name](votes), METHODS[name](votes)
    np.testing.assert_array_equal(first.posterior, second.posterior)
    assert first.log_likelihood == second.log_likelihood


@every_method
def test_grids_and_choices_together_recover_the_truth(name: str, simulate: Any):
    crowd = simulate(np.linspace(0.75, 0.95, 20), n_items=200, n_classes=4, each=10, tiles=0.5)
    assert (METHODS[name](crowd.votes).labels == crowd.truth).mean() > 0.95


@pytest.mark.parametrize("name", [name for name in CLIMBING if name != DEFAULT])
@pytest.mark.parametrize("known", [0, 20])
def test_what_is_climbed_never_falls(name: str, known: int, simulate: Any):
    """But by what a floor of a count, or of a probability, costs. The default learns its prior as it goes."""
    crowd = simulate(np.linspace(0.5, 0.9, 10), n_items=100, n_classes=3, each=5, tiles=0.4, seed=1)
    clamped = np.where(np.arange(100) < known, crowd.truth, -1)
    weights = np.where(np.arange(10) < 3, 0.5, 1.0)
    trace = METHODS[name](crowd.votes, clamped, weights).log_likelihood
    assert len(trace) > 2
    assert (np.diff(trace) > -1e-4).all()


@every_method
def test_without_anybody_or_anything_there_is_an_empty_answer(name: str):
    fit = METHODS[name](Votes.of([], [], [], n_classes=3))
    assert fit.posterior.shape == (0, 3)
    assert fit.accuracy.shape == (0,)
    np.testing.assert_allclose(fit.prior, 1 / 3)


@every_method
def test_without_votes_all_classes_are_alike(name: str):
    fit = METHODS[name](Votes.of([], [], [], n_annotators=2, n_items=3, n_classes=4))
    np.testing.assert_allclose(fit.posterior, 0.25)
    assert fit.converged


@every_method
def test_with_a_single_class_every_item_is_of_it(name: str):
    votes = Votes.of([0, 1], [0, 1], [0, 0], [Kind.CHOICE, Kind.NO])
    np.testing.assert_allclose(METHODS[name](votes).posterior, 1)


@every_method
def test_a_single_vote_is_followed(name: str):
    assert METHODS[name](Votes.of([0], [0], [1], n_classes=3)).labels.tolist() == [1]


@every_method
def test_one_person_alone_is_followed(name: str):
    votes = Votes.of([0] * 6, range(6), [0, 1, 2, 0, 1, 2])
    assert METHODS[name](votes).labels.tolist() == [0, 1, 2, 0, 1, 2]


@every_method
def test_one_item_goes_to_the_most_votes(name: str):
    votes = Votes.of(range(5), [0] * 5, [1, 1, 1, 0, 2])
    assert METHODS[name](votes).labels.tolist() == [1]


@every_method
def test_a_tie_between_equals_stays_a_tie(name: str):
    votes = Votes.of([0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 0])
    np.testing.assert_allclose(METHODS[name](votes).posterior, 0.5, atol=1e-6)


@every_method
def test_every_vote_given_twice_still_recovers_the_truth(name: str, simulate: Any):
    crowd = simulate(np.full(10, 0.85), n_items=80, n_classes=3, each=7)
    twice = crowd.votes.select(np.repeat(np.arange(len(crowd.votes)), 2))
    assert (METHODS[name](twice).labels == crowd.truth).mean() > 0.95


@every_method
def test_who_only_answered_known_items_is_known_by_them_and_changes_nothing_else(name: str):
    others = [(1, 2, 0), (2, 2, 0), (1, 3, 1), (2, 3, 1)]
    known = [(0, 0, 0), (0, 1, 0)]
    clamped = [0, 1, -1, -1]
    alone, both = (
        METHODS[name](Votes.of(*np.array(rows).T, n_annotators=3, n_items=4, n_classes=2), clamped)
        for rows in (known, known + others)
    )
    assert both.labels.tolist() == [0, 1, 0, 1]
    assert 0 < alone.accuracy[0] < 1
    assert both.accuracy[0] == pytest.approx(alone.accuracy[0], abs=0.1)


@every_method
@pytest.mark.parametrize(
    ("clamped", "weights"),
    [
        ([np.nan, 0], None),
        ([0.5, 0], None),
        ([0], None),
        ([2, 0], None),
        (None, [np.nan, 1]),
        (None, [1]),
        (None, [-0.1, 1]),
        (None, [1.1, 1]),
    ],
)
def test_what_does_not_fit_the_votes_is_refused(name: str, clamped: Any, weights: Any):
    votes = Votes.of([0, 1], [0, 1], [0, 1])
    with pytest.raises(ValueError, match=r"clamped|weights"):
        METHODS[name](votes, clamped, weights)


@pytest.mark.parametrize("column", range(3))
def test_votes_that_are_no_numbers_are_refused_before_any_method_sees_them(column: int):
    columns: list[Any] = [[0, 1], [0, 1], [0, 1]]
    columns[column] = [0, np.nan]
    with pytest.raises(ValueError, match="NaN"):
        Votes.of(*columns)


@pytest.mark.parametrize("name", CLIMBING)
def test_no_round_at_all_is_refused(name: str):
    with pytest.raises(ValueError, match="max_iter"):
        METHODS[name](Votes.of([0], [0], [0]), max_iter=0)
