from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from annotations.consensus import hard_dawid_skene, majority, plain_dawid_skene
from annotations.consensus.votes import Votes


@pytest.mark.parametrize("seed", range(3))
def test_it_beats_the_majority_where_some_answer_the_wrong_way_round(simulate: Any, seed: int):
    crowd = simulate(np.r_[np.full(14, 0.8), np.full(6, 0.1)], n_items=500, n_classes=3, each=6, seed=seed)
    fit, share = hard_dawid_skene.fit(crowd.votes), majority.fit(crowd.votes)
    assert (fit.labels == crowd.truth).mean() > (share.labels == crowd.truth).mean() + 0.05


def test_it_ends_in_fewer_rounds_than_em(simulate: Any):
    crowd = simulate(np.linspace(0.5, 0.9, 20), n_items=500, n_classes=3, each=6)
    hard, soft = hard_dawid_skene.fit(crowd.votes), plain_dawid_skene.fit(crowd.votes)
    assert hard.converged
    assert len(hard.log_likelihood) < len(soft.log_likelihood) / 2


def test_matrices_count_whole_items():
    # Two of three say 1 of item 1: to the matrices it is wholly of class 1, not by two thirds.
    votes = Votes.of([0, 1, 2, 0, 1, 2], [0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 0])
    np.testing.assert_allclose(hard_dawid_skene.fit(votes).confusion[2], [[1, 0], [1, 0]], atol=1e-6)


def test_level_classes_share_an_item_whatever_their_order():
    votes = Votes.of([0, 1], [0, 0], [0, 2], n_classes=3)
    np.testing.assert_allclose(hard_dawid_skene.fit(votes).posterior, [[0.5, 0, 0.5]], atol=1e-6)


def test_it_settles_with_grids_too(simulate: Any):
    crowd = simulate(np.linspace(0.7, 0.9, 12), n_items=200, n_classes=3, each=6, tiles=0.6)
    fit = hard_dawid_skene.fit(crowd.votes)
    assert fit.converged
    assert (np.diff(fit.log_likelihood) > -1e-3).all()
