"""What a training does beside its steps: checkpoints, when it ends, what it keeps, and what it does to pictures."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from learning.engine import devices, fit
from learning.engine.augmentation import augmentation, mixed
from learning.engine.images import to_tensor
from learning.engine.prediction import logits
from learning.engine.training import Checkpoints, TrainingConfig, cross_validate, held_out_of, predict, train

EVERYTHING = TrainingConfig(
    epochs=2, min_steps=12, batch_size=16, augment="rand_augment", flips=True, mixup=0.3, ema=0.9, patience=3
)
HEAD = TrainingConfig(epochs=5, min_steps=100, lr=0.05)


class Killed(Exception):  # noqa: N818
    pass


def one_hot(y, k=10):
    return np.eye(k)[y]


def blobs(n=120, k=3, seed=0, noise=1.0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    return (3 * np.eye(k)[y] + noise * rng.normal(size=(n, k))).astype(np.float32), y


@pytest.mark.parametrize("config", [TrainingConfig(epochs=1, min_steps=12, batch_size=16), EVERYTHING])
@pytest.mark.parametrize("killed_at", [[3], [2, 7]])
def test_a_training_that_was_cut_short_goes_on_to_the_same_weights(digits, config, killed_at):
    x, targets, weights = digits.x[:60], one_hot(digits.y[:60]), np.ones(60)
    whole = train(x, targets, weights, config)
    kept: list[bytes] = []
    for attempt in range(len(killed_at) + 1):
        calls = 0

        def on_progress(share, attempt=attempt):
            nonlocal calls
            calls += 1
            if attempt < len(killed_at) and calls == killed_at[attempt]:
                raise Killed

        checkpoints = Checkpoints(kept[-1] if kept else None, kept.append, seconds=0.0)
        try:
            resumed = train(x, targets, weights, config, on_progress=on_progress, checkpoints=checkpoints)
        except Killed:
            continue
    assert kept and all(torch.equal(resumed.state_dict[name], whole.state_dict[name]) for name in whole.state_dict)
    assert resumed.loss == whole.loss and resumed.held_out == whole.held_out


@pytest.mark.parametrize("spoil", [lambda blob: blob[: len(blob) // 2], lambda blob: b"nonsense", lambda blob: b""])
def test_a_checkpoint_that_cannot_be_read_is_none(digits, spoil):
    x, targets, weights = digits.x[:40], one_hot(digits.y[:40]), np.ones(40)
    config, kept = TrainingConfig(epochs=1, min_steps=6), []
    whole = train(x, targets, weights, config, checkpoints=Checkpoints(None, kept.append, seconds=0.0))
    again = train(x, targets, weights, config, checkpoints=Checkpoints(spoil(kept[0]), kept.append))
    assert all(torch.equal(again.state_dict[name], whole.state_dict[name]) for name in whole.state_dict)


def test_a_checkpoint_of_another_network_is_none(digits):
    x, targets, weights = digits.x[:40], one_hot(digits.y[:40]), np.ones(40)
    config, kept = TrainingConfig(epochs=1, min_steps=6), []
    keeping = Checkpoints(None, kept.append, seconds=0.0)
    train(np.ones((40, 5), np.float32), targets, weights, config, network="head", checkpoints=keeping)
    again = train(x, targets, weights, config, checkpoints=Checkpoints(kept[0], kept.append))
    undisturbed = train(x, targets, weights, config)
    assert torch.equal(again.state_dict["head.last.weight"], undisturbed.state_dict["head.last.weight"])


def test_it_ends_when_held_out_rows_are_told_no_better_and_keeps_the_best():
    x, y = blobs(noise=2.0)
    config = TrainingConfig(epochs=60, min_steps=0, lr=0.3, patience=3)
    told = []
    trained = train(x, one_hot(y, 3), np.ones(120), config, network="head", on_progress=told.append)
    assert len(trained.held_out) < 60 and told[-1] == 1.0
    out = held_out_of(y, config.seed)
    said = predict(trained, x[out])[np.arange(out.sum()), y[out]]
    assert -np.log(said).mean() == pytest.approx(min(trained.held_out), abs=1e-3)
    assert 0.1 < out.mean() < 0.2


def test_of_a_handful_nothing_is_held_out():
    x, y = blobs(12)
    trained = train(x, one_hot(y, 3), np.ones(12), replace(HEAD, patience=2), network="head")
    assert trained.held_out == ()


def test_a_running_mean_of_the_weights_wobbles_less():
    x, y = blobs(noise=2.0)
    wild = TrainingConfig(epochs=1, min_steps=60, lr=0.5, batch_size=4)
    spread = []
    for config in (wild, replace(wild, ema=0.95)):
        weights = [
            train(x, one_hot(y, 3), np.ones(120), replace(config, seed=seed), network="head").state_dict
            for seed in range(4)
        ]
        spread.append(torch.stack([w["head.last.weight"] for w in weights]).std(dim=0).mean())
    assert spread[1] < 0.95 * spread[0]


def test_balance_lets_a_rare_class_be_heard():
    x, y = blobs(300, 2, noise=3.0)
    kept = np.concatenate([np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:15]])
    rare = []
    for balance in (0.0, 1.0):
        config = replace(HEAD, balance=balance)
        trained = train(x[kept], one_hot(y[kept], 2), np.ones(len(kept)), config, network="head")
        rare.append((predict(trained, x[y == 1]).argmax(axis=1) == 1).mean())
    assert rare[1] > rare[0] + 0.2


def test_frozen_blocks_stay_as_they_were(digits):
    x, targets = digits.x[:40], one_hot(digits.y[:40])
    config = TrainingConfig(epochs=1, min_steps=5)
    parent = train(x, targets, np.ones(40), config).state_dict
    child = train(x, targets, np.ones(40), replace(config, frozen=0.3), initial=parent).state_dict
    moved = {name for name in parent if not torch.equal(parent[name], child[name])}
    assert not any(name.startswith(("body.blocks.0", "body.blocks.1")) for name in moved)
    assert "body.blocks.2.0.weight" in moved and "head.last.weight" in moved


@pytest.mark.parametrize("head", ["mlp", "cosine"])
def test_the_other_heads_learn_too(head):
    x, y = blobs()
    trained = train(x, one_hot(y, 3), np.ones(120), replace(HEAD, head=head, lr=0.02), network="head")
    assert (predict(trained, x).argmax(axis=1) == y).mean() > 0.9


def test_a_full_memory_halves_the_batch_and_goes_on(digits, monkeypatch):
    x, targets = digits.x[:64], one_hot(digits.y[:64])
    forward, sizes = fit.Fit._forward, []

    def cramped(self, part):
        sizes.append(len(part))
        if len(part) > 8:
            raise torch.OutOfMemoryError("no room")
        return forward(self, part)

    monkeypatch.setattr(fit.Fit, "_forward", cramped)
    trained = train(x, targets, np.ones(64), TrainingConfig(epochs=10, min_steps=100))
    assert sizes[:4] == [32, 16, 8, 8] and max(sizes[3:]) == 8
    assert (predict(trained, x).argmax(axis=1) == digits.y[:64]).mean() > 0.8


def test_a_full_memory_for_one_row_is_an_error(digits, monkeypatch):
    def full(self, part):
        raise torch.OutOfMemoryError("no room")

    monkeypatch.setattr(fit.Fit, "_forward", full)
    with pytest.raises(torch.OutOfMemoryError):
        train(digits.x[:8], one_hot(digits.y[:8]), np.ones(8), TrainingConfig(min_steps=1, epochs=1))


def test_prediction_goes_on_in_halves_where_the_memory_is_full(digits):
    trained = train(digits.x[:20], one_hot(digits.y[:20]), np.ones(20), TrainingConfig(min_steps=5, epochs=1))
    model = trained.model()
    expected, forward = logits(model, digits.x[:30]), model.forward

    def cramped(x):
        if len(x) > 4:
            raise torch.OutOfMemoryError("no room")
        return forward(x)

    model.forward = cramped
    np.testing.assert_allclose(logits(model, digits.x[:30]), expected, atol=1e-5)


def test_a_device_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="can't compute on 'cuda:7'"):
        devices.choose("cuda:7")
    with pytest.raises(ValueError, match="can't compute on 'abacus'"):
        devices.choose("abacus")
    assert devices.choose("auto").type in ("cpu", "cuda")
    assert devices.choose("cpu") == devices.chosen() == torch.device("cpu")


@pytest.mark.parametrize("augment", ["shift", "crop", "rand_augment"])
@pytest.mark.parametrize("side", [32, 96])
def test_augmented_pictures_are_pictures_of_the_same_size_and_repeat_by_seed(augment, side):
    x = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)
    config = TrainingConfig(augment=augment, flips=True)

    def drawn():
        torch.manual_seed(1)
        return augmentation(config, side, torch.Generator().manual_seed(1))(x)

    first = drawn()
    assert first.shape == (4, 3, side, side) and first.min() >= -1 and first.max() <= 1
    assert torch.equal(first, drawn()) and not torch.equal(first, to_tensor(x))


def test_nothing_is_mirrored_unless_it_may_be():
    x = np.zeros((64, 8, 8, 3), dtype=np.uint8)
    x[:, :, :3] = 255
    for flips in (False, True):
        config = TrainingConfig(augment_shift=0, flips=flips)
        left = augmentation(config, 8, torch.Generator().manual_seed(0))(x)[:, 0, 0, 0] > 0
        assert bool(left.all()) is not flips and left.any()


def test_mixed_pictures_have_mixed_labels_and_weights():
    generator = torch.Generator().manual_seed(0)
    x, targets = torch.cat([torch.ones(2, 3, 8, 8), -torch.ones(2, 3, 8, 8)]), torch.eye(2)[[0, 0, 1, 1]]
    weights = torch.tensor([1.0, 1.0, 3.0, 3.0])
    for _ in range(20):
        torch.manual_seed(int(torch.randint(1000, (1,), generator=generator)))
        blend, labels, weigh = mixed(x, targets, weights, 1.0, generator)
        share = (blend.mean(dim=(1, 2, 3)) + 1) / 2  # of the class 0, which is white
        assert torch.allclose(labels.sum(dim=1), torch.ones(4), atol=1e-5)
        # A label counts by its weight, so what is three times as heavy has three times the say.
        assert torch.allclose(labels[:, 0], share / (share + 3 * (1 - share)), atol=1e-4)
        assert torch.allclose(weigh, share + 3 * (1 - share), atol=1e-4)


@pytest.mark.parametrize(
    "wrong",
    [{"frozen": 2.0}, {"balance": -1.0}, {"ema": 1.0}, {"augment": "cubism"}, {"head": "square"}, {"patience": -1}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        TrainingConfig(**wrong)
    with pytest.raises(ValueError, match="mixed"):
        TrainingConfig(learning_loss=0.2, mixup=0.2)


def test_cross_validation_works_with_everything_on(digits):
    x, targets = digits.x[:60], one_hot(digits.y[:60])
    assert np.isfinite(cross_validate(x, targets, np.ones(60), EVERYTHING)).all()
