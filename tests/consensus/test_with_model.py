from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from annotations.consensus import dawid_skene, with_model
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes

FEW = 10


@st.composite
def cases(draw: st.DrawFn) -> dict[str, Any]:
    """Any votes with opinions on some of the items, some known items, some people without a say or shown reliable."""
    people, items, classes = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    vote = st.tuples(*(st.integers(0, high - 1) for high in (people, items, classes, 3)))
    rows = np.array(draw(st.lists(vote, max_size=25)), dtype=np.int64).reshape(-1, 4)
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    opinions = rng.dirichlet(np.full(classes, 0.3), size=items)
    opinions[rng.random(items) < 0.3] = np.nan
    return {
        "votes": Votes.of(*rows.T, n_annotators=people, n_items=items, n_classes=classes),
        "opinions": opinions,
        "clamped": np.where(rng.random(items) < 0.2, rng.integers(classes, size=items), -1),
        "weights": np.where(rng.random(people) < 0.2, 0.0, rng.random(people)),
        "shown": rng.random(people) < 0.6,
        "max_iter": FEW,
        "tol": 0.0,
    }


def opinions_on(truth: IntArray, n_classes: int, right: float, seed: int = 0) -> FloatArray:
    """A calibrated model: it says 0.9 of the class that it means, and means the true one as often as `right`."""
    rng = np.random.default_rng(seed)
    meant = np.where(rng.random(len(truth)) < right, truth, rng.integers(n_classes, size=len(truth)))
    return np.full((len(truth), n_classes), 0.1 / (n_classes - 1)) + np.eye(n_classes)[meant] * (
        0.9 - 0.1 / (n_classes - 1)
    )


@settings(max_examples=80, deadline=None)
@given(cases())
def test_all_that_is_a_distribution_sums_to_one(case: dict[str, Any]):
    fit = with_model.fit(**case)
    for distribution in (fit.posterior, fit.crowd, fit.matrix, fit.prior, fit.skills.confusion):
        assert (distribution >= 0).all()
        np.testing.assert_allclose(distribution.sum(axis=-1), 1)


@settings(max_examples=80, deadline=None)
@given(cases())
def test_without_a_vote_of_somebody_with_a_say_the_model_has_no_word(case: dict[str, Any]):
    votes, fit = case["votes"], with_model.fit(**case)
    unvoted = np.ones(votes.n_items, dtype=bool)
    unvoted[votes.item[case["weights"][votes.annotator] > 0]] = False
    assert not fit.heard[unvoted].any()
    unknown = unvoted & (case["clamped"] == -1)
    np.testing.assert_allclose(fit.posterior[unknown], np.tile(fit.prior, (unknown.sum(), 1)))


@settings(max_examples=150, deadline=None)
@given(cases())
def test_two_reliable_people_who_agree_are_never_overruled(case: dict[str, Any]):
    votes, fit = case["votes"], with_model.fit(**case)
    before, after = fit.crowd.argmax(axis=1), fit.labels
    for item in np.flatnonzero(before != after):
        for cls in range(votes.n_classes):
            who = (
                (votes.item == item) & (votes.answer == cls) & (case["shown"] & (case["weights"] > 0))[votes.annotator]
            )
            named, denied = who & (votes.kind != Kind.NO), who & (votes.kind == Kind.NO)
            if cls != after[item]:
                assert len(set(votes.annotator[named])) < 2
            else:
                assert len(set(votes.annotator[denied])) < 2


@settings(max_examples=60, deadline=None)
@given(cases())
def test_known_truths_stay(case: dict[str, Any]):
    posterior = with_model.fit(**case).posterior
    for item, truth in enumerate(case["clamped"]):
        assert truth == -1 or posterior[item, truth] == 1


@settings(max_examples=60, deadline=None)
@given(cases())
def test_without_opinions_it_is_the_crowds_own_fit(case: dict[str, Any]):
    silent = {**case, "opinions": np.full_like(case["opinions"], np.nan)}
    fit = with_model.fit(**silent)
    crowd = dawid_skene.fit(case["votes"], case["clamped"], case["weights"], max_iter=FEW, tol=0.0)
    np.testing.assert_array_equal(fit.posterior, crowd.posterior)
    np.testing.assert_array_equal(fit.skills.confusion, crowd.confusion)
    assert fit.log_likelihood == crowd.log_likelihood and not fit.heard.any()


@settings(max_examples=60, deadline=None)
@given(cases())
def test_the_crowds_posterior_is_kept_beside_it(case: dict[str, Any]):
    crowd = dawid_skene.fit(case["votes"], case["clamped"], case["weights"], max_iter=FEW, tol=0.0)
    np.testing.assert_array_equal(with_model.fit(**case).crowd, crowd.posterior)


@settings(max_examples=40, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_other_names_for_people_and_items_give_the_same_answer(case: dict[str, Any], random: Any):
    votes = case["votes"]
    people, items = (np.array(random.sample(range(n), n)) for n in (votes.n_annotators, votes.n_items))
    renamed = Votes.of(
        people[votes.annotator],
        items[votes.item],
        votes.answer,
        votes.kind,
        n_annotators=votes.n_annotators,
        n_items=votes.n_items,
        n_classes=votes.n_classes,
    )
    moved = {name: np.empty_like(case[name]) for name in ("opinions", "clamped", "weights", "shown")}
    for name, at in (("opinions", items), ("clamped", items), ("weights", people), ("shown", people)):
        moved[name][at] = case[name]
    # A say that is worked out would enlarge rounding; nobody is shown, so that no tie decides on a label.
    options = {"say": 1.0, "shown": None}
    fit, other = with_model.fit(**{**case, **options}), with_model.fit(**{**case, **moved, **options, "votes": renamed})
    np.testing.assert_allclose(other.posterior[items], fit.posterior, atol=1e-6)
    np.testing.assert_allclose(other.matrix, fit.matrix, atol=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_is_mostly_right_improves_a_poor_crowd(simulate: Callable[..., Any], seed: int):
    crowd = simulate(np.full(30, 0.6), n_items=400, n_classes=4, each=3, seed=seed)
    fit = with_model.fit(crowd.votes, opinions_on(crowd.truth, 4, 0.85, seed))
    alone = (fit.crowd.argmax(axis=1) == crowd.truth).mean()
    assert (fit.labels == crowd.truth).mean() > alone + 0.08
    assert fit.model_accuracy > 0.75


@pytest.mark.parametrize("seed", range(3))
def test_a_model_that_guesses_loses_its_say(simulate: Callable[..., Any], seed: int):
    crowd = simulate(np.full(30, 0.75), n_items=400, n_classes=4, each=5, seed=seed)
    fit = with_model.fit(crowd.votes, opinions_on(crowd.truth, 4, 0.0, seed))
    alone = (fit.crowd.argmax(axis=1) == crowd.truth).mean()
    assert (fit.labels == crowd.truth).mean() > alone - 0.01
    assert np.abs(fit.posterior - fit.crowd).mean() < 0.02


def test_a_model_of_other_names_is_read_through_its_matrix(simulate: Callable[..., Any]):
    crowd = simulate(np.full(30, 0.7), n_items=400, n_classes=3, each=4)
    swapped = opinions_on(crowd.truth, 3, 0.95)[:, [1, 2, 0]]
    fit = with_model.fit(crowd.votes, swapped)
    assert fit.matrix.argmax(axis=1).tolist() == [2, 0, 1]
    assert (fit.labels == crowd.truth).mean() > (fit.crowd.argmax(axis=1) == crowd.truth).mean()


def test_the_models_word_is_its_vote_in_parts_by_its_matrix():
    matrix = np.array([[0.8, 0.2], [0.3, 0.7]])
    opinions = [[1.0, 0.0], [0.5, 0.5], [np.nan, np.nan]]
    word = with_model.opinion_log_likelihood(opinions, np.array([0.5, 0.5]), matrix, say=2.0)
    np.testing.assert_allclose(word[0], 2 * np.log([0.8, 0.3]))
    np.testing.assert_allclose(word[1], np.log([0.8 * 0.2, 0.3 * 0.7]))
    np.testing.assert_array_equal(word[2], 0)


def test_how_common_a_class_is_to_the_model_is_not_counted_twice():
    parts = with_model.relative(np.array([[0.9, 0.1], [0.6, 0.4], [0.0, 0.0]]), np.array([0.9, 0.1]))
    np.testing.assert_allclose(parts, [[0.5, 0.5], [1 / 7, 6 / 7], [0, 0]])


def test_the_touched_images_alone_get_the_posterior_that_they_have_among_all(simulate: Callable[..., Any]):
    crowd = simulate(np.full(12, 0.7), n_items=100, n_classes=3, each=4, tiles=0.3)
    opinions = opinions_on(crowd.truth, 3, 0.8)
    fit = with_model.fit(crowd.votes, opinions, tol=1e-9)
    touched = crowd.votes.select(crowd.votes.item < 5)
    word = with_model.opinion_log_likelihood(opinions, fit.usual, fit.matrix, fit.say)
    prior = fit.prior * np.exp(word - word.max(axis=1, keepdims=True))
    belief = dawid_skene.posterior(touched, fit.skills, prior)
    np.testing.assert_allclose(belief[:5], fit.posterior[:5], atol=1e-6)


def test_one_reliable_person_alone_can_be_overruled_and_two_cannot():
    votes = Votes.of([0, 0, 1], [0, 1, 1], [1, 1, 1], n_annotators=3, n_items=3, n_classes=2)
    against = with_model.contradicted(votes, [True, True, True])
    assert against.tolist() == [[False, False], [True, False], [False, False]]
    crowd, belief = np.tile([0.2, 0.8], (3, 1)), np.tile([0.7, 0.3], (3, 1))
    assert with_model.guard(belief, crowd, against).argmax(axis=1).tolist() == [0, 1, 0]


def test_the_same_person_twice_is_not_two_people():
    votes = Votes.of([0, 0], [0, 0], [1, 1], n_classes=2)
    assert not with_model.contradicted(votes, [True]).any()


def test_two_who_deny_a_class_hold_against_it_alone():
    votes = Votes.of([0, 1], [0, 0], [1, 1], Kind.NO, n_classes=3)
    assert with_model.contradicted(votes, [True, True]).tolist() == [[False, True, False]]


@pytest.mark.parametrize(
    "wrong",
    [
        {"opinions": np.full((2, 2), 0.5)},
        {"opinions": [[0.9, 0.9]]},
        {"opinions": [[-0.5, 1.5]]},
        {"opinions": [[np.nan, 1.0]]},
        {"shown": [True]},
        {"say": -1.0},
        {"say": 100.0},
        {"max_iter": 0},
    ],
)
def test_what_does_not_fit_the_votes_is_refused(wrong: dict[str, Any]):
    votes = Votes.of([0, 1], [0, 0], [0, 1])
    with pytest.raises(ValueError, match=r"must"):
        with_model.fit(votes, **{"opinions": [[0.5, 0.5]], **wrong})


def test_without_items_there_is_an_empty_answer():
    fit = with_model.fit(Votes.of([], [], [], n_classes=3), np.zeros((0, 3)))
    assert fit.posterior.shape == (0, 3) and fit.heard.shape == (0,)
