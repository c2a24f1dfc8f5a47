"""Grad-CAM: where the last feature maps speak for a class (Selvaraju et al., ICCV 2017)."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from learning.engine.explanations.asking import check_label


def grad_cam(maps: Tensor, to_logits: Callable[[Tensor], Tensor], label: int, side: int) -> NDArray[np.float64]:
    """(side, side), at least 0: the maps, each by its channel's mean gradient, summed; what speaks against is cut off.

    `maps`: (C, h, w) floats, the last feature maps of one picture. `to_logits`: what the network makes of them,
    (1, C, h, w) to (1, K) logits. No finer than (h, w): between them it is interpolated. Raises ValueError for other
    shapes, for a class that the model doesn't know, and for a side of no pixel.
    """
    if maps.ndim != 3 or not maps.numel() or side < 1:
        raise ValueError(f"Grad-CAM takes (C, h, w) maps and a side of a pixel, not {tuple(maps.shape)} and {side}")
    # A copy: maps from inference mode can't be derived by.
    maps = maps.detach().clone().requires_grad_()
    with torch.enable_grad():
        logits = to_logits(maps[None])
        if logits.ndim != 2 or len(logits) != 1:
            raise ValueError(f"what follows the maps answers (1, K) logits, not {tuple(logits.shape)}")
        check_label(label, logits.shape[1])
        (gradient,) = torch.autograd.grad(logits[0, label], maps)
    weights = gradient.mean(dim=(1, 2))
    seen = torch.relu((weights[:, None, None] * maps.detach()).sum(dim=0))
    enlarged = functional.interpolate(seen[None, None], (side, side), mode="bilinear")[0, 0]
    result: NDArray[np.float64] = enlarged.numpy().astype(np.float64)
    return result
