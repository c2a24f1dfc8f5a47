"""Where networks compute, and what to do when the memory there is full."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

AUTO = "auto"
_chosen = torch.device("cpu")


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


def autocast(device: torch.device) -> AbstractContextManager[object]:
    """Half precision where the hardware is made for it: bfloat16, which needs no scaling of the loss."""
    return torch.autocast("cuda", dtype=torch.bfloat16) if device.type == "cuda" else nullcontext()


def patiently(part: Callable[[Tensor], Tensor], x: Tensor) -> Iterator[NDArray[np.float32]]:
    """What `part` of a network makes of the rows, on the chosen device; in halves where its memory doesn't do."""
    device = chosen()
    try:
        with autocast(device):
            made = part(x.to(device, non_blocking=True)).float().cpu().numpy()
    except torch.OutOfMemoryError:
        if len(x) < 2:
            raise
        relieve(device)
        for half in x.chunk(2):
            yield from patiently(part, half)
    else:
        yield made


def relieve(device: torch.device) -> None:
    """Give back what torch holds for later."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
