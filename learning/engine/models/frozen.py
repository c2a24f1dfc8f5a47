"""Frozen backbones that turn pictures into features, once and for all."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from learning.engine.arrays import Pixels
from learning.engine.devices import chosen, laid_out, patiently
from learning.engine.images import to_tensor
from learning.engine.models import catalogue
from learning.engine.models.body import Body
from learning.engine.models.torchvision_nets import pretrained

_STRIDE = 32  # pixels of input for one pixel of the last feature map


class Frozen:
    """`digest` is the SHA-256 of its weights' file, `side` the pixels it looks at, `dim` the features' length."""

    def __init__(self, name: str, body: Body, digest: str, side: int) -> None:
        self.name = name
        self.digest = digest
        self.side = side
        self.dim = body.dim
        self.body = body.eval().requires_grad_(False)

    def features(self, x: Pixels, batch: int = 64) -> NDArray[np.float32]:
        """(N, S, S, 3) uint8 to (N, dim) float32; another S than `side` is resized first.

        ValueError for other shapes.
        """
        if x.ndim != 4 or x.shape[-1] != 3:
            raise ValueError(f"a backbone takes (N, S, S, 3) images, not {x.shape}")
        self.body.to(chosen())
        with torch.inference_mode():
            starts = range(0, len(x), batch)
            rows = [part for start in starts for part in patiently(self._features, x[start : start + batch])]
        return np.concatenate(rows) if rows else np.zeros((0, self.dim), dtype=np.float32)

    def _features(self, x: Tensor) -> Tensor:
        images, size = to_tensor(x), (self.side, self.side)
        if images.shape[-2:] != size:
            images = functional.interpolate(images, size, mode="bilinear", antialias=True)
        return self.body(laid_out(images))  # type: ignore[no-any-return]


def load(name: str, weights_dir: str | Path, side: int | None = None) -> Frozen:
    """Load one backbone. `side`: a multiple of 32 pixels; the backbone's own without it.

    Raises WeightsMissing when its file is absent or damaged, ValueError for an unknown name, one without weights, or a
    side that does not fit.
    """
    side = side or catalogue.entry(name).side
    if side < _STRIDE or side % _STRIDE:
        raise ValueError(f"the side must be a multiple of {_STRIDE} pixels, not {side}")
    body, digest = pretrained(name, weights_dir)
    return Frozen(name, body, digest, side)
