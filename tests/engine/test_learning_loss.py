import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import kendalltau

from learning.engine import augmentation, fit
from learning.engine.learning_loss import HEARD, LossPrediction, ranking_loss
from learning.engine.models.network import build
from learning.engine.prediction import inputs, predict, predicted_losses
from learning.engine.strategies.pool import Pool
from learning.engine.strategies.selection import select
from learning.engine.training import Trained, TrainingConfig, deserialise, serialise, train

DATA = Path(os.environ.get("TESSERA_DATA_DIR") or "/nowhere") / "data" / "cifar10.npz"
OFF = TrainingConfig(epochs=3, min_steps=20, batch_size=16, seed=3)
ON = replace(OFF, learning_loss=0.5)


def one_hot(y: NDArray[np.integer], k: int) -> NDArray[np.float64]:
    return np.eye(k)[y]


def clouds(n: int = 300, seed: int = 0) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Two clouds of features, and on one side of both of them labels by chance."""
    rng = np.random.default_rng(seed)
    y, x = np.arange(n) % 2, rng.normal(size=(n, 4))
    x[:, 0] += np.where(y == 1, 4, -4)
    return x.astype(np.float32), np.where(x[:, 1] > 0, rng.integers(2, size=n), y)


def on_clouds(config: TrainingConfig) -> Trained:
    x, y = clouds()
    return train(x, one_hot(y, 2), np.ones(len(x)), config, network="head")


def true_losses(probabilities: NDArray[np.float32], y: NDArray[np.integer]) -> NDArray[np.float64]:
    return -np.log(np.maximum(probabilities[np.arange(len(y)), y].astype(np.float64), 1e-12))


def plainly(x: NDArray[np.uint8], targets: NDArray[np.float64], config: TrainingConfig) -> dict[str, torch.Tensor]:
    """The weights that training gave before anything here could predict losses."""
    torch.manual_seed(config.seed)
    model = build("small_cnn", targets.shape[1], 3)
    steps, wanted = config.steps(len(x)), torch.tensor(targets, dtype=torch.float32)
    generator = torch.Generator().manual_seed(config.seed)
    optimiser = torch.optim.AdamW(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: fit._rate(step, steps))
    order = torch.zeros(0, dtype=torch.long)
    for _ in range(steps):
        while len(order) < config.batch_size:
            order = torch.cat([order, torch.randperm(len(x), generator=generator)])
        batch, order = order[: config.batch_size], order[config.batch_size :]
        given = augmentation._shift(inputs(x[batch.numpy()]), config.augment_shift, generator)
        loss = torch.nn.functional.cross_entropy(model(given), wanted[batch], reduction="none").mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return model.state_dict()


def test_without_it_the_weights_are_what_they_were_before(digits):
    x, targets = digits.x[:60], one_hot(digits.y[:60], 10)
    weights, before = train(x, targets, np.ones(60), OFF).state_dict, plainly(x, targets, OFF)
    assert list(weights) == list(before)
    assert all(torch.equal(weights[name], before[name]) for name in before)


def test_with_it_the_network_starts_from_the_same_weights():
    torch.manual_seed(0)
    without = build("small_cnn", 4, 3).state_dict()
    torch.manual_seed(0)
    beside = build("small_cnn", 4, 3, predicts_losses=True).state_dict()
    assert set(without) < set(beside) and all(torch.equal(without[name], beside[name]) for name in without)


def test_the_module_hears_each_block_of_the_small_cnn():
    network = build("small_cnn", 4, 3, predicts_losses=True).eval()
    x = torch.randn(5, 3, 16, 16)
    stages = network.stages(x)
    assert [stage.shape for stage in stages] == [(5, 24), (5, 48), (5, 96)]
    torch.testing.assert_close(stages[-1], network.features(x))
    assert network.losses(stages).shape == (5,)


def test_it_tells_the_noisy_half_of_the_features_from_the_clean_one():
    trained = on_clouds(TrainingConfig(epochs=20, lr=0.01, learning_loss=1.0))
    x, y = clouds(seed=1)
    expected = predicted_losses(trained, x)
    assert kendalltau(expected, true_losses(predict(trained, x), y)).statistic > 0.2
    assert expected[x[:, 1] > 0.3].mean() > expected[x[:, 1] < -0.3].mean() + 0.5


@pytest.mark.parametrize("network", ["small_cnn", "head"])
def test_predicted_losses_survive_becoming_bytes_and_repeat(network, digits):
    x = digits.x[:40] if network == "small_cnn" else digits.x[:40].reshape(40, -1)[:, ::60] / np.float32(255)
    first, again = (train(x, one_hot(digits.y[:40], 10), np.ones(40), ON, network=network) for _ in range(2))
    expected = predicted_losses(first, x)
    assert expected.shape == (40,) and expected.dtype == np.float32 and np.isfinite(expected).all()
    np.testing.assert_array_equal(predicted_losses(deserialise(serialise(first)), x), expected)
    np.testing.assert_array_equal(predicted_losses(again, x), expected)
    np.testing.assert_allclose(predicted_losses(first, x, batch=7), expected, atol=1e-5)
    assert predicted_losses(first, x[:0]).shape == (0,)


def test_a_network_that_predicts_none_says_so():
    with pytest.raises(ValueError, match="predicts no losses"):
        predicted_losses(on_clouds(OFF), clouds()[0])


@pytest.mark.parametrize(("parent", "child"), [(ON, OFF), (OFF, ON), (ON, ON)])
def test_it_can_start_from_a_network_with_or_without(parent: TrainingConfig, child: TrainingConfig):
    x, y = clouds()
    initial = on_clouds(parent).state_dict
    still = replace(child, epochs=1, min_steps=1, lr=1e-9)
    trained = train(x, one_hot(y, 2), np.ones(len(x)), still, network="head", initial=initial)
    torch.testing.assert_close(trained.state_dict["head.last.weight"], initial["head.last.weight"], atol=1e-6, rtol=0)
    assert ("losses.joined.weight" in trained.state_dict) == (child is ON)


def test_the_network_hears_from_the_module_in_the_first_steps_alone(digits, monkeypatch):
    def body(config: TrainingConfig, heard: float) -> torch.Tensor:
        monkeypatch.setattr(fit, "HEARD", heard)
        return train(digits.x[:40], one_hot(digits.y[:40], 10), np.ones(40), config).state_dict[
            "body.blocks.0.0.weight"
        ]

    deaf = body(ON, 0.0)
    torch.testing.assert_close(deaf, body(OFF, 0.0))
    assert not torch.allclose(body(ON, HEARD), deaf, atol=1e-4)
    assert not torch.allclose(body(ON, HEARD), body(ON, 1.0), atol=1e-4)


def test_a_row_of_no_weight_is_in_no_pair():
    predicted, losses = torch.tensor([0.0, 5.0, 1.0]), torch.tensor([1.0, 3.0, 2.0])
    weights = torch.tensor([1.0, 0.0, 1.0])
    moved = torch.tensor([0.0, -9.0, 1.0])
    assert ranking_loss(predicted, losses, weights) == ranking_loss(moved, losses, weights)


def test_the_margin_is_asked_of_each_pair_in_the_order_of_its_losses():
    ones, losses = torch.ones(2), torch.tensor([1.0, 2.0])
    assert ranking_loss(torch.tensor([0.0, 1.0]), losses, ones) == 0
    assert ranking_loss(torch.tensor([0.0, 0.25]), losses, ones) == pytest.approx(0.75)
    assert ranking_loss(torch.tensor([2.0, 0.0]), losses, ones) == pytest.approx(3)
    assert ranking_loss(torch.tensor([2.0, 0.0]), ones, ones) == 0
    assert ranking_loss(torch.ones(1), torch.ones(1), torch.ones(1)) == 0


def test_a_single_row_trains(digits):
    trained = train(digits.x[:1], one_hot(digits.y[:1], 10), np.ones(1), ON)
    assert np.isfinite(predicted_losses(trained, digits.x[:1])).all()


@pytest.mark.parametrize("weight", [-0.1, float("nan"), float("inf")])
def test_a_weight_that_makes_no_sense_is_refused(weight: float):
    with pytest.raises(ValueError, match="at least 0"):
        TrainingConfig(learning_loss=weight)


def test_the_module_is_small():
    assert sum(part.numel() for part in LossPrediction([24, 48, 96]).parameters()) < 25_000


def test_the_strategy_asks_where_most_is_to_be_lost():
    pool = Pool(np.full((4, 2), 0.5), losses=np.array([0.1, -2.0, 3.0, 1.0], dtype=np.float32))
    assert select("learning_loss", pool, 2, seed=0).indices.tolist() == [2, 3]
    assert len(select("learning_loss", pool, 9, seed=0).indices) == 4


def test_the_strategy_refuses_a_pool_without_losses_and_losses_that_are_no_numbers():
    with pytest.raises(ValueError, match="needs losses"):
        select("learning_loss", Pool(np.full((4, 2), 0.5)), 2, seed=0)
    with pytest.raises(ValueError, match="1 of 4 images"):
        select("learning_loss", Pool(np.full((4, 2), 0.5), losses=np.array([1, np.nan, 0, 0])), 2, seed=0)


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_file(), reason="TESSERA_DATA_DIR has no CIFAR-10")
def test_on_cifar_the_order_of_predicted_losses_is_like_that_of_true_ones():
    with np.load(DATA) as cifar:
        x, y, x_test, y_test = (cifar[name][:2000] for name in ("x_train", "y_train", "x_test", "y_test"))
    trained = train(x, one_hot(y, 10), np.ones(len(x)), TrainingConfig(learning_loss=0.2))
    tau = kendalltau(predicted_losses(trained, x_test), true_losses(predict(trained, x_test), y_test)).statistic
    assert tau > 0.2
