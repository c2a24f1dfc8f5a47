"""From a photograph's upload to its tag on the page, and many photographs at once, over HTTP with one worker."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from time import monotonic, sleep, time

import numpy as np
from django.conf import settings
from django.db.models import Max
from django.test.utils import override_settings
from django.urls import reverse
from numpy.typing import NDArray
from PIL import Image as Picture

from accounts.models import User
from gallery.models import DataSet, Tag, Tagging
from gallery.services.datasets import dataset_create
from gallery.services.images import image_label, image_store
from gallery.services.pictures import clean
from gallery.work import WorkState
from learning.bench.scratch import scratch
from learning.bench.site import Photo, Site, Uploader, site
from learning.models import Policy
from learning.selectors import champion_of
from learning.services.requests import run_request
from learning.services.serving import version_promote

BACKBONE = "mobilenet_v2_0.35"
LARGE, SMALL = (4000, 3000), (1152, 868)  # pixels: 12 and 1 megapixels
SINGLES = 40
AT_ONCE, REQUESTS = 200, 2
LABELLED = 40
LOOKS_EVERY = 0.2  # seconds, as the page does at first


def measure(
    data: Path, say: Callable[[str], object], *, singles: int = SINGLES, at_once: int = AT_ONCE
) -> dict[str, object]:
    with scratch() as var, override_settings(WEIGHTS_DIR=data / "weights"):
        dataset = _with_a_version()
        with site(var) as running:
            uploader = running.uploader(dataset.owner)
            seconds = _one_by_one(dataset, uploader, singles)
            say(f"{singles} photographs of 12 megapixels: {np.median(seconds):.2f} s to the tag on the page")
            rate = _many(dataset, running, at_once)
            say(f"{at_once} photographs of 1 megapixel at once: {rate:.0f} a second")
    return {
        "broker": "redis" if settings.REDIS_URL else "embedded",
        "upload_to_tag_p50_s": round(float(np.median(seconds)), 3),
        "upload_to_tag_p95_s": round(float(np.percentile(seconds, 95)), 3),
        "tags_per_s": round(rate, 1),
    }


def _with_a_version() -> DataSet:
    owner = User.objects.create_user("owner@bench.local")
    dataset = dataset_create(owner=owner, name="Photographs", classes=[("dark", "d"), ("light", "l")])
    Policy.objects.update_or_create(dataset=dataset, defaults={"backbone": BACKBONE, "automatic": False})
    labels = list(dataset.classes.all())
    for number, photo in enumerate(photos(LABELLED, (256, 192), seed=1)):
        cleaned = clean(BytesIO(photo.data), photo.name, len(photo.data))
        image, _ = image_store(dataset=dataset, uploader=owner, name=photo.name, cleaned=cleaned)
        image_label(image=image, label=labels[number % 2])
    run_request(dataset=dataset, trigger="bench training")
    version = dataset.versions.first()
    if version is None:
        raise RuntimeError(f"no version came of the training: {dataset.runs.get().error}")
    if champion_of(dataset) != version:
        version_promote(version)  # a bad one takes as long as a good one
    return dataset


def photos(n: int, size: tuple[int, int], seed: int) -> list[Photo]:
    """Soft shapes under grain, dark and light by turns, with about as many bytes as a camera's files have."""
    rng, (width, height) = np.random.default_rng(seed), size
    shapes = Picture.fromarray(rng.integers(40, 215, (12, 16, 3), dtype=np.uint8))
    base = np.asarray(shapes.resize(size, Picture.Resampling.BICUBIC), dtype=np.int16)
    base = base + rng.integers(-6, 7, (height, width, 1), dtype=np.int16)
    return [Photo(f"{seed}-{number}.jpg", _jpeg(base + (40 if number % 2 else -40), rng)) for number in range(n)]


def _jpeg(pixels: NDArray[np.int16], rng: np.random.Generator) -> bytes:
    pixels[:32, :32] = rng.integers(0, 255, (32, 32, 3))  # no two are the same
    file = BytesIO()
    Picture.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=92)
    return file.getvalue()


def _one_by_one(dataset: DataSet, uploader: Uploader, n: int) -> list[float]:
    sent = photos(n + 1, LARGE, seed=2)
    return [_to_its_tag(dataset, uploader, photo) for photo in sent][1:]  # the first waits for the worker's backbone


def _to_its_tag(dataset: DataSet, uploader: Uploader, photo: Photo) -> float:
    started = monotonic()
    answer = json.loads(uploader.send(dataset.pk, [photo]))
    fragment = reverse("image_tags", args=[answer["accepted"][0]["id"]])
    while "sure" not in uploader.page(fragment):
        sleep(LOOKS_EVERY)
        if monotonic() - started > 60:
            raise RuntimeError("no tag came within a minute")
    return monotonic() - started


def _many(dataset: DataSet, running: Site, n: int) -> float:
    """Tags a second, from the last byte that was sent to the last tag that was stored."""
    sent = photos(n, SMALL, seed=3)
    before = Tag.objects.filter(image__dataset=dataset).count()
    uploaders = [running.uploader(dataset.owner) for _ in range(REQUESTS)]
    last_bytes: list[float] = []
    parts = [sent[number::REQUESTS] for number in range(REQUESTS)]
    with ThreadPoolExecutor(REQUESTS) as pool:
        list(
            pool.map(
                lambda pair: pair[0].send(dataset.pk, pair[1], lambda: last_bytes.append(time())),
                zip(uploaders, parts, strict=True),
            )
        )
    done = Tagging.objects.filter(image__dataset=dataset, state=WorkState.DONE)
    running.until(lambda: Tag.objects.filter(image__dataset=dataset).count() == before + n, "the tags")
    last = done.aggregate(at=Max("heartbeat_at"))["at"]
    return n / (last.timestamp() - max(last_bytes))
