"""One training on several GPUs: torchrun's agent starts a process for each, and this one follows what they leave.

`learned` writes the task into a folder, starts the agent (`agent`), and passes on what the first rank (this module as a
program) leaves there: how far it is, checkpoints, and at the end the weights. A rank that dies takes the others
with it. All read from a pipe that this process holds, and end when it is closed, be it that the worker was killed.
"""

import logging
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import numpy as np
import torch
from torch import distributed
from torch.distributed.elastic.multiprocessing.errors import record

from learning.engine import compilation, devices
from learning.engine.agent import GRACE, end_with_the_worker
from learning.engine.fit import Checkpoints, Progress, Rows, TrainingFailed
from learning.engine.fitting import Learned, Task, fitted
from learning.engine.models.catalogue import HEAD
from learning.engine.ranks import Ranks
from learning.engine.trained import TrainingConfig

LEAST_STEPS = 1000  # an assumption: below, starting the processes takes longer than they save
PATIENCE = timedelta(minutes=10)  # that a rank waits for the others
_GLANCE = 0.5  # seconds between two looks at what the ranks have left
_LEAVE = 3.0 * GRACE  # seconds that they have to end in

logger = logging.getLogger(__name__)


class RankFailed(Exception):  # noqa: N818 (it names the outcome that a run records)
    """A process of several has ended before its time; the message says which, and how."""


class _MemoryFull(Exception):  # noqa: N818 (as above)
    """Of a rank."""


def devices_of(task: Task) -> list[str]:
    """The devices that it is worth being spread over.

    A head is quick on one; what compares the rows of a batch with each other (`learning_loss`) needs all of them in one
    place; a rank has two rows of a batch at least.
    """
    several = devices.spread_over()
    if task.network == HEAD or task.config.learning_loss or task.config.steps(len(task.learned)) < LEAST_STEPS:
        return several[:1]
    return several[: max(1, task.config.size(len(task.learned)) // 2)]


def learned(task: Task, over: Sequence[str], on_progress: Progress | None, checkpoints: Checkpoints | None) -> Learned:
    """The task done by a process for each of the devices, as `fitted` does it by one.

    Where a rank's memory is full all begin again from the last checkpoint, with a batch in twice as many parts. What
    `on_progress` raises ends them; it is asked twice a second. Raises TrainingFailed when the loss is no longer a
    number, OutOfMemoryError when a rank has no room for one row, RankFailed when one ends otherwise.
    """
    parts, rows = 1, task.config.size(len(task.learned)) // len(over)
    resume = checkpoints.resume if checkpoints else None

    def keep(blob: bytes) -> None:
        nonlocal resume
        resume = blob
        if checkpoints:
            checkpoints.keep(blob)

    devices.relieve(devices.chosen())
    while True:
        keeping = replace(checkpoints or Checkpoints(None, keep), resume=resume, keep=keep)
        try:
            return _attempt(task, over, parts, on_progress, keeping)
        except _MemoryFull as error:
            if parts >= rows:
                raise torch.OutOfMemoryError(str(error)) from error
            parts *= 2
            logger.warning("a GPU's memory is full, a batch is learned from in %d parts: %s", parts, error)


def _attempt(
    task: Task, over: Sequence[str], parts: int, on_progress: Progress | None, checkpoints: Checkpoints
) -> Learned:
    with TemporaryDirectory(prefix="tessera-ranks-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        _put(folder, task)
        plain = {"devices": list(over), "parts": parts, "seconds": checkpoints.seconds, "compile": compilation.mode()}
        torch.save(plain | {"resume": checkpoints.resume}, folder / "told")
        agent = subprocess.Popen(
            [sys.executable, "-m", "learning.engine.agent", name, str(len(over))],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            _follow(agent, folder, on_progress, checkpoints)
        finally:
            _end(agent)
        return Learned(**torch.load(folder / "learned", weights_only=True))


def _follow(
    agent: subprocess.Popen[bytes], folder: Path, on_progress: Progress | None, checkpoints: Checkpoints
) -> None:
    share = 0.0
    while True:
        with suppress(subprocess.TimeoutExpired):
            agent.wait(_GLANCE)
        over = agent.returncode is not None
        if blob := _taken(folder / "checkpoint"):
            checkpoints.keep(blob)
        share = float(_taken(folder / "progress") or share)
        if on_progress and not (over and agent.returncode):
            on_progress(share)
        if over:
            break
    if agent.returncode:
        _say_why(folder, agent.returncode)


def _say_why(folder: Path, code: int) -> None:
    told = (_taken(folder / "failed") or b"").decode() or f"the processes of a training ended with {code}"
    if known := re.search("(TrainingFailed|OutOfMemoryError): (.*)", told):
        raise (TrainingFailed if known[1] == "TrainingFailed" else _MemoryFull)(known[2])
    raise RankFailed("; ".join(told.splitlines()))


def _end(agent: subprocess.Popen[bytes]) -> None:
    """By closing its input; if it doesn't end by itself then, it is killed."""
    assert agent.stdin
    agent.stdin.close()
    try:
        agent.wait(_LEAVE)
    except subprocess.TimeoutExpired:
        agent.kill()
        agent.wait()


def _put(folder: Path, task: Task) -> None:
    facts: dict[str, Any] = {**vars(task), "config": asdict(task.config)}
    for name in ("learned", "held_out"):
        rows: Rows | None = facts[name]
        if rows:
            np.save(folder / f"{name}.npy", rows.x)
        facts[name] = rows and {"targets": rows.targets, "weights": rows.weights}
    torch.save(facts, folder / "task")


def _got(folder: Path) -> Task:
    facts: dict[str, Any] = torch.load(folder / "task", weights_only=True)
    for name in ("learned", "held_out"):
        facts[name] = facts[name] and Rows(np.load(folder / f"{name}.npy", mmap_mode="r"), **facts[name])
    return Task(**facts | {"config": TrainingConfig(**facts["config"])})


def _leave(file: Path, blob: bytes) -> None:
    """All of it at once: whoever looks finds the one before, or this."""
    beside = file.with_suffix(".part")
    beside.write_bytes(blob)
    beside.replace(file)


def _taken(file: Path) -> bytes | None:
    """What was left there, which is then gone."""
    mine = file.with_suffix(".taken")
    try:
        return file.replace(mine).read_bytes()
    except FileNotFoundError:
        return None


# ── In the processes ────────────────────────────────────────────────────────────────────────────────────────────────


def _rank(folder: Path) -> None:
    ranks = Ranks(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    told = torch.load(folder / "told", weights_only=True)
    device = devices.choose(told["devices"][ranks.rank])
    compilation.choose(told["compile"])
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    seconds = told["seconds"] if ranks.first else math.inf
    checkpoints = Checkpoints(told["resume"], lambda blob: _leave(folder / "checkpoint", blob), seconds)
    on_progress = _Progress(folder / "progress") if ranks.first else None
    result = fitted(_got(folder), on_progress, checkpoints, ranks, told["parts"])
    if ranks.first:
        torch.save(vars(result), folder / "learned")
    distributed.destroy_process_group()


class _Progress:
    """Leaves how far it is, not more often than it is looked at."""

    def __init__(self, file: Path) -> None:
        self.file, self.left = file, 0.0

    def __call__(self, share: float) -> None:
        if monotonic() - self.left >= _GLANCE or share >= 1:
            self.left = monotonic()
            _leave(self.file, str(share).encode())


if __name__ == "__main__":
    end_with_the_worker()
    try:
        record(_rank)(Path(sys.argv[1]))
    except Exception:
        logger.exception("a rank of a training has failed")
        os._exit(1)  # a plain exit may wait for the other ranks
