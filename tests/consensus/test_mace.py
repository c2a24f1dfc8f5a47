from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotations.consensus import mace, majority
from annotations.consensus.mace_starts import competences
from annotations.consensus.spamming import Spamming
from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes

THETA = np.r_[np.full(8, 0.9), np.full(12, 0.05)]


def spammed(seed: int, tiles: float = 0.0) -> tuple[Votes, IntArray]:
    """Eight people who know and twelve who spam class 0 and 1, on 400 items of three classes, seven votes each."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(3, size=400)
    item = np.repeat(np.arange(400), 7)
    who = np.concatenate([rng.permutation(20)[:7] for _ in truth])
    spam = rng.choice(3, size=len(item), p=[0.7, 0.25, 0.05])
    perceived = np.where(rng.random(len(item)) < THETA[who], truth[item], spam)
    asked, is_tile = rng.integers(3, size=len(item)), rng.random(len(item)) < tiles
    kind = np.where(is_tile, np.where(perceived == asked, Kind.YES, Kind.NO), Kind.CHOICE)
    return Votes.of(who, item, np.where(is_tile, asked, perceived), kind), truth


def bound(votes: Votes, **more: Any) -> float:
    return mace.fit(votes, **more).log_likelihood[-1]


@pytest.mark.parametrize("seed", range(3))
def test_it_beats_the_majority_among_spammers(seed: int):
    votes, truth = spammed(seed)
    fit, share = mace.fit(votes), majority.fit(votes)
    assert (fit.labels == truth).mean() > (share.labels == truth).mean() + 0.1


@pytest.mark.parametrize("tiles", [0.0, 0.4])
def test_competences_and_habits_are_recovered(tiles: float):
    votes, _ = spammed(0, tiles)
    fit = mace.fit(votes, spam=1.0)
    np.testing.assert_allclose(fit.parameters["theta"], THETA, atol=0.2)
    np.testing.assert_allclose(fit.parameters["xi"][8:].mean(axis=0), [0.7, 0.25, 0.05], atol=0.08)


def test_more_starts_never_end_lower():
    votes, _ = spammed(1)
    assert bound(votes, restarts=6) >= bound(votes, restarts=1) - mace.TIED


def test_the_best_of_several_starts_is_kept(monkeypatch: pytest.MonkeyPatch):
    votes, _ = spammed(2)
    backwards = np.where(np.arange(20) < 8, 0.01, 0.99)
    starts: list[FloatArray] = [backwards, np.full(20, 0.5)]
    alone = []
    for start in starts:
        monkeypatch.setattr(mace, "competences", lambda *_, start=start: [start])
        alone.append(bound(votes, max_iter=5))
    monkeypatch.setattr(mace, "competences", lambda *_: starts)
    assert abs(alone[0] - alone[1]) > 1
    assert bound(votes, max_iter=5) == max(alone)


def test_another_seed_is_another_start(simulate: Any):
    votes = simulate(np.linspace(0.3, 0.9, 10), n_items=30, n_classes=3, each=4).votes
    first, second, again = (list(competences(votes, np.ones(10), 3, seed)) for seed in (0, 1, 0))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(first[0], second[0])  # everybody alike
    assert len(np.unique(first[1])) > 5
    assert not np.allclose(first[1], second[1])
    assert not np.allclose(first[1], first[2])


def test_a_belief_is_no_distance_from_itself_and_some_from_another():
    votes = Votes.of([], [], [], n_annotators=2, n_classes=3)
    prior = Spamming.before(votes, 0.5, 10)
    np.testing.assert_allclose(prior.divergence(prior), 0, atol=1e-9)
    learned = prior.after(np.array([5.0, 0]), np.array([1.0, 0]), np.array([[1.0, 0, 0], [0, 0, 0]]))
    distance = learned.divergence(prior)
    assert distance[0] > 0
    assert distance[1] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("wrong", [{"competence": 0.0}, {"spam": -1.0}, {"restarts": 0}])
def test_an_improper_prior_or_no_start_is_refused(wrong: dict[str, Any]):
    with pytest.raises(ValueError, match="positive"):
        mace.fit(Votes.of([0], [0], [0]), **wrong)
