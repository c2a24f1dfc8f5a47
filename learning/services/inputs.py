"""From image rows to what a network reads: pixels, or a frozen backbone's stored features."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

import numpy as np
from django.conf import settings

from gallery.models import Image
from learning.engine import compilation, devices
from learning.engine.arrays import Floats, Pixels
from learning.engine.images import decode
from learning.engine.models import frozen, registry
from learning.models import Feature, ModelVersion

# Every network's input comes from here, so none computes before this.
devices.choose(settings.DEVICE)
devices.spread(settings.GPUS_A_RUN)
compilation.choose(settings.COMPILE)


class Reading(NamedTuple):
    """What a network looks at: pictures, of the size that the backbone wants, or a frozen backbone's features."""

    backbone: str
    frozen: bool


@dataclass(frozen=True, eq=False)
class Inputs:
    """`x` (N, …) for the images `ids` (N,); `skipped` says of the others why they can't be read."""

    ids: list[int]
    x: Pixels | Floats
    skipped: dict[int, str]


def reading_of(version: ModelVersion) -> Reading:
    return Reading(version.backbone, version.frozen)


def read_inputs(images: Sequence[int], reading: Reading) -> Inputs:
    if reading.frozen:
        return _features(images, load_backbone(reading.backbone))
    return read_pixels(images, registry.get(reading.backbone).side)


@lru_cache(maxsize=2)
def load_backbone(name: str) -> frozen.Frozen:
    return frozen.load(name, settings.WEIGHTS_DIR)


def read_pixels(images: Sequence[int], side: int) -> Inputs:
    """From the thumbnails, which are larger than any network here looks."""
    rows = Image.objects.present().in_bulk(images)
    files, skipped = {}, {image: "it was deleted" for image in images if image not in rows}
    for image in (image for image in images if image in rows):
        try:
            with rows[image].thumbnail.open("rb") as file:
                files[image] = BytesIO(file.read())
        except OSError as error:
            skipped[image] = f"its file can't be read: {error.strerror or error}"
    decoded, ids = decode(files.values(), side), list(files)
    skipped |= {ids[row]: reason for row, reason in decoded.failures}
    kept = [image for image, good in zip(ids, decoded.good, strict=True) if good]
    return Inputs(kept, decoded.images[decoded.good], skipped)


def _features(images: Sequence[int], backbone: frozen.Frozen) -> Inputs:
    """Computed once an image; stored as float16."""
    _compute_missing(images, backbone)
    rows = Feature.objects.filter(image__in=images, backbone=backbone.digest)
    vectors = {row.image_id: np.frombuffer(row.vector, dtype=np.float16) for row in rows}
    ids = [image for image in images if image in vectors]
    x = np.stack([vectors[image] for image in ids]).astype(np.float32) if ids else np.zeros((0, 1), np.float32)
    return Inputs(ids, x, {image: "it can't be read" for image in images if image not in vectors})


def _compute_missing(images: Sequence[int], backbone: frozen.Frozen) -> None:
    stored = Feature.objects.filter(image__in=images, backbone=backbone.digest).values_list("image", flat=True)
    missing = sorted(set(images) - set(stored))
    for start in range(0, len(missing), 256):
        chunk = read_pixels(missing[start : start + 256], backbone.side)
        vectors = backbone.features(chunk.x).astype(np.float16)
        Feature.objects.bulk_create(
            [
                Feature(image_id=image, backbone=backbone.digest, vector=vector.tobytes())
                for image, vector in zip(chunk.ids, vectors, strict=True)
            ],
            ignore_conflicts=True,
        )
