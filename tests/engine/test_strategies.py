import numpy as np
import pytest

from learning.engine.strategies import registry
from learning.engine.strategies.registry import get, names, strategy
from learning.engine.strategies.selection import mixed, select, top

SURE, TORN, SPREAD = [0.98, 0.01, 0.01], [0.5, 0.49, 0.01], [0.45, 0.275, 0.275]
POOL = np.array([SURE, TORN, SPREAD])


def scores(name, probabilities=POOL, seed=0):
    return get(name)(probabilities, np.random.default_rng(seed))


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
        strategy("entropy")(lambda p, rng: p[:, 0])


def test_a_registered_strategy_is_found(monkeypatch):
    monkeypatch.setattr(registry, "_strategies", dict(registry._strategies))
    strategy("first_class")(lambda p, rng: p[:, 0])
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
    other = POOL[::-1]
    np.testing.assert_array_equal(scores("random"), scores("random", other))
    assert (scores("random") != scores("random", seed=1)).any()


@pytest.mark.parametrize("name", ["entropy", "margin", "least_confidence", "ratio"])
def test_certainty_scores_nothing_and_is_never_asked_first(name):
    certain = np.array([[1.0, 0.0, 0.0]])
    assert scores(name, certain)[0] == pytest.approx(0)
    assert (scores(name) > 0).all() and best(name) != 0


@pytest.mark.parametrize("name", names())
def test_a_data_set_of_one_class_can_be_scored(name):
    assert np.isfinite(scores(name, np.ones((4, 1), dtype=np.float32))).all()


@pytest.mark.parametrize("name", names())
def test_an_empty_pool_gives_an_empty_selection(name):
    assert [len(part) for part in select(name, np.zeros((0, 3)), 5, seed=0)] == [0, 0, 0]


@pytest.mark.parametrize("name", names())
def test_asking_for_more_than_the_pool_gives_all_of_it(name):
    selection = select(name, POOL, 10, seed=0)
    assert sorted(selection.indices.tolist()) == [0, 1, 2]
    assert selection.reasons == [name] * 3


def test_a_selection_comes_highest_first_with_its_scores():
    indices, picked, reasons = select("entropy", POOL, 2, seed=0)
    assert indices.tolist() == [2, 1] and reasons == ["entropy", "entropy"]
    np.testing.assert_array_equal(picked, scores("entropy")[[2, 1]])


@pytest.mark.parametrize("name", ["entropy", "margin", "least_confidence", "ratio"])
def test_probabilities_that_are_no_numbers_are_refused(name):
    broken = POOL.copy()
    broken[1] = np.nan
    with pytest.raises(ValueError, match=f"{name} gives 1 of 3 images no finite score"):
        select(name, broken, 1, seed=0)


def test_scores_that_are_no_numbers_and_negative_counts_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="not finite"):
        top(np.array([1.0, np.nan]), 1, rng)
    with pytest.raises(ValueError, match="can't pick"):
        top(np.ones(3), -1, rng)
    with pytest.raises(ValueError, match="probability"):
        mixed(np.ones(3), 1, 1.5, rng)


def test_ties_are_broken_at_random():
    tied = np.array([1.0, 1.0, 1.0, 0.0])
    firsts = [int(top(tied, 1, np.random.default_rng(seed))[0]) for seed in range(300)]
    counts = np.bincount(firsts, minlength=4)
    assert counts[3] == 0 and counts[:3].min() > 70


def test_without_chance_the_mix_is_the_top():
    ranked = np.arange(50.0)
    indices, by_chance = mixed(ranked, 10, 0.0, np.random.default_rng(0))
    assert indices.tolist() == list(range(49, 39, -1)) and not by_chance.any()


def test_the_mix_takes_its_share_by_chance_and_never_twice():
    ranked = np.arange(10_000.0)
    indices, by_chance = mixed(ranked, 2000, 0.3, np.random.default_rng(0))
    assert len(set(indices.tolist())) == 2000
    assert by_chance.mean() == pytest.approx(0.3, abs=0.04)
    # What score picked is the top; what chance picked lies anywhere.
    assert indices[~by_chance].min() > 7800
    assert indices[by_chance].mean() == pytest.approx(5000, abs=500)


def test_the_seed_repeats_a_selection_and_its_reasons():
    pool = np.random.default_rng(0).dirichlet(np.ones(4), size=200)
    first, again, other = (select("margin", pool, 40, p=0.5, seed=seed) for seed in (1, 1, 2))
    assert first.indices.tolist() == again.indices.tolist() and first.reasons == again.reasons
    assert first.indices.tolist() != other.indices.tolist()
    assert set(first.reasons) == {"margin", "random"}
