import hashlib
import json
import os
import pickle
import subprocess
import sys
from io import BytesIO
from zipfile import ZipFile

import numpy as np
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from PIL import Image
from safetensors.torch import save

from learning.bench import from_scratch, training_online, training_transfer
from learning.engine.vision import torchvision


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


def test_a_network_is_trained_from_nothing_by_one_command(tmp_path, capsys):
    rng = np.random.default_rng(0)
    y = np.arange(80) % 10
    x = np.clip(25 * y[:, None, None, None] + rng.normal(0, 3, (80, 32, 32, 3)), 0, 255).astype(np.uint8)
    (tmp_path / "data").mkdir()
    np.savez(tmp_path / "data" / "cifar10.npz", x_train=x[:60], y_train=y[:60], x_test=x[60:], y_test=y[60:])
    options = ["--data", str(tmp_path), "--network", "small_cnn", "--epochs", "2", "--batch", "10", "--train", "50"]
    call_command("bench", "from_scratch", *options)
    *lines, last = capsys.readouterr().out.splitlines()
    told = json.loads(last)
    assert (told["pictures"], told["test_pictures"], told["epochs"], told["network"]) == (50, 20, 2, "small_cnn")
    assert 0 <= told["accuracy"] <= 1 and told["parameters"] > 50_000 and lines[-1].startswith("pass 2 of 2:")


def test_the_official_batches_are_read_where_they_are_the_published_ones(tmp_path, monkeypatch):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    sums = {}
    for name, value in (("data_batch_1", 7), ("test_batch", 9)):
        pixels = np.full((3, 3 * 32 * 32), value, np.uint8)
        blob = pickle.dumps({"data": pixels, "labels": [value, 0, 1]})
        (folder / name).write_bytes(blob)
        sums[name] = hashlib.md5(blob).hexdigest()
    meta = pickle.dumps({"label_names": list("abcdefghij")})
    (folder / "batches.meta").write_bytes(meta)
    with pytest.raises(ValueError, match="has no cifar-10-batches-py as it was published"):
        from_scratch.official(tmp_path)
    cifar = torchvision.datasets.CIFAR10
    monkeypatch.setattr(cifar, "train_list", [["data_batch_1", sums["data_batch_1"]]])
    monkeypatch.setattr(cifar, "test_list", [["test_batch", sums["test_batch"]]])
    monkeypatch.setattr(cifar, "meta", cifar.meta | {"md5": hashlib.md5(meta).hexdigest()})
    known = from_scratch.official(tmp_path)
    assert known.x.shape == known.test_x.shape == (3, 32, 32, 3) and known.x.dtype == np.uint8
    assert (known.y.tolist(), known.test_y.tolist()) == ([7, 0, 1], [9, 0, 1])


MEASURE = """
import json
from pathlib import Path
from learning.bench import training_uploads
print(json.dumps(training_uploads.measure(Path({data!r}), lambda line: None, singles=2, at_once=6)))
"""


@pytest.mark.slow
def test_uploads_are_measured_over_http_with_a_worker_of_their_own(tmp_path):
    """By a backbone that knows nothing: dark and light look different to it all the same."""
    network = torchvision.models.mobilenet_v2(width_mult=0.35)
    weights = {name: t for name, t in network.state_dict().items() if not name.startswith("classifier.")}
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights" / "mobilenet_v2_0.35_notop.safetensors").write_bytes(save(weights))
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", MEASURE.format(data=str(tmp_path))]
    environment = os.environ | {"TESSERA_VAR_DIR": str(tmp_path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert 0 < told["upload_to_tag_p50_s"] <= told["upload_to_tag_p95_s"] and told["tags_per_s"] > 0
    assert told["broker"] == ("redis" if os.environ.get("REDIS_URL") else "embedded")
