from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits

from learning.engine.strategies.clusters import by_turns
from learning.engine.strategies.pool import Pool, Ranking
from learning.engine.strategies.registry import get

Table = NDArray[np.float64]
ALL = ["k_center", "k_means", "typiclust", "discriminative"]


def clouds(*sizes: int, apart: float = 20.0, seed: int = 0) -> tuple[Table, NDArray[np.int64]]:
    """Features in round clouds of these sizes, and the cloud of each."""
    of = np.repeat(np.arange(len(sizes)), sizes)
    return np.random.default_rng(seed).normal(size=(len(of), 4)) + apart * np.eye(len(sizes), 4)[of], of


def ranked(name: str, features: Table, n: int, labelled: Table | None = None, seed: int = 0) -> Ranking:
    labels = None if labelled is None else np.zeros(len(labelled), dtype=np.int64)
    pool = Pool(np.full((len(features), 2), 0.5), features=features, labelled=labelled, labels=labels)
    return get(name)(pool, n, np.random.default_rng(seed))


@pytest.mark.parametrize("name", ["k_center", "k_means", "typiclust"])
def test_of_distinct_groups_each_is_asked_about_once_before_any_twice(name: str):
    features, of = clouds(60, 30, 20, 10)
    assert sorted(of[ranked(name, features, 4).indices]) == [0, 1, 2, 3]


@pytest.mark.parametrize("name", ["k_center", "typiclust", "discriminative"])
def test_a_group_that_is_labelled_is_asked_about_last(name: str):
    features, of = clouds(60, 30, 20)
    picked = ranked(name, features[10:], 2, labelled=features[:10]).indices
    assert set(of[10:][picked]) <= {1, 2}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_labelled", [0, 2])
def test_k_center_covers_the_pool_within_twice_the_best_radius(seed: int, n_labelled: int):
    points = np.random.default_rng(seed).normal(size=(14 + n_labelled, 2))
    features, labelled = points[n_labelled:], points[:n_labelled]

    def radius(picks: list[int]) -> float:
        return float(cdist(features, np.concatenate([features[picks], labelled])).min(axis=1).max())

    picks = ranked("k_center", features, 3, labelled if n_labelled else None, seed).indices
    best = min(radius(list(choice)) for choice in combinations(range(14), 3))
    assert radius(picks.tolist()) <= 2 * best + 1e-6


def test_k_center_scores_the_distance_to_what_is_labelled_or_picked():
    features, labelled = np.array([[1.0], [2.0], [9.0], [5.0]]), np.array([[0.0]])
    found = ranked("k_center", features, 4, labelled)
    assert found.indices.tolist() == [2, 3, 1, 0]
    # In units of the typical distance from the mean. The last two are as far from 0, or from each other.
    assert found.scores == pytest.approx(np.array([9, 4, 2, 1]) / features.std(), rel=1e-4)


def test_k_means_asks_about_the_middle_of_the_largest_group_first():
    features, of = clouds(60, 30, 20)
    found = ranked("k_means", features, 3)
    assert of[found.indices].tolist() == [0, 1, 2]
    assert found.scores == pytest.approx(np.array([60, 30, 20]) / 110)
    for row, cloud in zip(found.indices, range(3), strict=True):
        members = np.flatnonzero(of == cloud)
        middle = features[members].mean(axis=0)
        assert row == members[np.linalg.norm(features[members] - middle, axis=1).argmin()]


def test_typiclust_asks_about_the_largest_group_without_a_label_and_its_most_typical_image():
    features, of = clouds(80, 60, 40)
    dense = features[of == 1].mean(axis=0)
    features[np.flatnonzero(of == 1)[:25]] = dense + np.random.default_rng(1).normal(scale=0.05, size=(25, 4))
    found = ranked("typiclust", features, 2, labelled=features[of == 0][:1])
    assert of[found.indices].tolist() == [1, 2]
    assert found.indices[0] in np.flatnonzero(of == 1)[:25]


def test_typiclust_leaves_a_handful_of_outliers_for_a_second_turn():
    features, of = clouds(80, 60, 4)
    assert of[ranked("typiclust", features, 3).indices].tolist() == [0, 1, 0]
    features, of = clouds(80, 60, 6)
    assert of[ranked("typiclust", features, 3).indices].tolist() == [0, 1, 2]


def test_discriminative_asks_until_nothing_tells_labelled_from_unlabelled():
    features, of = clouds(400, 200, 200, apart=6)
    labelled = features[of == 0][:100]
    rest, of = features[100:], of[100:]
    found = ranked("discriminative", rest, 60, labelled)
    picked = np.bincount(of[found.indices], minlength=3)
    # One group alone would do for a single batch; sub-batches see that the other is missing.
    assert picked[0] < 10 and picked[1:].min() > 15


def test_discriminative_without_labels_is_a_random_choice():
    features, _ = clouds(400, 100)
    firsts = [int(ranked("discriminative", features, 1, seed=seed).indices[0]) for seed in range(200)]
    assert np.mean(np.array(firsts) < 400) == pytest.approx(0.8, abs=0.1)


@pytest.mark.parametrize("name", ALL)
def test_fewer_distinct_images_than_are_wanted_still_give_as_many(name: str):
    features = np.repeat(np.eye(3), [5, 5, 10], axis=0)
    for labelled in (None, np.eye(3)[:1]):
        found = ranked(name, features, 12, labelled)
        assert len(set(found.indices.tolist())) == 12
        assert np.isfinite(found.scores).all()


@pytest.mark.parametrize("name", ["k_center", "k_means", "typiclust"])
def test_all_that_differ_come_before_any_that_is_the_same(name: str):
    features = np.repeat(np.eye(3), [8, 8, 10], axis=0)
    assert len(np.unique(features[ranked(name, features, 3).indices], axis=0)) == 3


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("wrong", [np.nan, np.inf, 1e30])
def test_features_that_are_no_numbers_are_refused(name: str, wrong: float):
    features, _ = clouds(10, 10)
    features[3, 1] = wrong
    with pytest.raises(ValueError, match="features hold what is no number"):
        ranked(name, features, 2)
    good, _ = clouds(10, 10)
    with pytest.raises(ValueError, match="labelled images' features hold what is no number"):
        ranked(name, good, 2, labelled=features[3:4])


@pytest.mark.parametrize("name", ["k_center", "typiclust"])
def test_neither_scale_nor_offset_of_the_features_matters(name: str):
    features, _ = clouds(40, 30, 20)
    moved = 1000 * (features + 5)
    assert ranked(name, features, 10).indices.tolist() == ranked(name, moved, 10).indices.tolist()


def test_turns_take_one_of_each_cluster_before_a_second_of_any():
    of, within = np.array([0, 0, 0, 1, 1, 2]), np.array([3.0, 1.0, 2.0, 1.0, 2.0, 1.0])
    found = by_turns(of, within, np.array([0.5, 0.9, 0.1 - 1]), 6, np.random.default_rng(0))
    assert found.indices.tolist() == [3, 1, 4, 2, 5, 0]
    assert found.scores == pytest.approx([0.9, 0.5, -0.1, -0.5, -0.9, -1.5])


@pytest.mark.parametrize("name", ["k_means", "typiclust"])
def test_what_stands_for_the_digits_shows_almost_all_of_them(name: str):
    pixels, digit = load_digits(return_X_y=True)
    found = [len(np.unique(digit[ranked(name, pixels, 20, seed=seed).indices])) for seed in range(5)]
    by_chance = [len(np.unique(np.random.default_rng(seed).choice(digit, 20))) for seed in range(5)]
    assert np.mean(found) > np.mean(by_chance) and np.mean(found) > 9
