from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from annotations.consensus import dawid_skene
from annotations.consensus.stream import Stream
from annotations.consensus.votes import IntArray, Kind, Votes

CHALLENGE = 9


def some(votes: Votes, first: int, n: int = CHALLENGE) -> Votes:
    return votes.select(np.arange(first, min(first + n, len(votes))))


def streamed(votes: Votes, known: IntArray | None = None) -> Stream:
    stream = Stream(votes.n_annotators, votes.n_items, votes.n_classes, known)
    for first in range(0, len(votes), CHALLENGE):
        stream.update(some(votes, first))
    return stream


def shuffled(votes: Votes, seed: int = 0) -> Votes:
    return votes.select(np.random.default_rng(seed).permutation(len(votes)))


@pytest.fixture(scope="module")
def crowd(simulate: Callable[..., Any]) -> Any:
    """Three liars in twenty among people of all sorts, who say yes or no to half of what they are shown."""
    people = np.where(np.arange(40) % 20 < 3, 0.05, np.linspace(0.7, 0.95, 40))
    return simulate(people, n_items=800, n_classes=5, each=6, tiles=0.3)


@pytest.fixture(scope="module")
def known(crowd: Any) -> IntArray:
    return np.where(np.arange(800) % 20 == 0, crowd.truth, -1)


def test_without_a_full_fit_the_stream_is_close_to_it(crowd: Any, known: IntArray):
    votes = shuffled(crowd.votes)
    stream, full = streamed(votes, known), dawid_skene.fit(votes, known)
    assert 0.5 * np.abs(stream.posterior - full.posterior).sum(axis=1).mean() <= 0.03
    assert (stream.labels == full.labels).mean() >= 0.97


def test_the_full_fit_leaves_no_trace_of_the_order_and_names_what_it_changed(crowd: Any, known: IntArray):
    votes = shuffled(crowd.votes)
    stream, full = streamed(votes, known), dawid_skene.fit(votes, known)
    before = stream.labels
    refitted = stream.refit()
    np.testing.assert_allclose(stream.posterior, full.posterior, atol=1e-3)
    assert refitted.relabelled.tolist() == np.flatnonzero(before != full.labels).tolist()


def test_an_update_touches_its_items_and_their_voters_alone(crowd: Any):
    stream = streamed(crowd.votes)
    more = Votes.of([0, 1], [3, 5], [2, 2], n_annotators=40, n_items=800, n_classes=5)
    posterior, counts = stream.posterior.copy(), stream._counts.copy()
    voters = set(crowd.votes.annotator[np.isin(crowd.votes.item, [3, 5])].tolist()) | {0, 1}
    assert stream.update(more).tolist() == [3, 5]
    assert set(np.flatnonzero((stream.posterior != posterior).any(axis=1)).tolist()) <= {3, 5}
    assert set(np.flatnonzero((stream._counts != counts).any(axis=(1, 2))).tolist()) <= voters


def test_the_counts_are_the_sums_over_all_items_of_their_latest_posteriors(crowd: Any, known: IntArray):
    stream = streamed(shuffled(crowd.votes), known)
    votes = stream.votes()
    choices = votes.kind != Kind.NO
    named = np.zeros((40, 5, 5))
    np.add.at(named, (votes.annotator[choices], votes.answer[choices]), stream.posterior[votes.item[choices]])
    np.testing.assert_allclose(stream._named, named, atol=1e-8)
    again = Stream.resumed(votes, stream.saved(), known)
    np.testing.assert_allclose(again.population, stream.population, atol=1e-5)


def test_a_stream_goes_on_where_it_was_saved(crowd: Any, known: IntArray):
    half = len(crowd.votes) // 2
    first, second = some(crowd.votes, 0, half), some(crowd.votes, half, half)
    through = streamed(first, known)
    resumed = Stream.resumed(first, through.saved(), known)
    through.update(second)
    resumed.update(second)
    np.testing.assert_allclose(resumed.posterior, through.posterior, atol=1e-3)


def test_known_truths_stay(crowd: Any, known: IntArray):
    stream = streamed(crowd.votes, known)
    at = np.flatnonzero(known >= 0)
    np.testing.assert_allclose(stream.posterior[at, known[at]], 1)


def test_what_nobody_has_voted_on_is_anybodys_guess():
    stream = Stream(1, 2, 4)
    stream.update(Votes.of([0], [1], [3], n_items=2))
    np.testing.assert_allclose(stream.posterior[0], 0.25)
    assert stream.labels[1] == 3


def test_no_votes_change_nothing():
    stream = Stream(1, 1, 2)
    assert stream.update(Votes.of([], [], [], n_annotators=1, n_items=1, n_classes=2)).tolist() == []


def test_votes_of_other_sizes_are_refused():
    with pytest.raises(ValueError, match="2 classes"):
        Stream(1, 1, 2).update(Votes.of([0], [0], [2]))
