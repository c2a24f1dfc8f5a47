import json
import struct
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
import torch
from safetensors.torch import save

from learning.engine.training import (
    TrainingConfig,
    TrainingFailed,
    cross_validate,
    deserialise,
    predict,
    serialise,
    train,
)

QUICK = TrainingConfig(epochs=2, min_steps=12, batch_size=16)
HEAD = TrainingConfig(epochs=5, min_steps=100, lr=0.05)  # three features: each weight has far to go


def one_hot(y, k=10):
    return np.eye(k)[y]


def blobs(n=120, k=3, seed=0):
    """Features of k well-parted clouds, in class order round."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % k
    return (3 * np.eye(k)[y] + rng.normal(size=(n, k))).astype(np.float32), y


@pytest.mark.parametrize(("a_class", "least"), [(9, 0.80), (90, 0.95)])
def test_the_small_cnn_learns_digits(digits, a_class, least):
    rows, held_out = digits.split(a_class)
    # Half the steps that the defaults would take, for the suite's sake.
    config = TrainingConfig(epochs=5, min_steps=140)
    trained = train(digits.x[rows], one_hot(digits.y[rows]), np.ones(len(rows)), config)
    held_out = held_out[:500]
    accuracy = (predict(trained, digits.x[held_out]).argmax(axis=1) == digits.y[held_out]).mean()
    assert accuracy >= least
    assert trained.n == len(rows) and trained.seconds > 0 and trained.loss[-1] < trained.loss[0]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(digits):
    x, targets, weights = digits.x[:40], one_hot(digits.y[:40]), np.ones(40)
    first, again = (train(x, targets, weights, QUICK) for _ in range(2))
    other = train(x, targets, weights, replace(QUICK, seed=1))
    assert all(torch.equal(first.state_dict[name], again.state_dict[name]) for name in first.state_dict)
    assert first.loss == again.loss
    assert not torch.equal(first.state_dict["head.last.weight"], other.state_dict["head.last.weight"])


def test_training_leaves_the_callers_generator_alone(digits):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train(digits.x[:20], one_hot(digits.y[:20]), np.ones(20), QUICK)
    assert torch.equal(torch.rand(1), expected)


def test_soft_targets_teach_doubt():
    x, y = blobs()
    soft = 0.4 * one_hot(y, 3) + 0.2
    hard = train(x, one_hot(y, 3), np.ones(120), HEAD, network="head")
    doubtful = train(x, soft, np.ones(120), HEAD, network="head")
    # The clouds overlap a little, so even hard labels leave some doubt.
    assert predict(hard, x).max(axis=1).mean() > 0.85
    assert predict(doubtful, x).max(axis=1).mean() == pytest.approx(0.6, abs=0.08)


def test_a_row_of_no_weight_teaches_nothing():
    x, y = blobs()
    lies, honest = one_hot((y + 1) % 3, 3), one_hot(y, 3)
    weights = np.concatenate([np.ones(120), np.zeros(120)])
    trained = train(np.concatenate([x, x]), np.concatenate([honest, lies]), weights, HEAD, network="head")
    assert (predict(trained, x).argmax(axis=1) == y).mean() > 0.9


def test_only_the_ratios_of_weights_matter():
    x, y = blobs()
    weights = np.linspace(1, 2, 120)
    light, heavy = (train(x, one_hot(y, 3), w, HEAD, network="head") for w in (weights, 4 * weights))
    np.testing.assert_allclose(predict(light, x), predict(heavy, x), atol=1e-5)


def test_a_loss_that_is_no_number_fails_the_training():
    x, y = blobs()
    x[7, 0] = np.nan
    with pytest.raises(TrainingFailed, match="became nan"):
        train(x, one_hot(y, 3), np.ones(120), HEAD, network="head")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"x": np.zeros((0, 3), np.float32), "targets": np.zeros((0, 3)), "weights": np.zeros(0)}, "fit"),
        ({"weights": np.ones(3)}, "fit"),
        ({"targets": np.ones((120, 3))}, "distribution"),
        ({"targets": np.full((120, 3), np.nan)}, "distribution"),
        ({"weights": np.zeros(120)}, "weights"),
        ({"weights": np.full(120, np.nan)}, "weights"),
        ({"x": np.zeros((120, 8, 8, 3), np.uint8)}, "head"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(change, words):
    x, y = blobs()
    given = {"x": x, "targets": one_hot(y, 3), "weights": np.ones(120)} | change
    with pytest.raises(ValueError, match=words):
        train(**given, config=HEAD, network="head")


@pytest.mark.parametrize("change", [{"epochs": 0}, {"lr": 0.0}, {"lr": float("nan")}, {"label_smoothing": 1.0}])
def test_a_configuration_that_trains_nothing_is_refused(change):
    with pytest.raises(ValueError, match=r"at least|above"):
        TrainingConfig(**change)


def test_a_configuration_can_not_be_changed():
    with pytest.raises(FrozenInstanceError):
        QUICK.lr = 1.0


def test_a_handful_of_rows_gets_its_steps_and_many_rows_their_epochs():
    config = TrainingConfig(epochs=10, batch_size=32, min_steps=300)
    assert config.steps(90) == 300
    assert config.steps(20_000) == 6_250


def test_progress_rises_to_one():
    x, y = blobs()
    heard = []
    train(x, one_hot(y, 3), np.ones(120), HEAD, network="head", on_progress=heard.append)
    assert heard == sorted(heard) and heard[-1] == 1.0 and 0 < heard[0] < 0.5


def test_a_single_row_trains(digits):
    trained = train(digits.x[:1], one_hot(digits.y[:1]), np.ones(1), QUICK)
    assert predict(trained, digits.x[:1]).argmax() == digits.y[0]


def test_initial_weights_are_started_from():
    x, y = blobs()
    parent = train(x, one_hot(y, 3), np.ones(120), HEAD, network="head")
    still = replace(HEAD, epochs=1, min_steps=1, lr=1e-9)
    child = train(x, one_hot(y, 3), np.ones(120), still, network="head", initial=parent.state_dict)
    np.testing.assert_allclose(predict(child, x), predict(parent, x), atol=1e-5)


def test_a_new_class_keeps_the_body_and_what_the_head_knows_of_the_old(digits):
    parent = train(digits.x[:20], one_hot(digits.y[:20]), np.ones(20), QUICK)
    still = TrainingConfig(epochs=1, min_steps=1, lr=1e-9)
    wider = one_hot(digits.y[:20], 11)
    child = train(digits.x[:20], wider, np.ones(20), still, initial=parent.state_dict)
    for name in ("body.blocks.0.0.weight", "head.last.weight"):
        old = parent.state_dict[name]
        assert torch.allclose(child.state_dict[name][: len(old)], old, atol=1e-6)
    assert child.n_classes == 11 and child.state_dict["head.last.weight"].shape[0] == 11


def test_foreign_initial_weights_are_refused():
    x, y = blobs()
    with pytest.raises(ValueError, match="share no tensor"):
        train(x, one_hot(y, 3), np.ones(120), HEAD, network="head", initial={"a": torch.zeros(1)})


def test_predictions_do_not_depend_on_the_batch_and_heat_flattens_them():
    x, y = blobs()
    trained = train(x, one_hot(y, 3), np.ones(120), HEAD, network="head")
    cool = predict(trained, x)
    np.testing.assert_allclose(cool, predict(trained, x, batch=7), atol=1e-6)
    assert cool.dtype == np.float32 and np.allclose(cool.sum(axis=1), 1, atol=1e-5)
    assert predict(trained, x, temperature=5).max(axis=1).mean() < cool.max(axis=1).mean()
    assert predict(trained, x[:0]).shape == (0, 3)
    with pytest.raises(ValueError, match="temperature"):
        predict(trained, x, temperature=0)


def test_predicting_leaves_a_models_mode_as_it_was(digits):
    model = train(digits.x[:20], one_hot(digits.y[:20]), np.ones(20), QUICK).model().train()
    before = model.state_dict()["body.blocks.0.2.running_mean"].clone()
    predict(model, digits.x[:5])
    assert model.training and torch.equal(model.state_dict()["body.blocks.0.2.running_mean"], before)


def test_a_trained_network_survives_becoming_bytes(digits):
    trained = train(digits.x[:20], one_hot(digits.y[:20]), np.ones(20), QUICK)
    back = deserialise(serialise(trained))
    np.testing.assert_array_equal(predict(back, digits.x[:50]), predict(trained, digits.x[:50]))
    assert replace(back, state_dict={}) == replace(trained, state_dict={})


def test_bytes_of_a_version_without_a_newer_option_still_load():
    x, y = blobs()
    blob = serialise(train(x, one_hot(y, 3), np.ones(120), HEAD, network="head"))
    (length,) = struct.unpack("<Q", blob[:8])
    header = json.loads(blob[8 : 8 + length])
    facts = json.loads(header["__metadata__"]["tessera"])
    del facts["config"]["label_smoothing"]
    header["__metadata__"]["tessera"] = json.dumps(facts)
    older = json.dumps(header).encode()
    assert deserialise(struct.pack("<Q", len(older)) + older + blob[8 + length :]).config == HEAD


@pytest.mark.parametrize("blob", [b"", b"not a network", b"\x02\0\0\0\0\0\0\0{}"])
def test_foreign_bytes_are_refused(blob):
    with pytest.raises(ValueError, match="not a trained network"):
        deserialise(blob)


def test_out_of_fold_logits_predict_and_repeat():
    x, y = blobs()
    first, again = (cross_validate(x, one_hot(y, 3), np.ones(120), HEAD, network="head") for _ in range(2))
    assert first.shape == (120, 3) and (first.argmax(axis=1) == y).mean() > 0.85
    np.testing.assert_array_equal(first, again)


def test_out_of_fold_logits_come_from_networks_that_never_saw_the_row():
    # Labels without any pattern can be memorised but not predicted.
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(60, 200)).astype(np.float32), np.arange(60) % 2
    given = (x, one_hot(y, 2), np.ones(60), HEAD)
    assert (predict(train(*given, network="head"), x).argmax(axis=1) == y).mean() > 0.95
    assert (cross_validate(*given, network="head").argmax(axis=1) == y).mean() < 0.75


def test_a_class_with_fewer_rows_than_folds_is_cross_validated():
    x, y = blobs(30)
    y[y == 2] = 0
    y[4] = 2  # the only one
    heard = []
    logits = cross_validate(x, one_hot(y, 3), np.ones(30), HEAD, folds=5, network="head", on_progress=heard.append)
    assert np.isfinite(logits).all() and (logits != 0).any(axis=1).all()
    assert heard == sorted(heard) and heard[-1] == 1.0


def test_two_rows_can_be_cross_validated_and_one_can_not():
    x, y = blobs(2)
    targets = one_hot(y, 3)
    assert cross_validate(x, targets, np.ones(2), HEAD, network="head").shape == (2, 3)
    with pytest.raises(ValueError, match="two rows"):
        cross_validate(x[:1], targets[:1], np.ones(1), HEAD, network="head")


def test_a_file_from_before_networks_had_parts_is_read(digits):
    x, y = blobs()
    pictures = train(digits.x[:20], one_hot(digits.y[:20]), np.ones(20), QUICK)
    head = train(x, one_hot(y, 3), np.ones(120), HEAD, network="head")
    for trained, network, rows in ((pictures, "small_cnn", digits.x[:5]), (head, "linear_head", x)):
        now = deserialise(serialise(trained))
        facts = {k: v for k, v in vars(trained).items() if k not in ("state_dict", "optimiser", "standard", "held_out")}
        old_config = ("epochs", "min_steps", "batch_size", "lr", "weight_decay", "seed", "augment_shift")
        facts |= {"network": network, "config": {name: getattr(trained.config, name) for name in old_config}}
        tensors = {
            name.replace("body.", "").replace("head.last.", "head.").replace("standard.", ""): tensor.contiguous()
            for name, tensor in trained.state_dict.items()
        }
        old = deserialise(save(tensors, metadata={"tessera": json.dumps(facts)}))
        assert (old.network, old.standard) == (now.network, now.standard)
        np.testing.assert_array_equal(predict(old, rows), predict(now, rows))
