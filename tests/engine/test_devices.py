"""How rows come to a device and lie there. On a processor nothing of it shows in what is learned."""

import gc
import weakref

import numpy as np
import pytest
import torch

from learning.engine import devices, held
from learning.engine.augmentation import augmentation
from learning.engine.images import to_tensor
from learning.engine.models import registry
from learning.engine.training import TrainingConfig, train

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def pictures(n=6, side=32):
    return np.random.default_rng(0).integers(0, 256, (n, side, side, 3), dtype=np.uint8)


@pytest.mark.parametrize("x", [pictures(), pictures().reshape(6, -1).astype(np.float32)])
@pytest.mark.parametrize("block", [1, 2**26])
def test_rows_held_on_the_device_are_those_that_are_sent_there(monkeypatch, x, block):
    batch, sent = torch.tensor([4, 0, 4]), held.held(x, CPU)
    monkeypatch.setattr(held, "fits", lambda size, device: True)
    monkeypatch.setattr(held, "_BLOCK", block)
    on_device = held.held(x, CPU)
    for drawn in (sent, on_device):
        rows = drawn(batch)
        assert rows.dtype == torch.from_numpy(x).dtype and np.array_equal(rows.numpy(), x[[4, 0, 4]])


def test_a_read_only_file_can_be_held(monkeypatch, tmp_path):
    np.save(tmp_path / "x.npy", pictures())
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    monkeypatch.setattr(held, "fits", lambda size, device: True)
    assert np.array_equal(held.held(x, CPU)(torch.arange(6)).numpy(), x)


def test_rows_take_a_quarter_of_a_gpus_free_memory_and_none_of_a_processors(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (4000, 8000))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    assert held.fits(1000, GPU) and not held.fits(1001, GPU) and not held.fits(1, CPU)


def test_what_is_learned_does_not_hang_on_where_the_rows_lie(digits, monkeypatch):
    x, targets, weights = digits.x[:60], np.eye(10)[digits.y[:60]], np.ones(60)
    config = TrainingConfig(epochs=1, min_steps=6, batch_size=16, augment="rand_augment", flips=True, mixup=0.3)
    sent = train(x, targets, weights, config).state_dict
    monkeypatch.setattr(held, "fits", lambda size, device: True)
    on_device = train(x, targets, weights, config).state_dict
    assert all(torch.equal(sent[name], on_device[name]) for name in sent)


@pytest.mark.parametrize("augment", ["shift", "crop", "rand_augment"])
@pytest.mark.parametrize("side", [32, 96])
def test_a_tensor_is_changed_as_the_same_array_is(augment, side):
    x, config = pictures(4, side), TrainingConfig(augment=augment, flips=True)

    def drawn(rows):
        torch.manual_seed(1)
        return augmentation(config, side, torch.Generator().manual_seed(1))(rows)

    assert torch.equal(drawn(x), drawn(torch.tensor(x)))


@pytest.mark.parametrize("name", ["small_cnn", "cnn_1m", "resnet18_32", "resnet18"])
def test_networks_and_pictures_have_their_channels_last(name):
    maps = registry.get(name).body().eval().maps(to_tensor(pictures()))
    assert maps.shape[1] > 1 and maps.is_contiguous(memory_format=torch.channels_last)


def test_a_training_that_is_over_lets_go_of_its_rows(digits, monkeypatch):
    rows, watched = held._copied, []

    def copied(x, device):
        there = rows(x, device)
        watched.append(weakref.ref(there))
        return there

    monkeypatch.setattr(held, "_copied", copied)
    monkeypatch.setattr(held, "fits", lambda size, device: True)
    gc.disable()
    try:
        train(digits.x[:20], np.eye(10)[digits.y[:20]], np.ones(20), TrainingConfig(epochs=1, min_steps=1))
        assert watched and watched[0]() is None
    finally:
        gc.enable()


def test_one_training_takes_the_gpus_that_it_may(monkeypatch):
    monkeypatch.setattr(devices, "_gpus", 1)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    for chosen, gpus, over in [
        ("cuda", "1", ["cuda"]),
        ("cuda", "2", ["cuda:0", "cuda:1"]),
        ("cuda", "8", ["cuda:0", "cuda:1", "cuda:2"]),
        ("cuda", "all", ["cuda:0", "cuda:1", "cuda:2"]),
        ("cuda:1", "all", ["cuda:1"]),
        ("cpu", "all", ["cpu"]),
    ]:
        monkeypatch.setattr(devices, "_chosen", torch.device(chosen))
        devices.spread(gpus)
        assert devices.spread_over() == over


@pytest.mark.parametrize("gpus", ["0", "-1", "some", ""])
def test_no_number_of_gpus_is_refused(gpus):
    with pytest.raises(ValueError, match="a number of GPUs"):
        devices.spread(gpus)
