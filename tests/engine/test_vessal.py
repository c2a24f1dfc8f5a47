import numpy as np
import pytest
from numpy.typing import NDArray

from learning.bench.vessal_by_the_book import one_by_one
from learning.engine.strategies.pool import Pool
from learning.engine.strategies.registry import get
from learning.engine.strategies.selection import select
from learning.engine.strategies.vessal import PRIOR, Budget, Sketch, Volume


def pool(n: int = 300, k: int = 4, d: int = 6, seed: int = 0) -> Pool:
    rng = np.random.default_rng(seed)
    return Pool(rng.dirichlet(np.ones(k), n), features=rng.normal(size=(n, d)))


def in_blocks(u: NDArray[np.float64], draws: NDArray[np.float64], k: int, size: int) -> list[int]:
    volume, budget = Volume.empty(u.shape[1]), Budget(k, len(u))
    parts = [slice(at, at + size) for at in range(0, len(u), size)]
    return np.flatnonzero(np.concatenate([volume.offer(u[p], draws[p], budget).taken for p in parts])).tolist()


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
@pytest.mark.parametrize("k", [5, 60, 390])
def test_blocks_take_what_the_rule_takes_one_by_one(size: int, k: int):
    rng = np.random.default_rng(k)
    u, draws = rng.normal(size=(400, 12)) * rng.lognormal(size=(400, 1)), rng.random(400)
    expected = one_by_one(u, draws, k)
    assert len(expected) > k / 2
    assert in_blocks(u, draws, k, size) == expected


def test_what_is_kept_up_to_date_is_what_it_stands_for(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)
    u, draws, volume, budget = rng.normal(size=(900, 8)), rng.random(900), Volume.empty(8), Budget(450, 900)
    taken = np.concatenate(
        [volume.offer(u[at : at + 90], draws[at : at + 90], budget).taken for at in range(0, 900, 90)]
    )
    inverse = np.linalg.inv(np.eye(8) / PRIOR + u[taken].T @ u[taken])
    np.testing.assert_allclose(volume.inverse, inverse, rtol=1e-9, atol=1e-12)
    assert volume.trace == pytest.approx(np.trace(u.T @ u @ inverse), rel=1e-9)
    assert volume.seen == 900
    monkeypatch.setattr("learning.engine.strategies.vessal.REFRESH", 1)
    volume.offer(u[:1], np.zeros(1), Budget(1, 1))
    assert volume.fresh == 0 and volume.trace == pytest.approx(float((volume.total * volume.inverse).sum()))


def test_a_short_gradient_is_kept_and_a_long_one_keeps_inner_products_on_average():
    rng = np.random.default_rng(0)
    p, x = rng.dirichlet(np.ones(5), 6), rng.normal(size=(6, 30))
    g = np.einsum("bk,bd->bkd", p - np.eye(5)[p.argmax(axis=1)], np.c_[x, np.ones(6)]).reshape(6, -1)
    kept = Sketch.drawn(5, 30, rng)
    assert kept.dimensions == 155
    np.testing.assert_allclose(kept.gradients(p, x), g, atol=1e-6)
    short = [Sketch.drawn(5, 30, rng, dimensions=64).gradients(p, x) for _ in range(3000)]
    assert short[0].shape == (6, 64)
    products, lengths = np.mean([u @ u.T for u in short], axis=0), np.linalg.norm(g, axis=1)
    assert (np.abs(products - g @ g.T) < 0.03 * np.outer(lengths, lengths)).all()


def test_the_gradients_are_never_longer_than_512():
    given = pool(n=50, k=10, d=300)
    sketch = Sketch.drawn(10, 300, np.random.default_rng(0))
    assert sketch.gradients(given.probabilities, given.features).shape == (50, 512)
    assert len(get("vessal")(given, 9, np.random.default_rng(0)).indices) == 9


@pytest.mark.parametrize("n", [0, 1, 40, 299, 300, 1000])
def test_exactly_as_many_as_wanted_none_twice(n: int):
    ranking = get("vessal")(pool(), n, np.random.default_rng(0))
    assert len(set(ranking.indices.tolist())) == len(ranking.indices) == min(n, 300)
    assert np.isfinite(ranking.scores).all() and (ranking.scores >= 0).all()


def test_the_pass_itself_takes_nearly_all_that_is_wanted():
    rng = np.random.default_rng(0)
    for seed in range(5):
        draws = np.random.default_rng(seed).random(5000)
        assert 190 <= len(in_blocks(rng.normal(size=(5000, 20)), draws, 200, 512)) <= 200


def test_the_seed_repeats_it():
    first, again, other = (get("vessal")(pool(), 20, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.indices.tolist() == again.indices.tolist() != other.indices.tolist()


def test_an_uncertain_image_is_taken_sooner_than_a_certain_one():
    n = 2000
    sure, doubtful = np.tile([0.99, 0.01], (n, 1)), np.tile([0.6, 0.4], (n, 1))
    x = np.random.default_rng(0).normal(size=(2 * n, 20))
    taken = get("vessal")(Pool(np.r_[sure, doubtful], features=x), 100, np.random.default_rng(0)).indices
    assert (taken >= n).mean() > 0.95


def test_a_rare_kind_of_image_gets_twice_its_share():
    rng = np.random.default_rng(0)
    rare = np.arange(2000) < 60
    x = np.where(rare[:, None], np.eye(10)[1], np.eye(10)[0]) * 5 + 0.05 * rng.normal(size=(2000, 10))
    given = Pool(np.tile([0.6, 0.4], (2000, 1)), features=x)
    share = np.mean([rare[get("vessal")(given, 40, np.random.default_rng(seed)).indices].mean() for seed in range(10)])
    assert share > 2 * 0.03


@pytest.mark.parametrize(
    ("p", "x"),
    [
        (np.tile([0.7, 0.3], (50, 1)), np.ones((50, 3))),  # identical images
        (np.ones((50, 1)), np.random.default_rng(0).normal(size=(50, 3))),  # a single class
        (np.tile([1.0, 0.0], (50, 1)), np.ones((50, 3))),  # all certain: no gradient at all
        (np.tile([0.7, 0.3], (50, 1)), np.zeros((50, 0))),  # no features
        (np.tile([0.7, 0.3], (50, 1)), 1e9 * np.random.default_rng(0).normal(size=(50, 3))),  # beyond rounding
        (np.tile([1 - 1e-13, 1e-13], (50, 1)), np.ones((50, 3))),
        (np.tile([0.7, 0.3], (50, 1)).astype(np.float16), np.ones((50, 3), dtype=np.float16)),
    ],
)
def test_odd_pools_get_finite_scores_and_a_selection_by_chance(p: NDArray[np.floating], x: NDArray[np.floating]):
    selections = [select("vessal", Pool(p, features=x), 10, seed=seed) for seed in range(60)]
    assert all(len(set(s.indices.tolist())) == 10 and np.isfinite(s.scores).all() for s in selections)
    assert len(np.unique(np.concatenate([s.indices for s in selections]))) == 50


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e200])
def test_what_is_no_sound_number_is_refused(bad: float):
    given = pool()
    given.features[3, 2] = bad
    with pytest.raises(ValueError, match="1 images have probabilities or features that are not finite"):
        get("vessal")(given, 5, np.random.default_rng(0))
    given = pool()
    given.probabilities[:2] = np.nan
    with pytest.raises(ValueError, match="2 images have"):
        get("vessal")(given, 5, np.random.default_rng(0))


def test_without_features_it_is_refused():
    with pytest.raises(ValueError, match="vessal needs features"):
        select("vessal", Pool(np.ones((3, 1))), 1, seed=0)
