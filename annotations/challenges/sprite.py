"""One picture of a whole challenge: every tile is drawn anew along the same path, whatever it is."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

BACKGROUND = (0xD9, 0xD4, 0xC7)
CROP = 0.06  # at most this share of each side is cut away
JITTER = 0.08  # brightness and contrast are scaled by 1 ± this
QUALITY = (80, 90)


def measure(count: int, *, columns: int, tile: int = 96, gap: int = 4) -> tuple[int, int]:
    """Width and height, in pixels, of a sprite of `count` tiles: gaps lie between tiles, none around them."""
    if min(count, columns, tile) < 1 or gap < 0:
        raise ValueError("a sprite needs at least one tile of one pixel, one column and no negative gap")
    rows = -(-count // columns)
    return columns * (tile + gap) - gap, rows * (tile + gap) - gap


def render(
    images: Sequence[Image.Image],
    *,
    columns: int,
    tile: int = 96,
    gap: int = 4,
    seed: int,
    flip: bool = False,
) -> bytes:
    """JPEG bytes, without metadata, of `images` in reading order on square tiles of `tile` pixels.

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


def _draw_tile(image: Image.Image, tile: int, flip: bool, rng: np.random.Generator) -> Image.Image:
    drawn = _crop_and_fit(_to_rgb(image), tile, rng)
    brightness, contrast = rng.uniform(1 - JITTER, 1 + JITTER, size=2)
    drawn = ImageEnhance.Contrast(ImageEnhance.Brightness(drawn).enhance(brightness)).enhance(contrast)
    mirrored = bool(rng.random() < 0.5)  # drawn in any case: the seed then means the same with and without flip
    drawn = ImageOps.mirror(drawn) if flip and mirrored else drawn
    square = Image.new("RGB", (tile, tile), BACKGROUND)
    square.paste(drawn, ((tile - drawn.width) // 2, (tile - drawn.height) // 2))
    return square


def _to_rgb(image: Image.Image) -> Image.Image:
    """Upright and opaque: what is transparent shows the background."""
    upright = ImageOps.exif_transpose(image)
    if not upright.has_transparency_data:
        return upright.convert("RGB")
    ground = Image.new("RGBA", upright.size, (*BACKGROUND, 255))
    return Image.alpha_composite(ground, upright.convert("RGBA")).convert("RGB")


def _crop_and_fit(image: Image.Image, tile: int, rng: np.random.Generator) -> Image.Image:
    """A random window of the image, resampled in one step to fit the tile with its proportions kept.

    Oblong images get margins rather than a square cut: what makes the class may stand at the edge.
    """
    whole = np.array(image.size)
    window = whole * rng.uniform(1 - CROP, 1, size=2)
    left, top = (whole - window) * rng.random(2)
    width, height = np.maximum(1, np.rint(whole * tile / whole.max()).astype(int)).tolist()
    box = (float(left), float(top), float(left + window[0]), float(top + window[1]))
    return image.resize((width, height), Image.Resampling.LANCZOS, box=box)
