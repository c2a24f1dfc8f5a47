"""From scratch, head, transfer, online, and learning from what the model is sure of."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from learning.engine import regimes
from learning.engine.models import registry
from learning.engine.models.body import Body
from learning.engine.online import online, replayed
from learning.engine.regimes import transfer, whole
from learning.engine.self_training import pseudo_labels
from learning.engine.training import TrainingConfig, deserialise, predict, serialise, train

CONFIG = TrainingConfig(epochs=5, min_steps=60)


def one_hot(y, k=10):
    return np.eye(k)[y]


def clouds(n, k, seed, spread=1.0):
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    return (3 * np.eye(k, 12)[y] + spread * rng.normal(size=(n, 12))).astype(np.float32), y


@pytest.fixture
def wasteful(monkeypatch) -> Body:
    """A backbone that sees nothing but the mean of the picture's left half, until it is trained."""
    registry.get("small_cnn")  # all others are there
    monkeypatch.setattr(registry, "_backbones", dict(registry._backbones))

    def build(channels: int) -> Body:
        layer = nn.Conv2d(channels, 16, 16, stride=16)
        with torch.no_grad():
            layer.weight.mul_(0.1)
        return Body([layer, nn.ReLU()], dim=16)

    registry.backbone("wasteful", side=32)(build)
    torch.manual_seed(0)
    return registry.get("wasteful").body()


def features_of(body: Body, x):
    with torch.inference_mode():
        return body.eval()(torch.from_numpy(x).permute(0, 3, 1, 2).float() / 127.5 - 1).numpy()


def test_what_is_said_of_a_row_is_by_a_network_that_has_not_seen_it(digits):
    x, y = clouds(90, 3, 0, spread=0.3)
    wrong = y.copy()
    wrong[:9] = (y[:9] + 1) % 3
    outcome = whole(x, one_hot(wrong, 3), np.ones(90), replace(CONFIG, lr=0.05), network="head")
    assert (outcome.blind[:9].argmax(axis=1) == y[:9]).mean() > 0.8
    assert outcome.temperature == outcome.blind_temperature > 0


def test_the_whole_network_is_kept_where_the_frozen_backbone_knows_too_little(digits, wasteful, monkeypatch):
    monkeypatch.setattr(regimes, "LOW_RATE", 0.003)
    monkeypatch.setattr(regimes, "SECOND_STAGE", 25)
    monkeypatch.setattr(regimes, "PATIENCE", 10)
    x, y = digits.x[:600], digits.y[:600]
    told = []
    outcome = transfer(
        features_of(wasteful, x),
        lambda: x,
        wasteful,
        "wasteful",
        one_hot(y),
        np.ones(600),
        replace(CONFIG, augment_shift=0),
        on_progress=told.append,
    )
    assert outcome.told["fine_tuned"] and outcome.told["whole_loss"] < outcome.told["head_loss"]
    assert outcome.trained.network == "wasteful" and outcome.trained.standard
    assert told[-1] == 1.0 and told == sorted(told)
    test_x, test_y = digits.x[600:], digits.y[600:]
    head = whole(features_of(wasteful, x), one_hot(y), np.ones(600), CONFIG, network="head").trained
    by_head = (predict(head, features_of(wasteful, test_x)).argmax(axis=1) == test_y).mean()
    assert (predict(outcome.trained, test_x).argmax(axis=1) == test_y).mean() > by_head
    # It goes through a file with its body and the features' scale.
    back = deserialise(serialise(outcome.trained))
    np.testing.assert_array_equal(predict(back, test_x[:9]), predict(outcome.trained, test_x[:9]))


def test_the_head_stays_where_the_second_stage_breaks_what_was_known(digits, wasteful, monkeypatch):
    monkeypatch.setattr(regimes, "LOW_RATE", 30.0)
    x, y = digits.x[:200], digits.y[:200]
    features = features_of(wasteful, x)
    outcome = transfer(features, lambda: x, wasteful, "wasteful", one_hot(y), np.ones(200), CONFIG)
    assert outcome.told["fine_tuned"] is False and outcome.trained.network == "head"
    assert outcome.told["whole_loss"] >= outcome.told["head_loss"]


def test_a_frozen_backbone_and_a_handful_of_labels_have_no_second_stage(digits, wasteful):
    def never():
        raise AssertionError("the pictures aren't needed")

    x, y = digits.x[:200], digits.y[:200]
    features = features_of(wasteful, x)
    for rows, config in ((200, replace(CONFIG, frozen=1.0)), (20, CONFIG)):
        outcome = transfer(features[:rows], never, wasteful, "wasteful", one_hot(y[:rows]), np.ones(rows), config)
        assert outcome.told == {"fine_tuned": False} and outcome.trained.network == "head"


def buffers(n, size, late_from, seed=0):
    """Classes 0 to 2 from the first, class 3 from a later one on."""
    return [clouds(size, 3 if number < late_from else 4, [seed, number]) for number in range(n)]


def test_online_learning_keeps_what_it_knew_and_learns_a_class_that_comes_late():
    stream = buffers(8, 60, late_from=5)
    x, y = stream[0]
    version = train(x, one_hot(y, 3), np.ones(60), CONFIG, network="head", optimiser={})
    seen = [(x, y)]
    for number, (x, y) in enumerate(stream[1:], 1):
        k = 4 if number >= 5 else 3
        old_x, old_y = (np.concatenate(part) for part in zip(*seen, strict=True))
        ages = np.repeat(np.arange(number, 0, -1), 60)
        again, weights = replayed(ages, 120, seed=number)
        version = train(
            np.concatenate([x, old_x[again]]),
            one_hot(np.concatenate([y, old_y[again]]), k),
            np.concatenate([np.ones(60), weights]),
            online(replace(CONFIG, lr=0.02, seed=number)),
            network="head",
            initial=version.state_dict,
            optimiser=version.optimiser,
        )
        seen.append((x, y))
    all_x, all_y = (np.concatenate(part) for part in zip(*seen, strict=True))
    everything = train(all_x, one_hot(all_y, 4), np.ones(len(all_x)), CONFIG, network="head")
    test_x, test_y = clouds(2000, 4, 99)
    right = [(predict(model, test_x).argmax(axis=1) == test_y) for model in (version, everything)]
    early = test_y < 3
    assert right[0][early].mean() > right[1][early].mean() - 0.03
    assert right[0][~early].mean() > 0.7
    assert len(deserialise(serialise(version)).optimiser) == len(version.optimiser) > 0


def test_the_optimiser_goes_on_where_it_was():
    x, y = clouds(60, 3, 0)
    targets, weights, config = one_hot(y, 3), np.ones(60), online(CONFIG)
    first = train(x, targets, weights, config, network="head", optimiser={})
    assert first.optimiser["head.last.weight/step"] > 0
    on, afresh = (
        train(x, targets, weights, config, network="head", initial=first.state_dict, optimiser=state)
        for state in (first.optimiser, {})
    )
    assert not torch.equal(on.state_dict["head.last.weight"], afresh.state_dict["head.last.weight"])
    assert on.optimiser["head.last.weight/step"] == 2 * first.optimiser["head.last.weight/step"]
    assert train(x, targets, weights, config, network="head").optimiser is None


def test_old_rows_are_drawn_by_seed_and_count_less_by_age():
    ages = np.array([3, 3, 2, 2, 1, 1])
    rows, weights = replayed(ages, 4, 0.5, seed=1)
    assert len(rows) == 4 == len(set(rows.tolist()))
    np.testing.assert_allclose(weights, 0.5 ** ages[rows])
    np.testing.assert_array_equal(replayed(ages, 4, 0.5, seed=1)[0], rows)
    assert len(replayed(ages, 100, seed=1)[0]) == 6 and len(replayed(ages[:0], 5, seed=1)[0]) == 0
    with pytest.raises(ValueError, match="recency"):
        replayed(ages, 4, 0.0, seed=1)


def test_pseudo_labels_are_sure_ones_no_more_of_a_class_than_it_has_labels():
    probabilities = np.array([[0.99, 0.01], [0.97, 0.03], [0.98, 0.02], [0.6, 0.4], [0.04, 0.96], [0.5, 0.5]])
    found = pseudo_labels(probabilities, np.array([2, 5]), 0.95)
    assert found.indices.tolist() == [0, 2, 4]
    assert found.targets.tolist() == [[1, 0], [1, 0], [0, 1]] and (found.weights < 1).all()
    assert len(pseudo_labels(probabilities, np.array([0, 0]), 0.95).indices) == 0
    assert len(pseudo_labels(probabilities[:0], np.array([2, 2]), 0.95).indices) == 0
    with pytest.raises(ValueError, match="above a half"):
        pseudo_labels(probabilities, np.array([2, 5]), 0.4)
