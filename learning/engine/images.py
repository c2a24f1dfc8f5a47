"""Files become square uint8 arrays; arrays become tensors.

Torch is imported only where a tensor is asked for, so that a process which merely reads pictures stays small.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageOps

from learning.engine.arrays import Booleans, Pixels

if TYPE_CHECKING:
    import torch

# What Pillow's readers raise on damaged, foreign or monstrous files.
_UNREADABLE = (OSError, ValueError, SyntaxError, EOFError, struct.error, Image.DecompressionBombError)
_MODES = {1: "L", 3: "RGB"}


class Decoded(NamedTuple):
    images: Pixels  # (N, side, side, channels); a file that could not be read is a black row
    failures: list[tuple[int, str]]  # (row, reason) of each such file
    good: Booleans  # (N,) true where the file was read


def decode(paths_or_files: Iterable[str | Path | IO[bytes]], side: int, channels: int = 3) -> Decoded:
    """Read images as squares of `side` pixels: turned upright, centre-cropped, then resized.

    `channels` is 3 (RGB) or 1 (grey); transparent parts become white. A file that can't be read does not stop
    the rest: it is named in `failures` and false in `good`. Raises ValueError for a side or a channel count
    that makes no image.
    """
    if side < 1 or channels not in _MODES:
        raise ValueError(f"side must be at least 1 and channels 1 or 3, not {side} and {channels}")
    sources = list(paths_or_files)
    images = np.zeros((len(sources), side, side, channels), dtype=np.uint8)
    good = np.zeros(len(sources), dtype=bool)
    failures: list[tuple[int, str]] = []
    for row, source in enumerate(sources):
        try:
            images[row] = _decode_one(source, side, channels)
            good[row] = True
        except _UNREADABLE as error:
            failures.append((row, f"{type(error).__name__}: {error}"))
    return Decoded(images, failures, good)


def to_tensor(x: Pixels | torch.Tensor) -> torch.Tensor:
    """(N, S, S, C) uint8 to a (N, C, S, S) float32 tensor in [-1, 1], channels last in memory (faster
    convolutions). A tensor stays on its device.

    Raises ValueError when `x` is not four-dimensional uint8.
    """
    import torch

    # A copy of an array: torch warns about read-only ones, such as those of a memory-mapped file.
    images = x if isinstance(x, torch.Tensor) else torch.tensor(x)
    if images.ndim != 4 or images.dtype != torch.uint8:
        raise ValueError(f"images are (N, S, S, C) uint8, not {tuple(x.shape)} {x.dtype}")
    return (images.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def _decode_one(source: str | Path | IO[bytes], side: int, channels: int) -> Pixels:
    with Image.open(source) as image:
        # A JPEG decodes several times faster at a reduced size; twice the side keeps the resize sharp.
        image.draft(None, (2 * side, 2 * side))
        upright = ImageOps.exif_transpose(image)
        square = ImageOps.fit(_flatten(upright), (side, side), Image.Resampling.BICUBIC)
        pixels = np.asarray(square.convert(_MODES[channels]))
    return pixels.reshape(side, side, channels)


def _flatten(image: Image.Image) -> Image.Image:
    """To RGB: transparency over white, 16-bit grey scaled (Pillow's own conversion clips it)."""
    if image.mode.startswith("I;16"):
        eight_bits = (np.asarray(image) >> 8).astype(np.uint8)
        return Image.fromarray(eight_bits).convert("RGB")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba)
    return image.convert("RGB")
