"""The images of a plan, as arrays: what is chosen from, and what a model is judged on."""

import csv
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path, PurePosixPath
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

from annotations.consensus.votes import IntArray
from learning.bench.efficiency.plans import DIGITS, SMALL_CNN, Plan
from learning.engine.arrays import Floats, Integers, Pixels

SIDE = 96  # pixels that a backbone looks at: small pictures gain little from more
PHOTO_SIDE = 160  # and photographs, as they have
TEST = 0.3  # of a set that has no test images of its own
TRUTH_TEST = 5000


@dataclass(frozen=True, eq=False)
class Crowd:
    """Votes of people on the pool's images, in random order each: (annotator, image, answer), (V,) each."""

    annotator: IntArray
    image: IntArray
    answer: IntArray


@dataclass(frozen=True, eq=False)
class Problem:
    x: Pixels | Floats
    y: IntArray
    test_x: Pixels | Floats
    test_y: IntArray
    n_classes: int
    balanced: bool
    crowd: Crowd | None = None

    def score(self, predicted: Integers) -> float:
        """Of the test images: the share that is right, or its mean over the classes."""
        right = predicted == self.test_y
        if not self.balanced:
            return float(right.mean())
        return float(np.mean([right[self.test_y == cls].mean() for cls in np.unique(self.test_y)]))


@dataclass(frozen=True)
class Sources:
    """Where backbones' weights lie, and where the features that they make are kept."""

    weights: Path | None
    features: Path


@lru_cache(maxsize=2)
def load(plan: Plan, sources: Sources) -> Problem:
    """Deterministic. FileNotFoundError, and ValueError for a file that holds something else."""
    if plan.crowd:
        return _crowd(plan, sources)
    images, y, test_images, test_y = _truth(plan.data)
    kept = _kept(y, plan)
    images, y = images[kept], y[kept]
    x, test_x = (_inputs(part, plan, sources) for part in (images, test_images))
    return Problem(x, y, test_x, test_y, int(max(y.max(), test_y.max())) + 1, balanced=plan.imbalance > 1)


def _kept(y: IntArray, plan: Plan) -> IntArray:
    """Which of a pool: each class rarer than the one before it, by the same factor."""
    rng = np.random.default_rng(0)
    order = rng.permutation(len(y))
    if plan.imbalance > 1:
        counts, classes = np.bincount(y), int(y.max()) + 1
        shares = plan.imbalance ** (-np.arange(classes) / max(classes - 1, 1))
        parts = [order[y[order] == cls][: round(counts[cls] * shares[cls])] for cls in range(classes)]
        order = rng.permutation(np.concatenate(parts))
    return order[: plan.pool]


def _truth(data: str) -> tuple[Pixels, IntArray, Pixels, IntArray]:
    if data == DIGITS:
        from sklearn.datasets import load_digits

        scans = load_digits()
        pixels = np.repeat((scans.images * 255 / 16).astype(np.uint8)[..., None], 3, axis=3)
        return _cut(pixels, scans.target)
    with np.load(data) as file:
        if "x_train" in file:
            train, test = (file["x_train"], file["y_train"]), (file["x_test"], file["y_test"])
            return train[0], train[1].astype(np.int64), test[0][:TRUTH_TEST], test[1][:TRUTH_TEST].astype(np.int64)
        if "x" not in file or "y" not in file:
            raise ValueError(f"{data} holds neither x_train, y_train, x_test, y_test nor x and y")
        return _cut(file["x"], file["y"])


def _cut(x: Pixels, y: Integers) -> tuple[Pixels, IntArray, Pixels, IntArray]:
    order, n_test = np.random.default_rng(0).permutation(len(x)), round(TEST * len(x))
    test, train = order[:n_test], order[n_test:]
    return x[train], y[train].astype(np.int64), x[test], y[test].astype(np.int64)


def _crowd(plan: Plan, sources: Sources) -> Problem:
    """The images that people have voted on, and those that a model is judged on, which they are not asked about."""
    photos = plan.data.endswith(".zip")
    names, images, y = (_photos if photos else _numbered)(Path(plan.data))
    side = PHOTO_SIDE if photos else SIDE
    x = _inputs(images, plan, sources, side)
    if plan.test:
        _, _, test_images, test_y = _truth(plan.test)
        test_x, inside = _inputs(test_images, plan, sources, side), np.arange(len(x))
    else:
        order, n_test = np.random.default_rng(0).permutation(len(x)), round(TEST * len(x))
        test_x, test_y, inside = x[order[:n_test]], y[order[:n_test]], order[n_test:]
    votes = _votes(Path(plan.crowd), [names[row] for row in inside])
    n_classes = int(max(y.max(), test_y.max())) + 1
    return Problem(x[inside], y[inside], test_x, test_y, n_classes, balanced=False, crowd=votes)


def _numbered(path: Path) -> tuple[list[str], Pixels, IntArray]:
    with np.load(path) as file:
        return [str(number) for number in file["idx"]], file["x"], file["y"].astype(np.int64)


def _photos(path: Path) -> tuple[list[str], Pixels, IntArray]:
    """A folder a class; a file's name is its task."""
    from learning.engine.images import decode

    with ZipFile(path) as archive:
        members = sorted(name for name in archive.namelist() if name.endswith(".jpg"))
        images = decode([BytesIO(archive.read(name)) for name in members], PHOTO_SIDE).images
    folders = [PurePosixPath(name).parent.name for name in members]
    classes = sorted(set(folders))
    return [PurePosixPath(name).stem for name in members], images, np.array([classes.index(f) for f in folders])


def _votes(path: Path, names: list[str]) -> Crowd:
    place = {name: row for row, name in enumerate(names)}
    with path.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["task"] in place]
    _, annotator = np.unique([row["worker"] for row in rows], return_inverse=True)
    image = np.array([place[row["task"]] for row in rows], dtype=np.int64)
    return Crowd(annotator.astype(np.int64), image, np.array([int(row["label"]) for row in rows], dtype=np.int64))


def _inputs(images: Pixels, plan: Plan, sources: Sources, side: int = SIDE) -> Pixels | Floats:
    return images if plan.network == SMALL_CNN else _features(images, plan.network, sources, side)


def _features(images: Pixels, network: str, sources: Sources, side: int) -> NDArray[np.float32]:
    """By a frozen backbone; kept in a file, since they take minutes."""
    from learning.engine.models import frozen

    if sources.weights is None:
        raise ValueError(f"{network} needs its weights: say where they lie with --weights")
    digest = hashlib.sha256(images.tobytes() + f"{network} {side}".encode()).hexdigest()[:16]
    file = sources.features / f"{digest}.npy"
    if not file.exists():
        sources.features.mkdir(parents=True, exist_ok=True)
        found = frozen.load(network, sources.weights, side).features(images)
        part = file.with_suffix(".part.npy")
        np.save(part, found)
        part.rename(file)
    return np.load(file)
