"""A simulated crowd, of which the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from annotations.consensus.skills import Skills
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes

SURE = 1e12  # pseudo-votes beside which the prior doesn't count


@dataclass(frozen=True)
class Crowd:
    votes: Votes
    truth: IntArray
    matrices: FloatArray


def answers(matrices: FloatArray, truth: IntArray, each: int, tiles: float, rng: np.random.Generator) -> Votes:
    """`each` people answer each item by their matrices (A, K, K); a share `tiles` says yes or no."""
    n_annotators, n_classes, _ = matrices.shape
    item = np.repeat(np.arange(len(truth)), each)
    person = np.concatenate([rng.permutation(n_annotators)[:each] for _ in truth])
    draws = rng.random((len(item), 1))
    perceived = np.minimum((matrices[person, truth[item]].cumsum(axis=1) < draws).sum(axis=1), n_classes - 1)
    # Half of the tiles ask about the true class, as a challenge would arrange.
    asked = np.where(rng.random(len(item)) < 0.5, truth[item], rng.integers(n_classes, size=len(item)))
    is_tile = rng.random(len(item)) < tiles
    kind = np.where(is_tile, np.where(perceived == asked, Kind.YES, Kind.NO), Kind.CHOICE)
    answer = np.where(is_tile, asked, perceived)
    return Votes(person, item, answer, kind, n_annotators, len(truth), n_classes)


@pytest.fixture(scope="session")
def simulate() -> Callable[..., Crowd]:
    """A crowd whose people perceive the truth with the given accuracies and else any other class, evenly."""

    def crowd(
        accuracies: FloatArray, *, n_items: int, n_classes: int, each: int, tiles: float = 0.0, seed: int = 0
    ) -> Crowd:
        rng = np.random.default_rng(seed)
        truth = rng.integers(n_classes, size=n_items)
        right = np.asarray(accuracies)[:, None, None] * np.eye(n_classes)
        wrong = (1 - np.asarray(accuracies))[:, None, None] * (1 - np.eye(n_classes)) / (n_classes - 1)
        return Crowd(answers(right + wrong, truth, each, tiles, rng), truth, right + wrong)

    return crowd


@pytest.fixture(scope="session")
def skilled() -> Callable[[FloatArray], Skills]:
    """People who are known to answer by these matrices (A, K, K)."""

    def known(matrices: FloatArray) -> Skills:
        n_annotators, n_classes, _ = np.shape(matrices)
        annotator, answer = np.divmod(np.arange(n_annotators * n_classes), n_classes)
        counts = SURE * np.transpose(matrices, (0, 2, 1)).reshape(-1, n_classes)
        total = np.full((n_annotators, n_classes), SURE)
        return Skills(annotator, answer, counts, total, np.full((n_classes, n_classes), 1 / n_classes))

    return known
