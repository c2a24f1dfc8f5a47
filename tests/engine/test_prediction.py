import numpy as np
import pytest
from numpy.typing import NDArray

from learning.engine.prediction import dropout_draws, features, predict, probabilities
from learning.engine.training import Trained, TrainingConfig, train

Case = tuple[Trained, NDArray[np.generic]]


@pytest.fixture(scope="module", params=["small_cnn", "head"])
def case(request: pytest.FixtureRequest, digits) -> Case:
    x = digits.x[:60] if request.param == "small_cnn" else np.random.default_rng(0).normal(size=(60, 8))
    config = TrainingConfig(epochs=2, min_steps=30, batch_size=16, lr=4e-3 if request.param == "small_cnn" else 0.05)
    return train(x, np.eye(10)[digits.y[:60]], np.ones(60), config, network=request.param), x


def test_the_head_on_the_features_gives_the_probabilities(case: Case):
    trained, x = case
    seen = features(trained, x)
    assert seen.shape == (60, 96 if trained.network == "small_cnn" else 8) and seen.dtype == np.float32
    head = (trained.state_dict[f"head.last.{name}"].numpy() for name in ("weight", "bias"))
    weight, bias = head
    np.testing.assert_allclose(probabilities(seen @ weight.T + bias), predict(trained, x), atol=1e-5)
    np.testing.assert_allclose(features(trained, x, batch=7), seen, atol=1e-5)
    assert features(trained, x[:0]).shape == (0, seen.shape[1])


def test_a_committee_that_drops_nothing_is_the_model(case: Case):
    trained, x = case
    committee = dropout_draws(trained, x, draws=2, rate=0.0, seed=0, temperature=1.7)
    expected = predict(trained, x, temperature=1.7)
    np.testing.assert_allclose(committee, np.stack([expected] * 2), atol=1e-5)


def test_its_members_differ_and_are_on_average_like_the_model(case: Case):
    trained, x = case
    committee = dropout_draws(trained, x, draws=200, rate=0.1, seed=0)
    assert committee.shape == (200, 60, 10) and committee.dtype == np.float32
    np.testing.assert_allclose(committee.sum(axis=2), 1, atol=1e-5)
    assert committee.std(axis=0).max() > 0.01
    assert np.abs(committee.mean(axis=0) - predict(trained, x)).mean() < 0.03


def test_more_dropout_makes_for_more_dissent(case: Case):
    trained, x = case
    little, much = (dropout_draws(trained, x, draws=40, rate=rate, seed=0).std(axis=0).mean() for rate in (0.05, 0.5))
    assert much > 2 * little


def test_a_member_says_the_same_of_an_image_whatever_others_are_there(case: Case):
    trained, x = case
    whole = dropout_draws(trained, x, draws=5, seed=3)
    np.testing.assert_allclose(dropout_draws(trained, x[20:30], draws=5, seed=3, batch=4), whole[:, 20:30], atol=1e-5)
    np.testing.assert_array_equal(dropout_draws(trained, x, draws=5, seed=3), whole)
    assert (dropout_draws(trained, x, draws=5, seed=4) != whole).any()
    assert dropout_draws(trained, x[:0], draws=5, seed=3).shape == (5, 0, 10)


@pytest.mark.parametrize("change", [{"draws": 0}, {"rate": 1.0}, {"rate": -0.1}, {"rate": np.nan}, {"temperature": 0}])
def test_a_committee_that_can_not_be_is_refused(case: Case, change: dict[str, float]):
    with pytest.raises(ValueError, match=r"committee needs|temperature"):
        dropout_draws(*case, **{"seed": 0} | change)
