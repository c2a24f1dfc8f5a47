"""Occlusion: what the model misses when a grey patch covers a place (Zeiler & Fergus, ECCV 2014)."""

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Pixels
from learning.engine.explanations.asking import Predict, check_image, probabilities_of

_GREY = 128


def occlusion(
    predict: Predict, image: Pixels, label: int, *, patch: int | None = None, stride: int | None = None
) -> NDArray[np.float64]:
    """(S, S): by how much the class's probability falls when the pixel is covered, on average over the patches that
    cover it; below 0 where it rises.

    `patch`: pixels of the square's side, a quarter of the picture's unless said. `stride`: pixels from one place to the
    next, at most the patch; half of it unless said. Everything is predicted at once. Raises ValueError for another
    shape than (S, S, 3) uint8, for a class that the model doesn't know, and for a patch or a stride that doesn't fit.
    """
    check_image(image)
    side = len(image)
    patch = max(1, side // 4) if patch is None else patch
    stride = max(1, patch // 2) if stride is None else stride
    if not (1 <= patch <= side and 1 <= stride <= patch):
        raise ValueError(f"the patch is 1 to {side} pixels and the stride 1 to the patch, not {patch} and {stride}")
    places = _places(side, patch, stride)
    said = probabilities_of(predict, np.stack([image, *(_covered(image, place) for place in places)]), label)
    fallen, times = np.zeros((side, side)), np.zeros((side, side))
    for place, drop in zip(places, said[0] - said[1:], strict=True):
        fallen[place] += drop
        times[place] += 1
    return fallen / times


def _places(side: int, patch: int, stride: int) -> list[tuple[slice, slice]]:
    """Squares that cover the picture, the last of a row at its very edge."""
    starts = sorted({*range(0, side - patch, stride), side - patch})
    return [(slice(y, y + patch), slice(x, x + patch)) for y in starts for x in starts]


def _covered(image: Pixels, place: tuple[slice, slice]) -> Pixels:
    covered = image.copy()
    covered[place] = _GREY
    return covered
