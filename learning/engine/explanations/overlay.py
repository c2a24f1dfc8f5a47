"""A picture with a map over it, as PNG: orange where it speaks for the class, blue where against.

Orange and blue are told apart by people who see no red or no green; a plus and a minus mark the strongest places, so
that colour isn't the only sign. The picture itself is shown in grey, so that every colour is the map's.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from learning.engine.arrays import Booleans, Floats, Integers, Pixels
from learning.engine.explanations.asking import check_image, check_map
from learning.engine.explanations.places import peak

FOR, AGAINST = (230, 97, 1), (59, 130, 208)
SIDE = 384  # pixels of the enlarged picture
_OPAQUE = 0.75  # of the strongest colour; the picture still shows through

Canvas = NDArray[np.float64]  # (SIDE, SIDE, 3) in [0, 255]


def overlay(
    image: Pixels, values: Floats, *, parts: Integers | None = None, least: float = 0.0, marked: float = 0.0
) -> bytes:
    """PNG of an (S, S, 3) uint8 image with an (S, S) map; values below 0 speak against.

    `parts` (S, S): superpixels, whose borders are drawn. `least`: what is drawn in the strongest colour is at least
    that large, so that a map of next to nothing looks like it. `marked`: the strongest places get their marks from this
    on; one of 0 gets none. The same input gives the same bytes. Raises ValueError
    for other shapes and for what is no number.
    """
    check_image(image)
    check_map(image, values, "the map's values")
    strength = _strength(values, least)
    picture = _grey(image)
    canvas = _coloured(picture, _enlarged(strength, smooth=parts is None))
    if parts is not None:
        check_map(image, parts, "superpixels")
        canvas = _outlined(canvas, picture, _borders(parts))
    return _png(_marked(canvas, values, marked))


def _strength(values: Floats, least: float) -> NDArray[np.float64]:
    """In [-1, 1]; all 0 where nothing speaks."""
    strongest = max(float(np.abs(values).max()), least)
    return np.asarray(values, dtype=np.float64) / (strongest or 1.0)


def _grey(image: Pixels) -> NDArray[np.float64]:
    large = Image.fromarray(image).convert("L").resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(large, dtype=np.float64)


def _enlarged(values: Floats, *, smooth: bool) -> NDArray[np.float64]:
    how = Image.Resampling.BILINEAR if smooth else Image.Resampling.NEAREST
    large = Image.fromarray(np.asarray(values, dtype=np.float32)).resize((SIDE, SIDE), how)
    return np.asarray(large, dtype=np.float64)


def _coloured(picture: NDArray[np.float64], strength: NDArray[np.float64]) -> Canvas:
    opaque = (_OPAQUE * np.abs(strength))[..., None]
    colour = np.where(strength[..., None] > 0, np.array(FOR), np.array(AGAINST))
    return picture[..., None] * (1 - opaque) + colour * opaque


def _borders(parts: Integers) -> Booleans:
    """(SIDE, SIDE) the first pixels of a part, from the left and from above."""
    large = _enlarged(parts.astype(np.float32), smooth=False)
    above = np.diff(large, axis=0, prepend=large[:1]) != 0
    before = np.diff(large, axis=1, prepend=large[:, :1]) != 0
    borders: Booleans = above | before
    return borders


def _outlined(canvas: Canvas, picture: NDArray[np.float64], lines: Booleans) -> Canvas:
    """Light lines where the picture is dark, dark ones where it is light."""
    ink = np.where(picture > 127, 40.0, 215.0)
    return np.where(lines[..., None], ink[..., None], canvas)


def _marked(canvas: Canvas, values: Floats, marked: float) -> Image.Image:
    drawn = Image.fromarray(canvas.round().astype(np.uint8))
    for signed, upright in ((values, True), (-values, False)):
        if signed.max() >= marked and signed.max() > 0:
            _mark(drawn, peak(signed), len(values), upright=upright)
    return drawn


def _mark(drawn: Image.Image, place: tuple[int, int], side: int, *, upright: bool) -> None:
    """A plus, or without its upright stroke a minus, white on a black disc."""
    radius, arm = SIDE // 28, SIDE // 48
    y, x = (min(max(round((at + 0.5) * SIDE / side), radius), SIDE - 1 - radius) for at in place)
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill="black", outline="white", width=2)
    pen.line((x - arm, y, x + arm, y), fill="white", width=3)
    if upright:
        pen.line((x, y - arm, x, y + arm), fill="white", width=3)


def _png(picture: Image.Image) -> bytes:
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
