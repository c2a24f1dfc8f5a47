from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from annotations.consensus import dawid_skene, heard
from annotations.consensus.reliability import flagged
from annotations.consensus.votes import Votes


def test_who_always_lies_ends_with_no_say_and_is_flagged(simulate: Callable[..., Any]):
    people = np.where(np.arange(30) < 9, 0.02, 0.85)
    crowd = simulate(people, n_items=500, n_classes=5, each=5)
    known = np.where(np.arange(500) < 50, crowd.truth, -1)
    seen = heard.fit(crowd.votes, known)
    assert (seen.weights[:9] == 0).all()
    assert flagged(seen.reliability)[:9].all()
    assert not flagged(seen.reliability)[9:].any()
    assert (seen.weights[9:] > 0.5).all()


def test_without_the_liars_votes_the_answer_is_the_same(simulate: Callable[..., Any]):
    """Somebody without a say can't help either, though their own matrix would let them be read."""
    people = np.where(np.arange(20) < 5, 0.0, 0.9)
    crowd = simulate(people, n_items=300, n_classes=4, each=6)
    known = np.where(np.arange(300) < 60, crowd.truth, -1)
    seen = heard.fit(crowd.votes, known)
    alone = dawid_skene.fit(crowd.votes.select(crowd.votes.annotator >= 5), known, seen.weights)
    np.testing.assert_allclose(seen.fit.posterior, alone.posterior, atol=0.01)


def test_nobody_at_all_is_no_trouble():
    seen = heard.fit(Votes.of([], [], [], n_classes=3))
    assert (seen.weights.shape, seen.fit.posterior.shape) == ((0,), (0, 3))


def test_somebody_who_only_ever_answered_controls_is_known_by_them(simulate: Callable[..., Any]):
    crowd = simulate(np.full(4, 0.9), n_items=40, n_classes=3, each=3)
    n = 20
    together = Votes.of(
        np.append(crowd.votes.annotator, np.full(n, 4)),
        np.append(crowd.votes.item, np.full(n, 40)),
        np.append(crowd.votes.answer, np.full(n, 2)),
        n_items=41,
        n_classes=3,
    )
    seen = heard.fit(together, np.append(np.full(40, -1), 2))
    assert seen.reliability.mean[4] > 0.9
    assert seen.weights[4] > 0.9
