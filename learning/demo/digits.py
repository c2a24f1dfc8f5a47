"""The demo's data set: scikit-learn's bundled scans of handwritten digits, 1,797 of them, 8 × 8 pixels each."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
from django.conf import settings
from django.db import transaction
from numpy.typing import NDArray
from PIL import Image as Picture
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from accounts.models import User
from annotations.models import Campaign, Publication
from annotations.selectors import campaign_of
from gallery.models import DataSet, LabelClass, Split, Visibility
from gallery.services.datasets import dataset_create
from gallery.services.images import image_label, image_store
from gallery.services.pictures import clean

NAME = "Digits"
GOLD, EVALUATION = 0.05, 0.15
SIDE = 64  # pixels: large enough to be looked at, and shown as a thumbnail without more scaling


def digits_load(
    *, owner: User, limit: int | None = None, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> DataSet:
    """Make the data set: gold and evaluation with their labels, the rest a pool whose truth is kept apart."""
    scans, truth = _scans(limit)
    splits = _splits(truth)
    dataset = dataset_create(
        owner=owner,
        name=NAME,
        classes=[(str(digit), str(digit)) for digit in range(10)],
        description="Scans of handwritten digits, 8 × 8 pixels. About 5% are gold, 15% are kept for evaluation; "
        "people and the model label the rest together.",
        visibility=Visibility.PUBLIC,
    )
    classes = list(dataset.classes.all())
    hidden: dict[str, int] = {}
    for index, (scan, digit, split) in enumerate(zip(scans, truth.tolist(), splits, strict=True)):
        hidden |= _store(dataset, owner, classes[digit], scan, split, index)
        on_progress(index + 1, len(truth))
    _keep_apart(hidden)
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(publication=Publication.APPROVED)
    return dataset


def hidden_truth(dataset: DataSet) -> dict[int, int]:
    """Image id → class of the pool. For simulations alone: nothing that serves people reads it."""
    path = _path()
    if not path.exists():
        raise FileNotFoundError(f"The truth of {dataset} isn't at {path}: load the demo first.")
    by_digest = json.loads(path.read_text())
    rows = dataset.images.values_list("pk", "digest")
    return {pk: by_digest[digest] for pk, digest in rows if digest in by_digest}


@transaction.atomic
def _store(
    dataset: DataSet, owner: User, label: LabelClass, scan: NDArray[np.uint8], split: Split, index: int
) -> dict[str, int]:
    file = io.BytesIO()
    Picture.fromarray(scan).resize((SIDE, SIDE), Picture.Resampling.BICUBIC).save(file, "PNG")
    file.seek(0)
    name = f"scan-{index:04}.png"
    cleaned = clean(file, name, file.getbuffer().nbytes)
    image, _ = image_store(dataset=dataset, uploader=owner, name=name, cleaned=cleaned, split=split)
    if split != Split.POOL:
        image_label(image=image, label=label)
    return {cleaned.digest: label.index}


def _scans(limit: int | None) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    bundle = load_digits()
    order = np.random.default_rng(0).permutation(len(bundle.target))[:limit]
    # The scanner counted ink from 0 to 16; on the page ink is dark. Scans go up to their edge, so they get a margin.
    ink = np.pad(bundle.images[order], ((0, 0), (1, 1), (1, 1)))
    return 255 - (ink * (255 / 16)).astype(np.uint8), bundle.target[order]


def _splits(truth: NDArray[np.int64]) -> list[Split]:
    """Drawn a class at a time, so that every digit has its gold."""
    rows = np.arange(len(truth))
    kept, gold = train_test_split(rows, test_size=GOLD, stratify=truth, random_state=0)
    _, evaluation = train_test_split(
        kept, test_size=round(EVALUATION * len(truth)), stratify=truth[kept], random_state=0
    )
    splits = [Split.POOL] * len(truth)
    for row in gold:
        splits[row] = Split.GOLD
    for row in evaluation:
        splits[row] = Split.EVALUATION
    return splits


def _path() -> Path:
    return settings.VAR_DIR / "demo" / "digits_truth.json"


def _keep_apart(hidden: dict[str, int]) -> None:
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(hidden))
