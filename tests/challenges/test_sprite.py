import io
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from annotations.challenges import sprite
from annotations.challenges.sprite import BACKGROUND, measure


def picture(seed: int = 0, size: tuple[int, int] = (64, 64)) -> Image.Image:
    """A smooth picture, so that JPEG noise stays small beside it."""
    coarse = np.random.default_rng(seed).integers(0, 256, size=(4, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def render(images: Sequence[Image.Image], **how: int) -> bytes:
    return sprite.render([sprite.prepared(image) for image in images], **how)


def opened(sprite: bytes) -> Image.Image:
    return Image.open(io.BytesIO(sprite))


def pixels(sprite: bytes) -> np.ndarray:
    return np.asarray(opened(sprite), dtype=float)


def test_two_seeds_give_different_bytes_for_the_same_images_and_one_seed_the_same() -> None:
    images = [picture(i) for i in range(9)]
    first, same, other = (render(images, columns=3, seed=seed) for seed in (1, 1, 2))
    assert first == same
    assert first != other


def test_the_same_image_twice_in_a_sprite_is_drawn_differently() -> None:
    sheet = pixels(render([picture(), picture()], columns=2, seed=5, gap=0))
    assert np.abs(sheet[:, :96] - sheet[:, 96:]).mean() > 1


def test_a_sprite_is_a_jpeg_of_the_stated_measure() -> None:
    sprite = opened(render([picture(i) for i in range(10)], columns=5, tile=48, gap=2, seed=0))
    assert sprite.format == "JPEG"
    assert sprite.size == measure(10, columns=5, tile=48, gap=2) == (248, 98)


def test_nothing_of_the_originals_metadata_travels_along() -> None:
    tagged = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "the truth is a cat"
    picture().save(tagged, "JPEG", exif=exif, comment=b"gold", icc_profile=b"profile")
    sprite = render([Image.open(tagged)], columns=1, seed=0)
    found = opened(sprite)
    assert not found.getexif()
    assert not {"exif", "comment", "icc_profile"} & set(found.info)
    assert b"Exif" not in sprite
    assert b"cat" not in sprite


def test_tiles_stand_in_reading_order_and_what_is_free_is_stone() -> None:
    colours = [(250, 10, 10), (10, 250, 10), (10, 10, 250)]
    sheet = pixels(render([Image.new("RGB", (20, 20), c) for c in colours], columns=2, tile=40, gap=8, seed=0))
    for index, (x, y) in enumerate([(20, 20), (68, 20), (20, 68)]):
        assert sheet[y, x].argmax() == index
    assert np.abs(sheet[68, 68] - BACKGROUND).max() < 6


def test_a_tile_still_shows_its_image() -> None:
    shown = pixels(render([picture(3, (96, 96))], columns=1, seed=9))
    assert np.corrcoef(shown.ravel(), np.asarray(picture(3, (96, 96))).ravel())[0, 1] > 0.95


def test_flip_mirrors_about_half_of_the_tiles_and_none_unless_asked() -> None:
    half = Image.new("L", (32, 32), 0)
    half.paste(255, (0, 0, 16, 32))

    def mirrored(flip: bool) -> int:
        sheet = pixels(render([half] * 100, columns=10, tile=16, gap=0, seed=4, flip=flip))
        return int((sheet[8::16, 4::16, 0] < 128).sum())

    assert mirrored(False) == 0
    assert 30 < mirrored(True) < 70


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "CMYK", "1"])
def test_any_mode_of_picture_is_drawn(mode) -> None:
    sprite = opened(render([picture().convert("RGBA" if mode == "LA" else "RGB").convert(mode)], columns=1, seed=0))
    assert sprite.mode == "RGB"


def test_what_is_transparent_shows_the_stone() -> None:
    clear = Image.new("RGBA", (30, 30), (255, 0, 0, 0))
    assert np.abs(pixels(render([clear], columns=1, seed=0))[48, 48] - BACKGROUND).max() < 40


def test_an_oblong_picture_keeps_its_proportions() -> None:
    wide = Image.new("RGB", (200, 100), (10, 10, 250))
    sheet = pixels(render([wide], columns=1, seed=0))
    assert sheet[48, 4, 2] > 200 > sheet[48, 4, 0]
    assert np.abs(sheet[8, 48] - BACKGROUND).max() < 8


def test_a_thread_of_a_picture_is_drawn_too() -> None:
    assert opened(render([Image.new("RGB", (1, 3000))], columns=1, seed=0)).size == (96, 96)


@pytest.mark.parametrize("measures", [{"columns": 0}, {"columns": 3, "tile": 0}, {"columns": 3, "gap": -1}])
def test_impossible_measures_are_refused(measures) -> None:
    with pytest.raises(ValueError, match="sprite"):
        render([picture()], seed=0, **measures)


def test_a_sprite_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one tile"):
        render([], columns=3, seed=0)
