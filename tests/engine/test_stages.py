"""A run of several trainings that is interrupted, and goes on from what was kept."""

import numpy as np
import pytest
import torch

from learning.engine.fit import Checkpoints
from learning.engine.regimes import whole
from learning.engine.stages import Stages
from learning.engine.trained import TrainingConfig
from tests.engine.test_fit import Killed, blobs, one_hot

CONFIG = TrainingConfig(epochs=3, min_steps=0, seed=4)


def run(checkpoints: Checkpoints | None, on_progress=None):
    x, y = blobs(noise=2.0)
    return whole(
        x, one_hot(y), np.ones(len(x)), CONFIG, network="head", stages=Stages(checkpoints), on_progress=on_progress
    )


def same(one, other) -> bool:
    weights = one.trained.state_dict.items()
    return all(torch.equal(tensor, other.trained.state_dict[name]) for name, tensor in weights) and bool(
        (one.blind == other.blind).all()
    )


@pytest.mark.parametrize("killed_at", [(0.1,), (0.45,), (0.2, 0.7), (0.5, 0.55, 0.95)])
def test_a_run_killed_in_any_training_comes_to_the_same(killed_at):
    kept: list[bytes] = []
    for limit in (*killed_at, 2.0):

        def on_progress(share: float, limit: float = limit) -> None:
            if share >= limit:
                raise Killed

        try:
            done = run(Checkpoints(kept[-1] if kept else None, kept.append, seconds=0.0), on_progress)
        except Killed:
            continue
    assert same(done, run(None))


def test_what_has_ended_is_not_done_again():
    kept: list[bytes] = []
    run(Checkpoints(None, kept.append, seconds=0.0))
    shares: list[float] = []
    run(Checkpoints(kept[-2], kept.append, seconds=0.0), shares.append)
    assert shares == [1.0]  # the last step of the last fold


@pytest.mark.parametrize("spoil", [lambda blob: blob[: len(blob) // 2], lambda blob: b"nonsense", lambda blob: b""])
def test_a_checkpoint_that_cannot_be_read_is_none(spoil):
    kept: list[bytes] = []
    undisturbed = run(Checkpoints(None, kept.append, seconds=0.0))
    assert same(run(Checkpoints(spoil(kept[-1]), kept.append)), undisturbed)


def test_one_clock_tells_when_the_next_is_due():
    kept: list[bytes] = []
    run(Checkpoints(None, kept.append, seconds=3600.0))
    assert not kept
