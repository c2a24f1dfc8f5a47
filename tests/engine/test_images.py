import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from learning.engine.images import decode, to_tensor


def file_of(image: Image.Image, kind: str = "PNG", **options: object) -> io.BytesIO:
    file = io.BytesIO()
    image.save(file, kind, **options)
    file.seek(0)
    return file


def test_a_wide_picture_keeps_its_centre():
    wide = Image.new("RGB", (90, 30), "red")
    wide.paste(Image.new("RGB", (30, 30), "blue"), (30, 0))
    images, failures, good = decode([file_of(wide)], side=8)
    assert images.shape == (1, 8, 8, 3) and images.dtype == np.uint8
    # The resize looks a little over the crop's edge; within, there is blue alone.
    assert (images[0, :, 1:-1] == (0, 0, 255)).all() and not failures and good.all()


def test_a_corrupt_file_is_named_and_the_others_are_read():
    sound = Image.new("RGB", (20, 20), "white")
    torn = io.BytesIO(file_of(sound, "JPEG").getvalue()[:150])
    decoded = decode([file_of(sound), io.BytesIO(b"no picture"), torn, file_of(sound)], side=4)
    assert decoded.good.tolist() == [True, False, False, True]
    assert [row for row, _ in decoded.failures] == [1, 2]
    assert all("Error" in reason for _, reason in decoded.failures)
    assert (decoded.images[1] == 0).all() and (decoded.images[3] == 255).all()


def test_a_missing_path_is_a_failure_and_no_crash(tmp_path: Path):
    decoded = decode([tmp_path / "gone.png"], side=4)
    assert not decoded.good[0] and "gone.png" in decoded.failures[0][1]


def test_a_bomb_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    decoded = decode([file_of(Image.new("RGB", (50, 50)))], side=4)
    assert decoded.failures[0][1].startswith("DecompressionBombError")


def test_a_photo_taken_sideways_is_turned_upright():
    stored = Image.new("RGB", (16, 16), "black")
    stored.paste(Image.new("RGB", (16, 8), "white"), (0, 0))  # bright above, in the file
    orientation = Image.Exif()
    orientation[0x0112] = 3  # upside down
    images = decode([file_of(stored, exif=orientation)], side=16).images
    assert images[0, 2, 8, 0] < 50 and images[0, 13, 8, 0] > 200


def test_transparency_is_white_and_sixteen_bit_grey_is_scaled():
    clear = Image.new("RGBA", (9, 9), (0, 0, 0, 0))
    grey = Image.fromarray(np.full((9, 9), 0x8000, dtype=np.uint16))
    images = decode([file_of(clear), file_of(grey)], side=3).images
    assert (images[0] == 255).all() and (images[1] == 128).all()


def test_one_channel_is_grey():
    assert decode([file_of(Image.new("RGB", (9, 9), "white"))], side=3, channels=1).images.shape == (1, 3, 3, 1)


def test_no_files_make_an_empty_array():
    assert decode([], side=5).images.shape == (0, 5, 5, 3)


@pytest.mark.parametrize(("side", "channels"), [(0, 3), (8, 2)])
def test_an_impossible_shape_is_refused(side: int, channels: int):
    with pytest.raises(ValueError, match="channels"):
        decode([], side, channels)


def test_tensors_run_from_minus_one_to_one():
    x = np.zeros((2, 4, 4, 3), dtype=np.uint8)
    x[1, :, :, 2] = 255
    tensor = to_tensor(x)
    assert tensor.shape == (2, 3, 4, 4)
    assert tensor[0].eq(-1).all() and tensor[1, 2].eq(1).all() and tensor[1, 0].eq(-1).all()


def test_floats_are_no_images():
    with pytest.raises(ValueError, match="uint8"):
        to_tensor(np.zeros((2, 4, 4, 3)))
