"""Random starts that don't hang on the order in which annotators, items and classes are listed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from annotations.consensus import coins
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes


def competences(votes: Votes, say: FloatArray, restarts: int, seed: int) -> Iterator[FloatArray]:
    """A first θ (A,) for each start: everybody alike, then at random.

    Draws go by what somebody's votes look like, not by their number: those of the same looks get the same draw, and
    other names for people, items or classes change nothing. People without a say have no part in it.
    """
    rng = np.random.default_rng(seed)
    looks, heard = _looks(votes, say), say > 0
    kinds, kind = np.unique(looks[heard], axis=0, return_inverse=True)
    yield np.full(votes.n_annotators, 0.5)
    for _ in range(restarts - 1):
        theta = np.full(votes.n_annotators, 0.5)
        theta[heard] = rng.uniform(0.05, 0.95, size=len(kinds))[kind.reshape(-1)]
        yield theta


def _looks(votes: Votes, say: FloatArray) -> IntArray:
    """Whole numbers that no renaming changes, (A, 4): votes by kind, and how often others with a say agree."""
    heard = say[votes.annotator] > 0
    by_kind = [coins.by_annotator(votes, votes.kind == kind) for kind in Kind]
    vote = (votes.item * votes.n_classes + votes.answer) * len(Kind) + votes.kind
    _, which, counts = np.unique(vote[heard], return_inverse=True, return_counts=True)
    agreeing = np.zeros(len(votes))
    agreeing[heard] = counts[which.reshape(-1)]
    looks: IntArray = np.stack([*by_kind, coins.by_annotator(votes, agreeing)], axis=1).astype(np.int64)
    return looks
