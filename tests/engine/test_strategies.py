import numpy as np
import pytest

from learning.engine import discovery
from learning.engine.strategies import registry
from learning.engine.strategies.options import Options
from learning.engine.strategies.pool import Pool, Ranking, by_score
from learning.engine.strategies.registry import get, names, strategy
from learning.engine.strategies.selection import select

SURE, TORN, SPREAD = [0.98, 0.01, 0.01], [0.5, 0.49, 0.01], [0.45, 0.275, 0.275]
TABLE = np.array([SURE, TORN, SPREAD])
POOL = Pool(TABLE)


def whole(probabilities, seed=0, n_features=4):
    """A pool in which everything is known that any strategy may need."""
    rng, (n, k) = np.random.default_rng(seed), probabilities.shape
    labels = np.arange(6) % k
    return Pool(
        probabilities,
        features=rng.normal(size=(n, n_features)).astype(np.float32),
        labelled=rng.normal(size=(6, n_features)).astype(np.float32),
        labels=labels,
        committee=np.stack([probabilities, rng.dirichlet(np.ones(k), size=n)]),
        losses=rng.random(n),
        beliefs=probabilities,
        votes=np.arange(n) % 3,
    )


def scores(name, probabilities=TABLE, seed=0):
    """By row, of all."""
    found = get(name)(Pool(probabilities), len(probabilities), np.random.default_rng(seed))
    return found.scores[np.argsort(found.indices)]


def best(name):
    return int(scores(name).argmax())


def test_the_first_strategies_are_there():
    assert {"random", "entropy", "margin", "least_confidence", "ratio"} <= set(names())


def test_an_unknown_strategy_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match="entropy"):
        get("clairvoyance")


def test_two_strategies_can_not_share_a_name():
    names()
    with pytest.raises(ValueError, match="two strategies"):
        strategy("entropy")(lambda pool, n, rng: by_score(pool.probabilities[:, 0], n, rng))


def test_a_registered_strategy_is_found(monkeypatch):
    monkeypatch.setattr(registry, "_strategies", dict(registry._strategies))
    strategy("first_class")(lambda pool, n, rng: by_score(pool.probabilities[:, 0], n, rng))
    assert select("first_class", POOL, 1, seed=0).indices.tolist() == [0]


def test_entropy_asks_where_the_doubt_is_spread_over_all_classes():
    assert best("entropy") == 2
    assert scores("entropy", np.full((1, 8), 1 / 8))[0] == pytest.approx(np.log(8))


def test_margin_and_ratio_ask_where_two_classes_are_close():
    assert best("margin") == 1 and best("ratio") == 1
    assert scores("margin")[1] == pytest.approx(0.99)
    assert scores("ratio")[1] == pytest.approx(0.98)


def test_least_confidence_asks_where_the_first_class_is_weakest():
    assert best("least_confidence") == 2
    assert scores("least_confidence")[2] == pytest.approx(0.55)


def test_random_ignores_the_model_and_obeys_the_seed():
    other = TABLE[::-1]
    np.testing.assert_array_equal(scores("random"), scores("random", other))
    assert (scores("random") != scores("random", seed=1)).any()


@pytest.mark.parametrize("name", ["entropy", "margin", "least_confidence", "ratio"])
def test_certainty_scores_nothing_and_is_never_asked_first(name):
    certain = np.array([[1.0, 0.0, 0.0]])
    assert scores(name, certain)[0] == pytest.approx(0)
    assert (scores(name) > 0).all() and best(name) != 0


@pytest.mark.parametrize("name", names())
def test_a_data_set_of_one_class_can_be_ranked(name):
    found = select(name, whole(np.ones((8, 1), dtype=np.float32)), 3, seed=0)
    assert len(set(found.indices.tolist())) == 3 and np.isfinite(found.scores).all()


@pytest.mark.parametrize("name", names())
def test_an_empty_pool_gives_an_empty_selection(name):
    assert [len(part) for part in select(name, Pool(np.zeros((0, 3))), 5, seed=0)] == [0, 0, 0]


@pytest.mark.parametrize("name", names())
def test_asking_for_more_than_the_pool_gives_all_of_it(name):
    selection = select(name, whole(TABLE), 10, seed=0)
    assert sorted(selection.indices.tolist()) == [0, 1, 2]
    assert selection.reasons == [name] * 3


@pytest.mark.parametrize("name", names())
def test_images_that_are_all_alike_are_still_different_images(name):
    pool = whole(np.full((12, 3), 1 / 3))
    alike = Pool(**{**vars(pool), "features": np.ones((12, 4), dtype=np.float32)})
    found = select(name, alike, 7, seed=0)
    assert len(set(found.indices.tolist())) == 7 and np.isfinite(found.scores).all()


@pytest.mark.parametrize("name", names())
def test_the_seed_decides_and_nothing_else(name):
    pool = whole(np.random.default_rng(0).dirichlet(np.ones(3), size=60))
    first, again = (select(name, pool, 20, p=0.2, seed=4) for _ in range(2))
    assert first.indices.tolist() == again.indices.tolist() and first.reasons == again.reasons


@pytest.mark.parametrize("name", [name for name in names() if get(name).needs])
def test_what_a_pool_lacks_is_named(name):
    with pytest.raises(ValueError, match=f"{name} needs .*{min(get(name).needs)}"):
        select(name, POOL, 1, seed=0)


def test_every_strategy_says_what_it_does():
    assert all(len(get(name).summary) > 20 for name in names())


def test_a_selection_comes_highest_first_with_its_scores():
    indices, picked, reasons = select("entropy", POOL, 2, seed=0)
    assert indices.tolist() == [2, 1] and reasons == ["entropy", "entropy"]
    np.testing.assert_array_equal(picked, scores("entropy")[[2, 1]])


@pytest.mark.parametrize("name", ["entropy", "margin", "least_confidence", "ratio"])
def test_probabilities_that_are_no_numbers_are_refused(name):
    broken = TABLE.copy()
    broken[1] = np.nan
    with pytest.raises(ValueError, match="1 of 3 images get no finite score"):
        select(name, Pool(broken), 1, seed=0)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"n": -1}, "can't pick"),
        ({"p": 1.5}, "probability"),
        ({"options": Options(duplicates=0.9)}, "options need features"),
    ],
)
def test_arguments_without_sense_are_refused(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        select("margin", POOL, **{"n": 1, "seed": 0, **arguments})


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"probabilities": np.ones(3)}, "probabilities are"),
        ({"features": np.ones((2, 4))}, "features .* not of the pool's 3"),
        ({"committee": np.ones((2, 3, 4))}, "committee"),
        ({"labelled": np.ones((2, 4))}, "their labels"),
        ({"features": np.ones((3, 4)), "labelled": np.ones((2, 5)), "labels": np.ones(2)}, "another length"),
    ],
)
def test_a_pool_whose_parts_do_not_fit_is_refused(parts, reason):
    with pytest.raises(ValueError, match=reason):
        Pool(**{"probabilities": TABLE, **parts})


def test_part_of_a_pool_keeps_what_is_known_of_it():
    part = whole(TABLE).of(np.array([2, 0]))
    np.testing.assert_array_equal(part.probabilities, TABLE[[2, 0]])
    np.testing.assert_array_equal(part.committee[0], TABLE[[2, 0]])
    assert part.features.shape == (2, 4) and part.labelled.shape == (6, 4)


def test_ties_are_broken_at_random():
    tied = np.array([1.0, 1.0, 1.0, 0.0])
    firsts = [int(by_score(tied, 1, np.random.default_rng(seed)).indices[0]) for seed in range(300)]
    counts = np.bincount(firsts, minlength=4)
    assert counts[3] == 0 and counts[:3].min() > 70


def even(n):
    """A pool whose rows are the less certain the higher their number."""
    first = np.linspace(0.99, 0.51, n)
    return Pool(np.stack([first, 1 - first], axis=1))


def test_the_mix_takes_its_share_by_chance_and_never_twice():
    found = select("margin", even(10_000), 2000, p=0.3, seed=0)
    by_chance = np.array([reason == "random" for reason in found.reasons])
    assert len(set(found.indices.tolist())) == 2000
    assert by_chance.mean() == pytest.approx(0.3, abs=0.04)
    # What the strategy picked is the top; what chance picked lies anywhere below.
    assert found.indices[~by_chance].min() > 8500
    assert found.indices[by_chance].mean() == pytest.approx(4300, abs=500)


def test_without_chance_the_mix_is_the_top():
    assert select("margin", even(50), 10, seed=0).indices.tolist() == list(range(49, 39, -1))


def test_another_seed_gives_another_share_of_chance():
    first, other = (select("margin", even(200), 40, p=0.5, seed=seed) for seed in (1, 2))
    assert first.indices.tolist() != other.indices.tolist()
    assert set(first.reasons) == {"margin", "random"}


def test_near_duplicates_are_asked_once_and_labelled_pictures_not_again():
    rng = np.random.default_rng(0)
    features = np.repeat(rng.normal(size=(10, 8)), 3, axis=0) + rng.normal(scale=1e-3, size=(30, 8))
    pool = Pool(even(30).probabilities, features=features, labelled=features[:1], labels=np.array([0]))
    found = select("margin", pool, 20, p=0.3, seed=0, options=Options(duplicates=0.99))
    # Nine scenes remain beside the labelled one, of three pictures each.
    assert sorted(row // 3 for row in found.indices.tolist()) == list(range(1, 10))


def test_outliers_are_asked_last():
    rng = np.random.default_rng(0)
    features = rng.normal(size=(100, 8)) + 5
    features[-5:] = -features[-5:] * [[1], [2], [3], [4], [5]]
    pool = Pool(even(100).probabilities, features=features)
    assert min(select("margin", pool, 5, seed=0).indices) == 95
    found = select("margin", pool, 100, seed=0, options=Options(outliers=0.05)).indices.tolist()
    assert len(set(found)) == 100
    assert set(found[-5:]) == set(range(95, 100))


def test_no_class_takes_more_than_its_turn_while_others_have_images_left():
    table = np.array([[0.55, 0.45, 0.0]] * 90 + [[0.1, 0.9, 0.0]] * 8 + [[0.0, 0.1, 0.9]] * 2)
    plain = select("margin", Pool(table), 30, seed=0).indices
    balanced = select("margin", Pool(table), 30, seed=0, options=Options(balance=True)).indices
    assert np.bincount(table[plain].argmax(axis=1), minlength=3).tolist() == [30, 0, 0]
    assert np.bincount(table[balanced].argmax(axis=1), minlength=3).tolist() == [20, 8, 2]


@pytest.mark.parametrize("wrong", [{"duplicates": 0.0}, {"duplicates": 1.1}, {"outliers": 1.0}, {"outliers": -0.1}])
def test_options_without_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="not"):
        Options(**wrong)


def test_an_installed_package_brings_its_own(monkeypatch):
    """By its entry point, which is loaded with the strategies of this folder."""

    class Entry:
        def load(self):
            strategy("theirs")(lambda pool, n, rng: Ranking(np.arange(n), np.zeros(n)))

    monkeypatch.setattr(registry, "_strategies", dict(registry._strategies))
    monkeypatch.setattr(discovery, "entry_points", lambda group: [Entry()] if group == "tessera.strategies" else [])
    registry._import_all.__wrapped__()
    assert select("theirs", POOL, 2, seed=0).indices.tolist() == [0, 1]
