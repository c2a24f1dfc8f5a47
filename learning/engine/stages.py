"""Several trainings, one after another, that are one run: a checkpoint of it holds those that have ended, and where the
one under way is."""

from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pickle import UnpicklingError

import numpy as np
import torch
from numpy.typing import NDArray

from learning.engine.fit import Checkpoints
from learning.engine.trained import Trained, deserialise, serialise

Stage = Callable[[Checkpoints | None], bytes]


class Stages:
    """`checkpoints` None: nothing is kept. What an attempt before this one has ended is told at once, in its order; a
    checkpoint that can't be read is none."""

    def __init__(self, checkpoints: Checkpoints | None) -> None:
        self.checkpoints = checkpoints
        self.ended: list[bytes] = []
        self._known, self._resume = _read(checkpoints.resume if checkpoints else None)

    def trained(self, train: Callable[[Checkpoints | None], Trained]) -> Trained:
        return deserialise(self._do(lambda checkpoints: serialise(train(checkpoints))))

    def rows(self, work: Callable[[Checkpoints | None], NDArray[np.float32]]) -> NDArray[np.float32]:
        made: NDArray[np.float32] = np.load(BytesIO(self._do(lambda checkpoints: _npy(work(checkpoints)))))
        return made

    def _do(self, stage: Stage) -> bytes:
        made = self._known.pop(0) if self._known else stage(self._of_one())
        self.ended.append(made)
        return made

    def _of_one(self) -> Checkpoints | None:
        if self.checkpoints is None:
            return None
        resume, self._resume = self._resume, None
        return replace(self.checkpoints, resume=resume, keep=self._keep)

    def _keep(self, state: bytes) -> None:
        assert self.checkpoints
        buffer = BytesIO()
        torch.save({"ended": [_tensor(made) for made in self.ended], "state": _tensor(state)}, buffer)
        self.checkpoints.keep(buffer.getvalue())


def _read(blob: bytes | None) -> tuple[list[bytes], bytes | None]:
    if blob is None:
        return [], None
    try:
        kept = torch.load(BytesIO(blob), weights_only=True)
        return [_bytes(made) for made in kept["ended"]], _bytes(kept["state"])
    except (RuntimeError, KeyError, TypeError, ValueError, EOFError, UnpicklingError):
        return [], None


def _tensor(blob: bytes) -> torch.Tensor:
    return torch.frombuffer(bytearray(blob), dtype=torch.uint8)


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.numpy().tobytes()


def _npy(rows: NDArray[np.float32]) -> bytes:
    buffer = BytesIO()
    np.save(buffer, rows)
    return buffer.getvalue()
