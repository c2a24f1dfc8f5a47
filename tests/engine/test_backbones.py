import hashlib
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save

from learning.engine.images import decode, to_tensor
from learning.engine.models.catalogue import at_hand, weights_file
from learning.engine.models.frozen import Frozen, load
from learning.engine.models.torchvision_nets import WeightsMissing, _pad_as_trained
from learning.engine.training import TrainingConfig, predict, train
from learning.engine.vision import torchvision

DATA = Path(os.environ.get("TESSERA_DATA_DIR", "no data folder given"))
WEIGHTS = DATA / "weights"
PHOTOS = DATA / "data" / "photos" / "hymenoptera2.zip"
SMALL = "mobilenet_v2_0.35"

needs_weights = pytest.mark.skipif(not weights_file(SMALL, WEIGHTS), reason="TESSERA_DATA_DIR has no weights")
needs_photos = pytest.mark.skipif(not PHOTOS.is_file(), reason="TESSERA_DATA_DIR has no photos")


@pytest.fixture(scope="module")
def small() -> Frozen:
    return load(SMALL, WEIGHTS)


def untrained_weights(width: float) -> bytes:
    network = torchvision.models.mobilenet_v2(width_mult=width)
    return save({k: v for k, v in network.state_dict().items() if not k.startswith("classifier.")})


def photos(part: str, a_class: int):
    with zipfile.ZipFile(PHOTOS) as archive:
        chosen = [
            name
            for kind in ("ants", "bees")
            for name in [n for n in archive.namelist() if f"/{part}/{kind}/" in n and n.endswith(".jpg")][:a_class]
        ]
        decoded = decode([archive.open(name) for name in chosen], side=128)
    y = np.array([int("/bees/" in name) for name in chosen])
    return decoded.images[decoded.good], y[decoded.good]


def test_torchvision_imports_and_builds_models():
    assert torchvision.models.mobilenet_v2(width_mult=0.35).last_channel == 1280


def test_an_empty_or_absent_folder_offers_what_is_trained_from_scratch(tmp_path: Path):
    assert at_hand(tmp_path) == at_hand(tmp_path / "absent") == ["small_cnn", "cnn_1m", "resnet18_32"]


def test_missing_weights_are_said_clearly(tmp_path: Path):
    with pytest.raises(WeightsMissing, match=r"mobilenet_v2_1\.0 needs its weights at .*TESSERA_WEIGHTS_DIR"):
        load("mobilenet_v2_1.0", tmp_path)


@pytest.mark.parametrize(
    ("blob", "words"), [(b"half a download", "damaged"), (save({"w": torch.zeros(2)}), "another network")]
)
def test_damaged_and_foreign_weights_are_said_clearly(tmp_path: Path, blob: bytes, words: str):
    (tmp_path / "mobilenet_v2_0.35_notop.safetensors").write_bytes(blob)
    with pytest.raises(WeightsMissing, match=words):
        load(SMALL, tmp_path)


def test_weights_of_another_width_are_refused(tmp_path: Path):
    (tmp_path / "mobilenet_v2_0.35_notop.safetensors").write_bytes(untrained_weights(0.5))
    with pytest.raises(WeightsMissing, match="damaged"):
        load(SMALL, tmp_path)


def test_an_unknown_name_and_an_odd_side_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="there are"):
        load("resnet9000", tmp_path)
    with pytest.raises(ValueError, match="multiple of 32"):
        load(SMALL, tmp_path, side=100)


def test_a_backbone_of_a_local_file_gives_features_and_the_files_digest(tmp_path: Path):
    blob = untrained_weights(0.35)
    (tmp_path / "mobilenet_v2_0.35_notop.safetensors").write_bytes(blob)
    backbone = load(SMALL, tmp_path, side=64)
    x = np.random.default_rng(0).integers(0, 256, (3, 48, 48, 3), dtype=np.uint8)
    features = backbone.features(x)
    assert SMALL in at_hand(tmp_path)
    assert features.shape == (3, 1280) and features.dtype == np.float32
    assert backbone.digest == hashlib.sha256(blob).hexdigest()
    assert backbone.features(x[:0]).shape == (0, 1280)
    np.testing.assert_allclose(backbone.features(x, batch=2), features, atol=1e-4)
    with pytest.raises(ValueError, match="takes"):
        backbone.features(x[0])


def test_strided_convolutions_pad_right_and_bottom_only():
    convolution = torch.nn.Conv2d(1, 1, 3, stride=2, padding=1, bias=False)
    torch.nn.init.ones_(convolution.weight)
    _pad_as_trained(convolution)
    seen = convolution(torch.ones(1, 1, 4, 4))[0, 0]
    # The first window lies whole on the image; the last hangs over by one row and one column.
    assert seen.tolist() == [[9, 6], [6, 4]]


@needs_weights
def test_the_large_backbone_loads():
    assert load("mobilenet_v2_1.0", WEIGHTS).features(np.zeros((1, 128, 128, 3), np.uint8)).shape == (1, 1280)


@needs_weights
@needs_photos
def test_a_linear_head_on_frozen_features_tells_ants_from_bees(small: Frozen):
    (x, y), (x_test, y_test) = photos("train", 90), photos("test", 60)
    head = train(small.features(x), np.eye(2)[y], np.ones(len(y)), TrainingConfig(), network="head")
    predicted = predict(head, small.features(x_test)).argmax(axis=1)
    assert (predicted == y_test).mean() >= 0.8


def test_the_maps_average_to_the_features(tmp_path: Path):
    """Explanations start from the maps that the features come from."""
    (tmp_path / "mobilenet_v2_0.35_notop.safetensors").write_bytes(untrained_weights(0.35))
    backbone = load(SMALL, tmp_path, side=64)
    x = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    with torch.inference_mode():
        maps = backbone.body.maps(to_tensor(x))
    assert maps.shape == (2, 1280, 2, 2)
    assert np.allclose(maps.mean(dim=(2, 3)).numpy(), backbone.features(x), atol=1e-5)
