"""Images that people agree on: a strategy may ask about them again, chance and the options leave them alone."""

import numpy as np

from learning.engine.strategies import registry
from learning.engine.strategies.options import Options
from learning.engine.strategies.pool import Pool
from learning.engine.strategies.selection import select

CONFIDENT, AT_ODDS = [0.98, 0.01, 0.01], [0.01, 0.98, 0.01]


def pool(*, features: bool = False) -> Pool:
    """Six new images that the model is sure of, and two settled ones, on the first of which it contradicts people."""
    rows = np.array([CONFIDENT] * 6 + [AT_ODDS, CONFIDENT], dtype=np.float32)
    vectors = np.eye(8, dtype=np.float32)
    return Pool(
        rows,
        features=vectors if features else None,
        labelled=vectors[6:] if features else None,
        labels=np.array([0, 0]) if features else None,
        beliefs=np.array([CONFIDENT] * 8),
        votes=np.array([0] * 6 + [2, 2]),
        settled=np.array([False] * 6 + [True, True]),
    )


def test_the_strategy_that_weighs_answers_asks_again_where_the_model_contradicts_them() -> None:
    assert select("active_lab", pool(), 1, seed=0).indices.tolist() == [6]
    assert {name for name in registry.names() if registry.get(name).asks_again} == {"active_lab"}


def test_chance_draws_new_images_alone() -> None:
    for seed in range(10):
        picked = select("active_lab", pool(), 8, p=1.0, seed=seed)
        assert sorted(picked.indices.tolist()) == [0, 1, 2, 3, 4, 5]
        mixed = select("active_lab", pool(), 8, p=0.5, seed=seed)
        by_chance = [
            row for row, reason in zip(mixed.indices.tolist(), mixed.reasons, strict=True) if reason == "random"
        ]
        assert not {6, 7} & set(by_chance)


def test_a_settled_image_is_no_duplicate_of_itself_but_others_are_of_it() -> None:
    alike = pool(features=True)
    alike.features[0] = alike.features[6]
    picked = select("active_lab", alike, 8, seed=0, options=Options(duplicates=0.9))
    assert sorted(picked.indices.tolist()) == [1, 2, 3, 4, 5, 6, 7]


def test_a_cut_pool_keeps_what_is_settled() -> None:
    assert pool().of(np.array([5, 6])).unsettled.tolist() == [0]
    assert Pool(np.ones((2, 3)) / 3).unsettled.tolist() == [0, 1]
