"""Where networks compute, and what to do when the memory there is full."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from learning.engine.arrays import Floats, Pixels

AUTO = "auto"
ALL = "all"
_chosen = torch.device("cpu")
_gpus: int | None = 1  # that one training is spread over; none is all


def choose(name: str) -> torch.device:
    """From now on in this process: “cpu”, “cuda”, “cuda:1”; “auto” is a GPU if there is one.

    Raises ValueError for a name that torch doesn't know, or a device that isn't there.
    """
    global _chosen
    if name == AUTO:
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"this machine can't compute on {name!r}: {error}") from error
    _chosen = device
    return device


def chosen() -> torch.device:
    """The processor, unless another was chosen."""
    return _chosen


def spread(gpus: str) -> None:
    """From now on in this process one training may take so many GPUs, or “all” that are visible.

    Raises ValueError for what is no number from 1 on.
    """
    global _gpus
    if gpus != ALL and not (gpus.isdecimal() and int(gpus) > 0):
        raise ValueError(f"a training takes a number of GPUs from 1 on, or {ALL!r}, not {gpus!r}")
    _gpus = None if gpus == ALL else int(gpus)


def spread_over() -> list[str]:
    """The devices that one training may take: the chosen one, or GPUs where “cuda” was chosen without a number."""
    if _chosen.type != "cuda" or _chosen.index is not None or _gpus == 1:
        return [str(_chosen)]
    return [f"cuda:{index}" for index in range(torch.cuda.device_count())][:_gpus]


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """Half precision where the hardware is made for it: bfloat16, which needs no scaling of the loss."""
    return torch.autocast("cuda", dtype=torch.bfloat16) if device.type == "cuda" else nullcontext()


def sent(x: Pixels | Floats, device: torch.device) -> Tensor:
    """A copy of the rows there, as they are; to a GPU from pinned memory, without waiting for it to arrive."""
    rows = torch.tensor(x)
    return rows.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else rows


def laid_out(x: Tensor) -> Tensor:
    """Pictures (N, C, S, S) on a GPU with their channels last in memory, which its convolutions in half precision are
    made for; all else as it is."""
    return x.contiguous(memory_format=torch.channels_last) if x.is_cuda and x.ndim == 4 else x


def patiently(part: Callable[[Tensor], Tensor], x: Pixels | Floats) -> Iterator[NDArray[np.float32]]:
    """What `part` makes of the rows, on the chosen device; in halves where its memory doesn't do."""
    device = chosen()
    try:
        with autocast(device):
            made = part(sent(x, device)).float().cpu().numpy()
    except torch.OutOfMemoryError:
        if len(x) < 2:
            raise
        relieve(device)
        for half in (x[: len(x) // 2], x[len(x) // 2 :]):
            yield from patiently(part, half)
    else:
        yield made


def relieve(device: torch.device) -> None:
    """Give back what torch holds for later."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
