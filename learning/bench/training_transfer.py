"""Photographs in two folders, train and test: a head on a pretrained network, and all of it where that is better."""

from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import NamedTuple
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Integers, Pixels
from learning.engine.images import decode
from learning.engine.models import frozen
from learning.engine.models.catalogue import HEAD
from learning.engine.prediction import predict
from learning.engine.regimes import transfer
from learning.engine.trained import TrainingConfig

BACKBONE = "mobilenet_v2_0.35"
SETS = ("weather4", "hymenoptera2")
CONFIG = TrainingConfig(augment="crop", flips=True)


class Part(NamedTuple):
    x: Pixels
    y: Integers


def measure(data: Path, seeds: Sequence[int], say: Callable[[str], object]) -> dict[str, object]:
    """One seed: a run is one run. The seconds are of the slower set, with its features."""
    result: dict[str, object] = {}
    longest = 0.0
    for name in SETS:
        right, told, seconds = _one(data, name, seeds[0])
        say(f"{name}: {right:.1%} on its test part, in {seconds:.0f} s; {told}")
        result |= {f"transfer_{name}": round(right, 4), f"transfer_{name}_told": told}
        longest = max(longest, seconds)
    return result | {"transfer_seconds": round(longest, 1)}


def _one(data: Path, name: str, seed: int) -> tuple[float, dict[str, object], float]:
    backbone = frozen.load(BACKBONE, data / "weights")
    train, test = _photos(data / "data" / "photos" / f"{name}.zip", backbone.side)
    started = perf_counter()
    outcome = transfer(
        backbone.features(train.x),
        lambda: train.x,
        backbone.body,
        BACKBONE,
        np.eye(int(train.y.max()) + 1)[train.y],
        np.ones(len(train.y)),
        CONFIG,
    )
    seconds = perf_counter() - started
    seen = backbone.features(test.x) if outcome.trained.network == HEAD else test.x
    right = float((predict(outcome.trained, seen).argmax(axis=1) == test.y).mean())
    return right, outcome.told, seconds


def _photos(file: Path, side: int) -> tuple[Part, Part]:
    """NAME/train/CLASS/… and NAME/test/CLASS/…"""
    with ZipFile(file) as archive:
        members = sorted(name for name in archive.namelist() if name.lower().endswith((".jpg", ".jpeg", ".png")))
        images = decode([BytesIO(archive.read(name)) for name in members], side)
    folders = [PurePosixPath(name).parts[-3:-1] for name in members]
    classes = sorted({cls for _, cls in folders})
    y = np.array([classes.index(cls) for _, cls in folders])
    return _part("train", folders, images.images, y, images.good), _part("test", folders, images.images, y, images.good)


def _part(part: str, folders: Sequence[tuple[str, ...]], x: Pixels, y: Integers, good: NDArray[np.bool_]) -> Part:
    rows = good & np.array([folder[0] == part for folder in folders])
    return Part(x[rows], y[rows])
