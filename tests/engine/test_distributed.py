"""One training by two processes: on this machine on processors, where all but the devices is as on two GPUs."""

import importlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import torch
from torch.multiprocessing import ProcessRaisedException

from learning.engine import devices, distributed, training
from learning.engine.fitting import Learned, fitted
from learning.engine.models import registry
from learning.engine.models.network import build
from learning.engine.ranks import Ranks
from learning.engine.training import Checkpoints, TrainingConfig, TrainingFailed, train

# Without batch norm, whose statistics the processors' ranks don't share. `trouble` is a file that says what befalls the
# second rank, and at which call.
PLAIN = """
import os, signal
from pathlib import Path
from torch import nn
from learning.engine.models.registry import backbone

class Troubled(nn.Module):
    calls = 0

    def forward(self, x):
        file = Path(__file__).with_name("trouble")
        if os.environ.get("RANK") != "1" or not self.training or not file.exists():
            return x
        self.calls += 1
        kind, at = file.read_text().split()
        if self.calls == int(at) and kind == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        return x * float("nan") if self.calls == int(at) and kind == "nan" else x

@backbone("plain", side=32)
def plain(channels):
    return nn.Sequential(
        Troubled(), nn.Conv2d(channels, 8, 3, 2), nn.ReLU(), nn.Conv2d(8, 16, 3, 2), nn.ReLU(), nn.Conv2d(16, 16, 3, 2)
    )
"""
CONFIG = TrainingConfig(epochs=1, min_steps=10, batch_size=18, flips=True, mixup=0.2, ema=0.8)
NEVER = Checkpoints(None, lambda blob: None)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """An installed package with a backbone of its own, for the ranks too."""
    folder = tmp_path_factory.mktemp("package")
    (folder / "plain_backbone.py").write_text(PLAIN)
    facts = folder / "plain_backbone-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: plain_backbone\nVersion: 1\n")
    (facts / "entry_points.txt").write_text("[tessera.backbones]\nplain = plain_backbone\n")
    sys.path.insert(0, str(folder))
    importlib.import_module("plain_backbone")
    yield folder
    sys.path.remove(str(folder))
    del sys.modules["plain_backbone"], registry._backbones["plain"]


@pytest.fixture(autouse=True)
def two(package, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(package))
    monkeypatch.setattr(devices, "spread_over", lambda: ["cpu", "cpu"])
    monkeypatch.setattr(distributed, "LEAST_STEPS", 1)
    monkeypatch.setattr(distributed, "_GLANCE", 0.05)
    yield
    (package / "trouble").unlink(missing_ok=True)


@pytest.fixture
def forked(monkeypatch):
    """The ranks without torchrun's agent, for a quick start."""

    def learned(task, over, on_progress, checkpoints):
        with TemporaryDirectory() as folder:
            args = (folder, task, len(over))
            torch.multiprocessing.start_processes(_rank, args, nprocs=len(over), start_method="fork")
            return Learned(**torch.load(f"{folder}/learned", weights_only=True))

    monkeypatch.setattr(distributed, "learned", learned)


def _rank(rank, folder, task, n):
    os.environ["RANK"] = str(rank)
    store = f"file://{folder}/store"
    torch.distributed.init_process_group(
        "gloo", init_method=store, rank=rank, world_size=n, timeout=timedelta(seconds=30)
    )
    result = fitted(task, None, None, Ranks(rank, n), parts=2)
    if rank == 0:
        torch.save(vars(result), f"{folder}/learned")
    torch.distributed.destroy_process_group()


def learned(digits, config=CONFIG, checkpoints=NEVER, **options):
    return train(
        digits.x[:70],
        np.eye(10)[digits.y[:70]],
        np.linspace(0.5, 1.5, 70),
        config,
        network="plain",
        checkpoints=checkpoints,
        **options,
    )


def alike(one, other):
    assert list(one.state_dict) == list(other.state_dict)
    return all(torch.allclose(one.state_dict[name], other.state_dict[name], atol=1e-5) for name in one.state_dict)


@pytest.mark.parametrize("config", [CONFIG, replace(CONFIG, augment="rand_augment", min_steps=40, patience=2)])
def test_two_processes_come_to_the_weights_of_one(digits, forked, config):
    alone, both = learned(digits, config, checkpoints=None, optimiser={}), learned(digits, config, optimiser={})
    assert alike(alone, both) and both.optimiser.keys() == alone.optimiser.keys()
    assert both.loss == pytest.approx(alone.loss, abs=1e-4) and both.held_out == pytest.approx(alone.held_out, abs=1e-4)
    assert bool(alone.held_out) is bool(config.patience)


@pytest.mark.parametrize("name", ["small_cnn", "mobilenet_v3_small"])
def test_batch_norm_over_all_gpus_keeps_every_name_and_what_is_frozen(name):
    model = build(name, 3, 3)
    model.body.freeze(0.5)
    names, learnable = list(model.state_dict()), [id(p) for p in model.parameters() if p.requires_grad]
    assert Ranks(0, 2).synchronised(model, on_gpus=False) is Ranks().synchronised(model, on_gpus=True) is model
    made = Ranks(0, 2).synchronised(model, on_gpus=True)
    kinds = {type(module) for module in made.modules()}
    assert torch.nn.SyncBatchNorm in kinds and torch.nn.BatchNorm2d not in kinds
    assert list(made.state_dict()) == names and [id(p) for p in made.parameters() if p.requires_grad] == learnable


def test_a_step_less_or_half_of_every_batch_comes_to_others(digits):
    alone = learned(digits, checkpoints=None)
    assert not alike(learned(digits, replace(CONFIG, min_steps=9), checkpoints=None), alone)
    assert not alike(learned(digits, replace(CONFIG, batch_size=9), checkpoints=None), alone)


def test_a_loss_that_is_no_number_on_one_rank_ends_both(digits, forked, package):
    (package / "trouble").write_text("nan 5")  # calls, two a step: what the first rank has learned from is a number
    with pytest.raises(ProcessRaisedException, match="the loss became nan at step 3 of 10"):
        learned(digits)


@pytest.mark.slow
def test_torchrun_goes_on_from_a_checkpoint_and_tells_how_far_it_is(digits, monkeypatch):
    kept: list[bytes] = []
    with monkeypatch.context() as on_one:
        on_one.setattr(devices, "spread_over", lambda: ["cpu"])
        alone, told = learned(digits, checkpoints=Checkpoints(None, kept.append, seconds=0.0)), []
    resume = Checkpoints(kept[2], kept.append)
    both = learned(digits, checkpoints=resume, on_progress=told.append)
    assert alike(alone, both) and both.loss == pytest.approx(alone.loss, abs=1e-5)
    assert told == sorted(told) and told[-1] == 1.0


@pytest.mark.slow
def test_a_killed_rank_is_said_and_its_checkpoint_is_gone_on_from(digits, package):
    (package / "trouble").write_text("killed 7")
    kept: list[bytes] = []
    with pytest.raises(distributed.RankFailed, match=r"rank 1: Signal 9 \(SIGKILL\)"):
        learned(digits, checkpoints=Checkpoints(None, kept.append, seconds=0.0))
    assert torch.load(BytesIO(kept[-1]), weights_only=True)["step"] in (5, 6)
    resumed = fitted(task_of(digits), None, Checkpoints(kept[-1], kept.append))
    assert alike(resumed, learned(digits, checkpoints=None))


def test_a_full_memory_of_one_rank_halves_the_batches_of_all(digits, monkeypatch, caplog):
    attempts, end = [], object()

    def attempt(task, over, parts, on_progress, checkpoints):
        attempts.append((parts, checkpoints.resume))
        checkpoints.keep(b"kept %d" % parts)
        if parts < 4:
            raise distributed._MemoryFull("no room")
        return end

    monkeypatch.setattr(distributed, "_attempt", attempt)
    kept: list[bytes] = []
    task, checkpoints = task_of(digits), Checkpoints(b"before", kept.append)
    assert distributed.learned(task, ["cpu", "cpu"], None, checkpoints) is end
    assert attempts == [(1, b"before"), (2, b"kept 1"), (4, b"kept 2")] and len(kept) == 3
    assert "4 parts: no room" in caplog.text
    with pytest.raises(torch.OutOfMemoryError, match="no room"):
        distributed.learned(replace(task, config=replace(CONFIG, batch_size=5)), ["cpu", "cpu"], None, checkpoints)


@pytest.mark.parametrize(
    ("told", "outcome", "reason"),
    [
        ("rank 0: RuntimeError: Connection closed\nrank 1: OutOfMemoryError: CUDA", distributed._MemoryFull, "^CUDA$"),
        ("rank 0: TrainingFailed: the loss became nan", TrainingFailed, "^the loss became nan$"),
        ("rank 0: KeyError: 'x'\nrank 1: ValueError: y", distributed.RankFailed, "^rank 0: .*'x'; rank 1: .*y$"),
        (None, distributed.RankFailed, "ended with -9"),
    ],
)
def test_why_the_processes_failed_is_known_by_what_they_said(tmp_path, told, outcome, reason):
    if told:
        (tmp_path / "failed").write_text(told)
    with pytest.raises(outcome, match=reason):
        distributed._say_why(tmp_path, -9)


def task_of(digits):
    """What `train` makes of the same arguments."""
    with pytest.MonkeyPatch.context() as patch:
        asked = []
        patch.setattr(training, "fitted", lambda task, *rest: asked.append(task) or 1 / 0)
        with pytest.raises(ZeroDivisionError):
            learned(digits, checkpoints=None)
    return asked[0]


def test_who_gives_up_ends_the_processes(digits, monkeypatch):
    started, popen = [], subprocess.Popen

    class Watched(popen):
        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            started.append(self.pid)

    class RunLost(Exception):  # noqa: N818
        pass

    def on_progress(share):
        raise RunLost

    monkeypatch.setattr(subprocess, "Popen", Watched)
    with pytest.raises(RunLost):
        learned(digits, on_progress=on_progress)
    with pytest.raises(ProcessLookupError):
        os.killpg(started[0], 0)


def test_a_worker_that_is_killed_takes_the_processes_with_it():
    waiting = "from learning.engine.agent import end_with_the_worker as e; import time; e(); print(1); time.sleep(60)"
    worker = (
        "import subprocess, sys, time;"
        f"agent = subprocess.Popen([sys.executable, '-uc', {waiting!r}], stdin=subprocess.PIPE);"
        "print(agent.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", worker], stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline(), process.stdout.readline()]
        process.kill()
        assert lines[1] == "1\n" and process.stdout.read() == ""  # which is at its end once the agent is, too


def test_one_process_does_what_is_short_or_a_head_or_compares_the_rows(digits, monkeypatch):
    over = []
    monkeypatch.setattr(training, "fitted", lambda task, *rest: over.append(distributed.devices_of(task)) or 1 / 0)
    monkeypatch.setattr(distributed, "learned", lambda task, devices, *rest: over.append(devices) or 1 / 0)
    features, small = np.ones((70, 4), np.float32), digits.x[:70]

    def asked(x, network, config):
        with pytest.raises(ZeroDivisionError):
            train(x, np.eye(10)[digits.y[:70]], np.ones(70), config, network=network, checkpoints=NEVER)
        return over[-1]

    assert asked(small, "plain", CONFIG) == ["cpu", "cpu"]
    assert asked(features, "head", CONFIG) == ["cpu"]
    assert asked(small, "plain", replace(CONFIG, mixup=0.0, learning_loss=0.2)) == ["cpu"]
    assert asked(small, "plain", replace(CONFIG, batch_size=3)) == ["cpu"]
    monkeypatch.setattr(distributed, "LEAST_STEPS", 11)
    assert asked(small, "plain", CONFIG) == ["cpu"]
