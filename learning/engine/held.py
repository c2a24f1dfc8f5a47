"""Where a training's rows lie: on the device at once where they fit, else they go there batch by batch."""

from collections.abc import Callable

import torch
from torch import Tensor

from learning.engine.arrays import Floats, Pixels
from learning.engine.devices import relieve, sent

SHARE = 0.25  # of a device's free memory for the rows; the rest is the network's and what it makes of a batch
_BLOCK = 2**26  # bytes that are pinned at a time on their way

Drawn = Callable[[Tensor], Tensor]


def held(x: Pixels | Floats, device: torch.device) -> Drawn:
    """A function from a batch's indices (B,) to its rows on the device, as they are in `x` (N, …).

    On a GPU with `SHARE` of its free memory for all of them they are copied once; else each batch is copied, from
    pinned memory and without waiting for it. Beside a processor they are where they should be already.
    """
    if fits(x.nbytes, device):
        there = _copied(x, device)
        return lambda batch: there[batch.to(device)]
    return lambda batch: sent(x[batch.numpy()], device)


def fits(size: int, device: torch.device) -> bool:
    """Whether so many bytes are at most `SHARE` of the free memory of a GPU."""
    if device.type != "cuda":
        return False
    relieve(device)
    free, _ = torch.cuda.mem_get_info(device)
    return size <= SHARE * free


def _copied(x: Pixels | Floats, device: torch.device) -> Tensor:
    rows = max(1, _BLOCK // max(1, x[:1].nbytes))
    there = sent(x[:1], device).new_empty(x.shape)
    for start in range(0, len(x), rows):
        there[start : start + rows] = sent(x[start : start + rows], device)
    return there
