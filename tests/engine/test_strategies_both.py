import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import softmax

from learning.engine.strategies.badge import Gradients
from learning.engine.strategies.distances import drawn, features_of
from learning.engine.strategies.expected_error import PENALTY, SHARPNESS, Learner, expected_losses
from learning.engine.strategies.pool import Pool, Ranking
from learning.engine.strategies.registry import get
from learning.engine.strategies.uncertainty import entropies

Table = NDArray[np.float64]
ALL = ["badge", "cluster_margin", "expected_error"]


def ranked(name: str, pool: Pool, n: int, seed: int = 0) -> Ranking:
    return get(name)(pool, n, np.random.default_rng(seed))


def embeddings(probabilities: Table, features: Table) -> Table:
    """The paper's, written down."""
    errors = probabilities - np.eye(probabilities.shape[1])[probabilities.argmax(axis=1)]
    inputs = np.hstack([features, np.ones((len(features), 1))])
    return np.einsum("nk,nd->nkd", errors, inputs).reshape(len(features), -1)


def doubtful(n: int = 40, k: int = 3, d: int = 5, seed: int = 0) -> Pool:
    rng = np.random.default_rng(seed)
    return Pool(rng.dirichlet(np.ones(k), n), features=rng.normal(size=(n, d)))


def test_badge_knows_the_gradients_without_writing_them_down():
    pool = doubtful()
    written = embeddings(pool.probabilities, pool.features)
    gradients = Gradients(pool)
    assert gradients.lengths == pytest.approx((written**2).sum(axis=1), rel=1e-5)
    for row in (0, 17):
        assert gradients.apart(row) == pytest.approx(((written - written[row]) ** 2).sum(axis=1), rel=1e-3, abs=1e-5)


def test_badge_begins_with_the_longest_gradient_and_scores_distances():
    pool = doubtful()
    written = embeddings(pool.probabilities, pool.features)
    found = ranked("badge", pool, 6)
    assert found.indices[0] == (written**2).sum(axis=1).argmax()
    for at in range(1, 6):
        before = written[found.indices[:at]]
        nearest = np.linalg.norm(before - written[found.indices[at]], axis=1).min()
        assert found.scores[at] == pytest.approx(nearest, rel=1e-3)


def test_the_chance_to_be_drawn_is_by_the_square_of_the_distance():
    squared = np.array([0, 1, 9, 0, 30], dtype=np.float32)
    rng = np.random.default_rng(0)
    shares = np.bincount([drawn(squared, rng) for _ in range(4000)], minlength=5) / 4000
    assert shares == pytest.approx(squared / 40, abs=0.03)
    assert shares[[0, 3]].max() == 0


def test_badge_asks_neither_about_the_certain_nor_twice_about_the_same():
    # 30 times the same doubt, one other doubt about another image, and 30 images that the model is sure of.
    certain, torn = [1.0, 0.0], [0.5, 0.5]
    probabilities = np.array([torn] * 31 + [certain] * 30)
    features = np.array([[1.0, 0.0]] * 30 + [[0.0, 1.0]] + [[3.0, 3.0]] * 30)
    for seed in range(10):
        first, second = ranked("badge", Pool(probabilities, features=features), 2, seed).indices
        assert first <= 30
        assert probabilities[second][0] == 1 or (first == 30) != (second == 30)
    found = ranked("badge", Pool(np.tile(certain, (20, 1)), features=features[:20]), 5)
    assert len(set(found.indices.tolist())) == 5 and (found.scores == 0).all()


def grouped() -> tuple[Pool, NDArray[np.int64]]:
    """A large, a middling and a small group of like images, the model least sure of the large one; and many images that
    it is sure of, unlike each other."""
    rng = np.random.default_rng(0)
    of = np.repeat([0, 1, 2, 3], [7, 4, 1, 188])
    first = np.array([0.51, 0.55, 0.6, 0.99])[of] + rng.uniform(0, 0.01, len(of))
    features = 20 * np.eye(4)[of] + np.array([0.1, 0.1, 0.1, 3])[of, None] * rng.normal(size=(len(of), 4))
    return Pool(np.stack([first, 1 - first], axis=1), features=features), of


def test_cluster_margin_asks_about_every_group_of_doubtful_images_and_the_rarest_first():
    pool, of = grouped()
    # The margin alone would ask about the large group only.
    assert set(of[ranked("margin", pool, 6).indices]) == {0}
    assert of[ranked("cluster_margin", pool, 6).indices].tolist() == [2, 1, 0, 1, 0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_cluster_margin_picks_within_a_group_by_chance_and_among_the_least_sure_only(seed: int):
    pool, of = grouped()
    assert 3 not in of[ranked("cluster_margin", pool, 6, seed).indices]


def test_cluster_margin_lets_a_large_pool_join_the_clusters_of_a_sample(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("learning.engine.strategies.cluster_margin.SAMPLE", 60)
    pool, of = grouped()
    found = ranked("cluster_margin", pool, 6)
    assert 3 not in of[found.indices] and len(set(of[found.indices])) >= 2


def labelled_pool(seed: int = 0) -> Pool:
    rng = np.random.default_rng(seed)
    labels = np.arange(8) % 3
    return Pool(
        rng.dirichlet(np.ones(3), 30),
        features=rng.normal(size=(30, 4)),
        labelled=rng.normal(size=(8, 4)) + 2 * np.eye(3, 4)[labels],
        labels=labels,
    )


def with_bias(rows: Table) -> Table:
    return np.pad(rows, ((0, 0), (0, 1)), constant_values=1)


def trained(x: Table, targets: Table) -> Table:
    return np.linalg.solve(x.T @ x + PENALTY * np.eye(x.shape[1]), x.T @ targets)


def losses_by_retraining(pool: Pool, x: Table, targets: Table) -> Table:
    """The expected loss after each image, by solving the regression anew for every image and answer."""
    rows, answers = with_bias(features_of(pool)[0]).astype(float), np.eye(pool.n_classes)

    def loss(weights: Table) -> float:
        return float(entropies(softmax(SHARPNESS * (rows @ weights), axis=1)).mean())

    return np.array(
        [
            sum(
                chance * loss(trained(np.vstack([x, row]), np.vstack([targets, answer])))
                for chance, answer in zip(chances, answers, strict=True)
            )
            for row, chances in zip(rows, pool.probabilities, strict=True)
        ]
    )


def test_a_learner_that_learns_one_row_more_is_the_one_that_is_trained_on_all():
    rng = np.random.default_rng(0)
    x, targets = rng.normal(size=(12, 4)).astype(np.float32), rng.dirichlet(np.ones(3), 12).astype(np.float32)
    learner = Learner(x[:10], targets[:10])
    learner.learn(x[10], targets[10])
    learner.learn(x[11], targets[11])
    assert learner.weights == pytest.approx(trained(x, targets), abs=1e-5)
    assert learner.inverse == pytest.approx(Learner(x, targets).inverse, abs=1e-5)


def test_expected_error_is_what_retraining_for_every_image_and_answer_gives():
    pool = labelled_pool()
    rows, x = (with_bias(part) for part in features_of(pool))
    targets = np.eye(3)[pool.labels]
    wanted = losses_by_retraining(pool, x, targets)
    learner = Learner(x, targets.astype(np.float32))
    assert expected_losses(learner, rows, rows, pool.probabilities) == pytest.approx(wanted, abs=1e-5)
    first, second = ranked("expected_error", pool, 2).indices
    assert first == wanted.argmin()
    # The next is sought by a model that has learned of the first what the old one said of it.
    next_wanted = losses_by_retraining(
        pool, np.vstack([x, rows[first]]), np.vstack([targets, pool.probabilities[first]])
    )
    next_wanted[first] = np.inf
    assert second == next_wanted.argmin()


def test_expected_error_asks_about_many_alike_rather_than_about_an_outlier():
    rng = np.random.default_rng(0)
    labelled = rng.normal(size=(10, 3), scale=0.1)
    crowd, outlier = np.array([4.0, 0, 0]) + rng.normal(size=(40, 3), scale=0.1), np.array([[0, 8.0, 0]])
    features = np.concatenate([outlier, crowd])
    pool = Pool(np.full((41, 2), 0.5), features=features, labelled=labelled, labels=np.arange(10) % 2)
    assert ranked("k_center", pool, 1).indices.tolist() == [0]
    assert ranked("expected_error", pool, 1).indices[0] != 0


def test_expected_error_of_a_large_pool_tries_some_and_gives_as_many_as_are_wanted(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("learning.engine.strategies.expected_error.EFFORT", 0)
    monkeypatch.setattr("learning.engine.strategies.expected_error.SAMPLE", 10)
    found = ranked("expected_error", labelled_pool(), 7)
    assert len(set(found.indices.tolist())) == 7 and np.isfinite(found.scores).all()


def test_expected_error_of_a_large_batch_is_picked_in_parts(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("learning.engine.strategies.expected_error.PARTS", 3)
    found = ranked("expected_error", labelled_pool(), 30)
    assert sorted(found.indices.tolist()) == list(range(30))
    for part in (found.scores[:10], found.scores[10:20], found.scores[20:]):
        assert (np.diff(part) <= 0).all()


def test_expected_error_refuses_a_label_that_is_no_class():
    pool = labelled_pool()
    with pytest.raises(ValueError, match="none of the 3 classes"):
        ranked("expected_error", Pool(pool.probabilities, pool.features, pool.labelled, np.full(8, 3)), 2)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("part", ["probabilities", "features"])
def test_what_is_no_number_is_refused(name: str, part: str):
    pool = labelled_pool()
    getattr(pool, part)[4] = np.nan
    with pytest.raises(ValueError, match=r"no number|no finite score"):
        ranked(name, pool, 2)
