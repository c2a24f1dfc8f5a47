from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus import dawid_skene, majority
from annotations.consensus.dawid_skene import Prior
from annotations.consensus.skills import Skills
from annotations.consensus.votes import FloatArray, Kind, Votes

# Rounding differs with the order of summation, and EM can enlarge it: few steps keep it invisible.
FEW = 10


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


def accuracy(posterior: FloatArray, truth: Any) -> float:
    return float((posterior.argmax(axis=1) == truth).mean())


@settings(max_examples=80, deadline=None)
@given(votes_and_truth())
def test_all_that_is_a_distribution_sums_to_one(case: tuple[Votes, list[int]]):
    fit = dawid_skene.fit(case[0], clamped=case[1], max_iter=FEW)
    for distribution in (fit.posterior, fit.confusion, fit.prior):
        assert (distribution >= 0).all()
        np.testing.assert_allclose(distribution.sum(axis=-1), 1)


@settings(max_examples=80, deadline=None)
@given(votes_and_truth())
def test_known_truths_stay(case: tuple[Votes, list[int]]):
    posterior = dawid_skene.fit(case[0], clamped=case[1], max_iter=FEW).posterior
    for item, truth in enumerate(case[1]):
        assert truth == -1 or posterior[item, truth] == 1


@settings(max_examples=60, deadline=None)
@given(votes_and_truth(), st.randoms(use_true_random=False))
def test_other_names_for_people_items_and_classes_give_the_same_answer(case: tuple[Votes, list[int]], random: Any):
    votes, clamped = case[0], np.array(case[1])
    people, items, classes = (
        np.array(random.sample(range(n), n)) for n in (votes.n_annotators, votes.n_items, votes.n_classes)
    )
    renamed = Votes.of(
        people[votes.annotator],
        items[votes.item],
        classes[votes.answer],
        votes.kind,
        n_annotators=votes.n_annotators,
        n_items=votes.n_items,
        n_classes=votes.n_classes,
    )
    truth = np.empty_like(clamped)
    truth[items] = np.where(clamped == -1, -1, classes[clamped])
    fit = dawid_skene.fit(votes, clamped=clamped, max_iter=FEW, tol=0)
    other = dawid_skene.fit(renamed, clamped=truth, max_iter=FEW, tol=0)
    np.testing.assert_allclose(other.posterior[items][:, classes], fit.posterior, atol=1e-6)
    np.testing.assert_allclose(other.confusion[people][:, classes][:, :, classes], fit.confusion, atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(some_votes(), st.data())
def test_a_weight_of_nought_is_as_good_as_not_having_voted(votes: Votes, data: st.DataObject):
    out = data.draw(st.integers(0, votes.n_annotators - 1))
    weights = np.where(np.arange(votes.n_annotators) == out, 0.0, 1.0)
    muted = dawid_skene.fit(votes, weights=weights, max_iter=FEW, tol=0)
    absent = dawid_skene.fit(votes.select(votes.annotator != out), weights=weights, max_iter=FEW, tol=0)
    np.testing.assert_allclose(muted.posterior, absent.posterior, atol=1e-6)
    np.testing.assert_allclose(muted.prior, absent.prior, atol=1e-6)


def test_the_matrix_of_somebody_without_a_say_is_still_known():
    votes = Votes.of([0] * 10, range(10), [0] * 10, n_classes=2)
    fit = dawid_skene.fit(votes, clamped=[0] * 10, weights=[0.0])
    assert fit.skills.dense_counts[0, 0, 0] == pytest.approx(10)


def test_without_votes_everything_is_as_before():
    votes = Votes.of([], [], [], n_annotators=2, n_items=3, n_classes=4)
    fit = dawid_skene.fit(votes)
    np.testing.assert_allclose(fit.posterior, np.full((3, 4), 0.25))
    np.testing.assert_allclose(fit.confusion[1], Prior().symmetric(4))
    assert fit.converged


def test_without_anybody_or_anything_there_is_an_empty_answer():
    fit = dawid_skene.fit(Votes.of([], [], [], n_classes=3))
    assert fit.posterior.shape == (0, 3)
    assert fit.confusion.shape == (0, 3, 3)


def test_with_a_single_class_every_item_is_of_it():
    votes = Votes.of([0, 1], [0, 1], [0, 0], [Kind.CHOICE, Kind.NO])
    np.testing.assert_allclose(dawid_skene.fit(votes).posterior, 1)


def test_one_person_alone_is_believed_as_far_as_a_stranger():
    votes = Votes.of([0], [0], [1], n_classes=3)
    even = np.full(3, 1 / 3)
    alone = dawid_skene.posterior(votes, Skills.strangers(1, Prior(accuracy=0.8).symmetric(3)), even)
    np.testing.assert_allclose(alone, [[0.1, 0.8, 0.1]])
    assert dawid_skene.fit(votes).labels.tolist() == [1]


def test_a_tie_between_equals_stays_a_tie():
    votes = Votes.of([0, 1, 0, 1], [0, 0, 1, 1], [0, 1, 1, 0])
    np.testing.assert_allclose(dawid_skene.fit(votes).posterior, 0.5)


def test_a_vote_given_twice_counts_twice(skilled: Callable[..., Skills]):
    once = Votes.of([0], [0], [1], n_classes=2)
    twice = Votes.of([0, 0], [0, 0], [1, 1], n_classes=2)
    matrix, even = skilled([[[0.8, 0.2], [0.2, 0.8]]]), np.array([0.5, 0.5])
    assert dawid_skene.posterior(once, matrix, even)[0, 1] == pytest.approx(0.8)
    assert dawid_skene.posterior(twice, matrix, even)[0, 1] == pytest.approx(0.64 / 0.68)


def test_half_a_say_is_half_the_log_likelihood(skilled: Callable[..., Skills]):
    votes = Votes.of([0], [0], [1], n_classes=2)
    belief = dawid_skene.posterior(votes, skilled([[[0.8, 0.2], [0.2, 0.8]]]), np.full(2, 0.5), [0.5])
    assert belief[0, 1] == pytest.approx(2 / 3)


def test_each_item_may_have_its_own_prior():
    votes = Votes.of([], [], [], n_items=2, n_classes=2)
    own = np.array([[0.9, 0.1], [0.2, 0.8]])
    np.testing.assert_allclose(dawid_skene.posterior(votes, Skills.strangers(0, np.eye(2)), own), own)


def test_the_touched_images_alone_get_the_posterior_that_they_have_among_all(simulate: Callable[..., Any]):
    crowd = simulate(np.full(8, 0.8), n_items=30, n_classes=3, each=4, tiles=0.5)
    fit = dawid_skene.fit(crowd.votes)
    touched = crowd.votes.select(crowd.votes.item < 5)
    belief = dawid_skene.posterior(touched, fit.skills, fit.prior)
    np.testing.assert_allclose(belief[:5], fit.posterior[:5], atol=1e-9)


def test_with_the_population_fixed_the_likelihood_climbs(simulate: Callable[..., Any]):
    crowd = simulate(np.full(10, 0.7), n_items=100, n_classes=3, each=5)
    # Hardly any smoothing: plain maximum likelihood, which EM never lets fall.
    prior = Prior(strength=1e-6, crowd=1e9, classes=1e-6)
    trace = dawid_skene.fit(crowd.votes, prior=prior).log_likelihood
    assert len(trace) > 2
    assert (np.diff(trace) > -1e-4).all()


def test_the_result_can_be_started_from_where_it_ended(simulate: Callable[..., Any]):
    crowd = simulate(np.full(10, 0.75), n_items=100, n_classes=3, each=5)
    cold = dawid_skene.fit(crowd.votes)
    warm = dawid_skene.fit(crowd.votes, initial=cold.posterior)
    assert cold.converged
    assert len(warm.log_likelihood) < len(cold.log_likelihood)
    np.testing.assert_allclose(warm.posterior, cold.posterior, atol=0.01)


@pytest.mark.parametrize("initial", [np.full((1, 3), 1 / 3), np.array([[0.5, 0.6]]), np.array([[-0.5, 1.5]])])
def test_a_start_that_is_no_belief_is_refused(initial: FloatArray):
    with pytest.raises(ValueError, match="initial"):
        dawid_skene.fit(Votes.of([0], [0], [1]), initial=initial)


@pytest.mark.parametrize("wrong", [{"accuracy": 1.0}, {"strength": 0.0}, {"crowd": -1.0}, {"classes": 0.0}])
def test_an_improper_prior_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match="must"):
        Prior(**wrong)


@pytest.mark.parametrize("seed", range(5))
def test_it_beats_the_majority_where_three_in_ten_lie(
    simulate: Callable[..., Any], skilled: Callable[..., Skills], seed: int
):
    liars = np.where(np.arange(40) % 10 < 3, 0.05, 0.8)
    crowd = simulate(liars, n_items=400, n_classes=4, each=5, seed=seed)
    clamped = np.where(np.arange(400) < 40, crowd.truth, -1)
    unknown = clamped == -1
    plain = majority.fit(crowd.votes, clamped).posterior
    fit = dawid_skene.fit(crowd.votes, clamped).posterior
    best = dawid_skene.posterior(crowd.votes, skilled(crowd.matrices), np.full(4, 0.25))
    reached, by_majority, at_most = (accuracy(belief[unknown], crowd.truth[unknown]) for belief in (fit, plain, best))
    assert reached > by_majority + 0.08
    # Nobody can do better than whoever is told how each of them errs.
    assert reached > at_most - 0.05


def test_known_truths_tell_even_where_most_people_lie(simulate: Callable[..., Any]):
    crowd = simulate(np.where(np.arange(30) < 18, 0.1, 0.9), n_items=300, n_classes=2, each=6)
    clamped = np.where(np.arange(300) < 60, crowd.truth, -1)
    assert accuracy(majority.fit(crowd.votes).posterior, crowd.truth) < 0.5
    assert accuracy(dawid_skene.fit(crowd.votes, clamped).posterior[60:], crowd.truth[60:]) > 0.9


@pytest.mark.parametrize("tiles", [0.5, 1.0])
def test_grids_and_choices_together_recover_the_truth(simulate: Callable[..., Any], tiles: float):
    crowd = simulate(np.linspace(0.75, 0.95, 30), n_items=300, n_classes=5, each=12, tiles=tiles)
    fit = dawid_skene.fit(crowd.votes)
    assert accuracy(fit.posterior, crowd.truth) > 0.95


def test_the_matrices_are_recovered(simulate: Callable[..., Any]):
    accuracies = np.array([0.95, 0.9, 0.85, 0.8, 0.6, 0.4])
    crowd = simulate(accuracies, n_items=1500, n_classes=3, each=6, tiles=0.4)
    diagonal = np.diagonal(dawid_skene.fit(crowd.votes).confusion, axis1=1, axis2=2)
    np.testing.assert_allclose(diagonal.mean(axis=1), accuracies, atol=0.06)


def test_controls_can_be_passed_as_one_clamped_item_a_class(simulate: Callable[..., Any]):
    """What somebody answered to controls of class t is a set of votes on the t-th pseudo-item."""
    crowd = simulate(np.where(np.arange(20) < 11, 0.1, 0.9), n_items=200, n_classes=3, each=5)
    controls = simulate(np.where(np.arange(20) < 11, 0.1, 0.9), n_items=60, n_classes=3, each=10, seed=1)
    together = Votes.of(
        np.concatenate([crowd.votes.annotator, controls.votes.annotator]),
        np.concatenate([crowd.votes.item, 200 + controls.truth[controls.votes.item]]),
        np.concatenate([crowd.votes.answer, controls.votes.answer]),
        n_items=203,
    )
    fit = dawid_skene.fit(together, clamped=np.r_[np.full(200, -1), 0, 1, 2])
    np.testing.assert_allclose(fit.posterior[200:], np.eye(3))
    assert accuracy(fit.posterior[:200], crowd.truth) > 0.9
    # The pseudo-items are no sample of the pool: the class prior is of the real ones only.
    np.testing.assert_allclose(fit.prior, (fit.posterior[:200].sum(axis=0) + 1) / 203, atol=1e-3)


def test_a_newcomer_looks_like_the_population(simulate: Callable[..., Any]):
    crowd = simulate(np.append(np.full(20, 0.9), 0.5), n_items=200, n_classes=3, each=5)
    without = crowd.votes.select(crowd.votes.annotator != 20)
    fit = dawid_skene.fit(without, clamped=crowd.truth)
    np.testing.assert_allclose(fit.confusion[20], fit.skills.population, atol=1e-6)
    assert (np.diagonal(fit.skills.population) > 0.8).all()


def test_a_log_likelihood_goes_with_every_round(simulate: Callable[..., Any]):
    crowd = simulate(np.full(5, 0.8), n_items=20, n_classes=3, each=3)
    fit = dawid_skene.fit(crowd.votes, max_iter=3, tol=0)
    assert len(fit.log_likelihood) == 3
    assert not fit.converged


def test_everybodys_accuracy_is_told(simulate: Callable[..., Any]):
    crowd = simulate(np.array([0.95, 0.9, 0.8, 0.6]), n_items=900, n_classes=3, each=4)
    np.testing.assert_allclose(dawid_skene.fit(crowd.votes).accuracy, [0.95, 0.9, 0.8, 0.6], atol=0.05)


def test_a_thousand_classes_are_told_apart_by_people_who_saw_few_of_each(simulate: Callable[..., Any]):
    """Five in ten guess. Hardly anybody saw a class twice, so only what is known of the person as a whole can tell."""
    people = np.where(np.arange(60) % 2 == 0, 0.9, 0.001)
    crowd = simulate(people, n_items=2000, n_classes=1000, each=5)
    fit = dawid_skene.fit(crowd.votes)
    assert accuracy(fit.posterior, crowd.truth) > accuracy(majority.fit(crowd.votes).posterior, crowd.truth) + 0.05
    assert fit.accuracy[people > 0.5].min() > fit.accuracy[people < 0.5].max() + 0.3


@settings(max_examples=60, deadline=None)
@given(some_votes(), st.data())
def test_a_duplicate_of_honest_evidence_never_lowers_the_true_class(votes: Votes, data: st.DataObject):
    """Honest: likelier to name a class where it is the truth than where it is not."""
    item, truth = data.draw(st.integers(0, votes.n_items - 1)), data.draw(st.integers(0, votes.n_classes - 1))
    honest = Skills.strangers(votes.n_annotators, Prior().symmetric(votes.n_classes))
    even = np.full(votes.n_classes, 1 / votes.n_classes)
    more = Votes.of(
        np.append(votes.annotator, 0),
        np.append(votes.item, item),
        np.append(votes.answer, truth),
        np.append(votes.kind, Kind.CHOICE),
        n_annotators=votes.n_annotators,
        n_items=votes.n_items,
        n_classes=votes.n_classes,
    )
    before = dawid_skene.posterior(votes, honest, even)[item, truth]
    assert dawid_skene.posterior(more, honest, even)[item, truth] >= before - 1e-12


@pytest.mark.parametrize("twice", [0, 50])
def test_one_answer_an_item_is_taken_at_its_word(twice):
    """It tells nothing of who gave it; taken for evidence, it once made one class of everything."""
    rng = np.random.default_rng(0)
    truth = rng.integers(10, size=200)
    annotator, item = np.arange(200), np.arange(200)
    votes = Votes.of(
        np.append(annotator, (annotator[:twice] + 1) % 200),
        np.append(item, item[:twice]),
        np.append(truth, truth[:twice]),
    )
    fit = dawid_skene.fit(votes)
    assert fit.labels.tolist() == truth.tolist()
    assert np.diagonal(fit.skills.population).min() > 0.6
