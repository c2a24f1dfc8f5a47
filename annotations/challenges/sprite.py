"""One picture of a whole challenge: every tile is drawn anew along the same path, whatever it is."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

BACKGROUND = (0xD9, 0xD4, 0xC7)
CROP = 0.06  # at most this share of each side is cut away
JITTER = 0.08  # brightness and contrast are scaled by 1 ± this
TINT = 0.03  # and each colour by 1 ± this
QUALITY = (80, 90)
TILE = 96  # pixels
LEVELS = np.arange(256)


def measure(count: int, *, columns: int, tile: int = TILE, gap: int = 4) -> tuple[int, int]:
    """Width and height, in pixels, of a sprite of `count` tiles: gaps lie between tiles, none around them."""
    if min(count, columns, tile) < 1 or gap < 0:
        raise ValueError("a sprite needs at least one tile of one pixel, one column and no negative gap")
    rows = -(-count // columns)
    return columns * (tile + gap) - gap, rows * (tile + gap) - gap


def render(
    images: Sequence[Image.Image],
    *,
    columns: int,
    tile: int = TILE,
    gap: int = 4,
    seed: int,
    flip: bool = False,
) -> bytes:
    """JPEG bytes, without metadata, of `images`, as `prepared` makes them, in reading order on square tiles of `tile`
    pixels.

    The same seed gives the same bytes; another gives other bytes, so that a tile's pixels can't be looked up.
    `flip` mirrors each tile with probability 1/2: only for classes that a mirror leaves alone (no letters, no
    digits). Raises ValueError without images.
    """
    rng = np.random.default_rng(seed)
    sheet = Image.new("RGB", measure(len(images), columns=columns, tile=tile, gap=gap), BACKGROUND)
    for position, image in enumerate(images):
        row, column = divmod(position, columns)
        sheet.paste(_draw_tile(image, tile, flip, rng), (column * (tile + gap), row * (tile + gap)))
    # The sheet is new, so it has no EXIF, profile or comment that could be saved.
    out = io.BytesIO()
    sheet.save(out, "JPEG", quality=int(rng.integers(QUALITY[0], QUALITY[1] + 1)))
    return out.getvalue()


def prepared(image: Image.Image, tile: int = TILE) -> Image.Image:
    """The image upright, opaque, and made smaller by a whole number as far as every window of it still fills a tile.
    What is transparent shows the background."""
    upright = ImageOps.exif_transpose(image)
    if upright.has_transparency_data:
        ground = Image.new("RGBA", upright.size, (*BACKGROUND, 255))
        upright = Image.alpha_composite(ground, upright.convert("RGBA"))
    kept, smaller = upright.convert("RGB"), int(max(upright.size) * (1 - CROP) // tile)
    return kept.reduce(smaller) if smaller > 1 else kept


def _draw_tile(image: Image.Image, tile: int, flip: bool, rng: np.random.Generator) -> Image.Image:
    drawn = _jittered(_crop_and_fit(image, tile, rng), rng)
    mirrored = bool(rng.random() < 0.5)  # drawn in any case: the seed then means the same with and without flip
    drawn = ImageOps.mirror(drawn) if flip and mirrored else drawn
    square = Image.new("RGB", (tile, tile), BACKGROUND)
    square.paste(drawn, ((tile - drawn.width) // 2, (tile - drawn.height) // 2))
    return square


def _jittered(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Brightness, contrast about the mean and each colour changed a little, by one table."""
    brightness, contrast = rng.uniform(1 - JITTER, 1 + JITTER, size=2)
    tints = rng.uniform(1 - TINT, 1 + TINT, size=3)
    mean = brightness * np.asarray(image.convert("L").resize((1, 1), Image.Resampling.BOX)).item()
    table = ((LEVELS * brightness - mean) * contrast + mean) * tints[:, None]
    return image.point(np.clip(table, 0, 255).round().astype(int).ravel().tolist())


def _crop_and_fit(image: Image.Image, tile: int, rng: np.random.Generator) -> Image.Image:
    """A random window of the image, resampled in one step to fit the tile with its proportions kept.

    Oblong images get margins rather than a square cut: what makes the class may stand at the edge.
    """
    whole = np.array(image.size)
    window = whole * rng.uniform(1 - CROP, 1, size=2)
    left, top = (whole - window) * rng.random(2)
    width, height = np.maximum(1, np.rint(whole * tile / whole.max()).astype(int)).tolist()
    box = (float(left), float(top), float(left + window[0]), float(top + window[1]))
    # To make it smaller, Hamming's window is about as sharp as Lanczos', at half the cost.
    smaller = window.max() >= tile
    return image.resize((width, height), Image.Resampling.HAMMING if smaller else Image.Resampling.LANCZOS, box=box)
