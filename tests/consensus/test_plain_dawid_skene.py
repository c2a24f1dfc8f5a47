from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotations.consensus import majority, plain_dawid_skene
from annotations.consensus.votes import IntArray, Kind, Votes


def by_crowd_kit(votes: Votes) -> tuple[IntArray, int]:
    """crowd-kit's labels of the items that were voted on, and its number of rounds."""
    crowdkit = pytest.importorskip("crowdkit.aggregation")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"task": votes.item, "worker": votes.annotator, "label": votes.answer})
    model = crowdkit.DawidSkene(n_iter=30).fit(frame)
    return model.labels_.sort_index().to_numpy(), len(model.loss_history_)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", range(3))
def test_it_agrees_with_crowd_kit_after_as_many_rounds(simulate: Any, seed: int):
    rng = np.random.default_rng(seed)
    crowd = simulate(rng.uniform(0.3, 0.95, 60), n_items=1500, n_classes=5, each=5, seed=seed)
    labels, rounds = by_crowd_kit(crowd.votes)
    fit = plain_dawid_skene.fit(crowd.votes, max_iter=rounds, tol=0)
    assert (fit.labels == labels).mean() >= 0.999
    assert (fit.labels != majority.fit(crowd.votes).labels).mean() > 0.01


def test_matrices_are_counts_shared_out_by_row():
    votes = Votes.of([0] * 5, range(5), [0, 0, 1, 1, 2], n_classes=3)
    fit = plain_dawid_skene.fit(votes, clamped=[0, 0, 0, 1, 2])
    np.testing.assert_allclose(fit.confusion[0], [[2 / 3, 1 / 3, 0], [0, 1, 0], [0, 0, 1]], atol=1e-6)
    assert fit.accuracy[0] == pytest.approx(4 / 5)


def test_a_no_is_what_was_perceived_elsewhere():
    # Asked ten times about class 0 where it is class 0, seven times yes: it is perceived in seven of ten.
    kinds = [Kind.YES] * 7 + [Kind.NO] * 3
    fit = plain_dawid_skene.fit(Votes.of([0] * 10, range(10), [0] * 10, kinds, n_classes=3), clamped=[0] * 10)
    np.testing.assert_allclose(fit.confusion[0, 0], [0.7, 0.15, 0.15], atol=1e-6)


def test_a_row_without_evidence_is_even_over_what_the_annotator_answers():
    fit = plain_dawid_skene.fit(Votes.of([0, 0], [0, 1], [0, 1], n_classes=3), clamped=[0, 0])
    np.testing.assert_allclose(fit.confusion[0, 2], [0.5, 0.5, 0])


def test_whoever_never_voted_guesses():
    fit = plain_dawid_skene.fit(Votes.of([0], [0], [0], n_annotators=2, n_classes=4))
    np.testing.assert_allclose(fit.confusion[1], 0.25)
    assert fit.accuracy[1] == 0.25


@pytest.mark.parametrize("tiles", [0.0, 0.5])
def test_the_matrices_are_recovered(simulate: Any, tiles: float):
    crowd = simulate(np.linspace(0.6, 0.95, 8), n_items=1500, n_classes=3, each=6, tiles=tiles)
    fit = plain_dawid_skene.fit(crowd.votes)
    np.testing.assert_allclose(fit.confusion, crowd.matrices, atol=0.1)
    np.testing.assert_allclose(fit.accuracy, np.linspace(0.6, 0.95, 8), atol=0.06)


@pytest.mark.parametrize("seed", range(3))
def test_it_beats_the_majority_where_some_answer_the_wrong_way_round(simulate: Any, seed: int):
    crowd = simulate(np.r_[np.full(14, 0.8), np.full(6, 0.1)], n_items=500, n_classes=3, each=6, seed=seed)
    fit, share = plain_dawid_skene.fit(crowd.votes), majority.fit(crowd.votes)
    assert (fit.labels == crowd.truth).mean() > (share.labels == crowd.truth).mean() + 0.05
