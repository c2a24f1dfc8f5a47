from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from PIL import Image

from learning.bench import training_online, training_transfer


def test_the_late_classes_are_in_no_early_buffer_and_have_their_share_in_the_others():
    y = np.arange(training_online.IMAGES) % training_online.K
    buffers = training_online._stream(y, seed=3)
    assert len(np.unique(np.concatenate(buffers))) == training_online.BUFFERS * training_online.SIZE
    late = [np.isin(y[rows], training_online.LATE).mean() for rows in buffers]
    assert late == [0.0] * 5 + [0.2] * 5


def test_photographs_are_read_by_their_part_and_class(tmp_path):
    with ZipFile(tmp_path / "two.zip", "w") as archive:
        for name, shade in (("two/train/ants/a.jpg", 9), ("two/train/bees/b.jpg", 200), ("two/test/bees/c.jpg", 220)):
            file = BytesIO()
            Image.new("RGB", (40, 30), (shade,) * 3).save(file, "JPEG")
            archive.writestr(name, file.getvalue())
    train, test = training_transfer._photos(tmp_path / "two.zip", 32)
    assert (train.x.shape, train.y.tolist(), test.y.tolist()) == ((2, 32, 32, 3), [0, 1], [1])
    assert train.x[0].mean() < 30 < train.x[1].mean()


def test_a_folder_without_weights_is_said(tmp_path):
    with pytest.raises(CommandError, match="needs its weights"):
        call_command("bench", "training", "--data", str(tmp_path), "--json")
