"""Votes as they arrive, one person's challenge at a time and no full fit between; then beside the full fit."""

from collections.abc import Callable, Iterable
from io import BytesIO
from statistics import median
from time import process_time

import numpy as np

from annotations.consensus import dawid_skene
from annotations.consensus.stream import Stream
from annotations.consensus.votes import FloatArray, IntArray, Votes
from learning.bench.crowds import EACH, Crowd, Kind

FEWEST = 1000
CHALLENGE = 9
VOTES_EACH = 200  # of a person, on average: who came early has given more
LIARS, HONEST = 0.15, (0.6, 0.95)
LAST = 50  # challenges that are taken in by the stream, and by the one that was saved before them and resumed


def run(n_votes: int, seed: int, say: Callable[[str], object]) -> dict[str, object]:
    if n_votes < FEWEST:
        raise ValueError(f"--votes must be at least {FEWEST}")
    crowd = _crowd(n_votes, seed)
    annotator, item, challenge = _asked(crowd)
    votes = crowd.ask(annotator, item)
    earlier, last = votes.select(challenge <= challenge[-1] - LAST), votes.select(challenge > challenge[-1] - LAST)
    stream = Stream(votes.n_annotators, votes.n_items, votes.n_classes, crowd.gold)
    seconds = _take(stream, _challenges(earlier, challenge[: len(earlier)]))
    file = _file(stream)
    resumed = Stream.resumed(earlier, np.load(BytesIO(file)), crowd.gold)
    for one in (stream, resumed):
        seconds += _take(one, _challenges(last, challenge[-len(last) :]))
    say(f"{len(votes):,} votes in {len(seconds):,} updates, {sum(seconds):.0f} s")
    full = dawid_skene.fit(votes, crowd.gold)
    say(f"the full fit: {len(full.log_likelihood)} rounds")
    return {
        "votes": len(votes),
        "items": votes.n_items,
        "annotators": votes.n_annotators,
        "update_ms": round(1000 * median(seconds), 2),
        "mean_tv": round(float(_apart(stream.posterior, full.posterior).mean()), 4),
        "same_label": round(float((stream.labels == full.labels).mean()), 4),
        "accuracy": _accuracy(crowd, stream.labels),
        "full_accuracy": _accuracy(crowd, full.labels),
        "saved_kb": round(len(file) / 1024),
        "resumed_tv": float(f"{_apart(resumed.posterior, stream.posterior).max():.1e}"),
        **_refitted(stream, full.posterior),
    }


def _refitted(stream: Stream, full: FloatArray) -> dict[str, object]:
    """What the stream's own full fit leaves between it and one by itself, and whether it names what it changed."""
    before = stream.labels
    relabelled = stream.refit().relabelled
    return {
        "worst_tv_after_refit": float(f"{_apart(stream.posterior, full).max():.1e}"),
        "relabelled": len(relabelled),
        "relabelled_exactly": relabelled.tolist() == np.flatnonzero(before != stream.labels).tolist(),
    }


def _crowd(n_votes: int, seed: int) -> Crowd:
    n_people = max(20, n_votes // VOTES_EACH)
    accuracy = np.random.default_rng(seed).uniform(*HONEST, n_people)
    return Crowd.of({Kind.ADVERSARY: LIARS}, seed, n_votes // EACH, accuracy)


def _asked(crowd: Crowd) -> tuple[IntArray, IntArray, IntArray]:
    """Of each vote its annotator, item and challenge: all items in random order, `EACH` times over.

    People arrive one by one, and the next challenge goes to anybody who is there. Nobody votes twice on an item.
    """
    n_people, n_items = len(crowd.kinds), len(crowd.truth)
    item = np.concatenate([crowd.rng.permutation(n_items) for _ in range(EACH)])
    challenge = np.arange(len(item)) // CHALLENGE
    n_challenges = int(challenge[-1]) + 1
    arrived = 1 + np.arange(n_challenges) * n_people // n_challenges
    annotator = crowd.rng.permutation(n_people)[crowd.rng.integers(arrived)][challenge]
    kept = np.sort(np.unique(annotator * n_items + item, return_index=True)[1])
    return annotator[kept], item[kept], challenge[kept]


def _challenges(votes: Votes, challenge: IntArray) -> list[Votes]:
    return [votes.select(at) for at in np.split(np.arange(len(votes)), np.flatnonzero(np.diff(challenge)) + 1)]


def _take(stream: Stream, challenges: Iterable[Votes]) -> list[float]:
    """Seconds of computing for each."""
    seconds = []
    for votes in challenges:
        started = process_time()
        stream.update(votes)
        seconds.append(process_time() - started)
    return seconds


def _file(stream: Stream) -> bytes:
    written = BytesIO()
    np.savez_compressed(written, **stream.saved())
    return written.getvalue()


def _apart(one: FloatArray, other: FloatArray) -> FloatArray:
    """Total variation of two beliefs in each item (I,)."""
    apart: FloatArray = 0.5 * np.abs(one - other).sum(axis=1)
    return apart


def _accuracy(crowd: Crowd, labels: IntArray) -> float:
    return round(float((labels == crowd.truth)[crowd.unknown].mean()), 4)
