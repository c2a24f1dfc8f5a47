"""A round on a large data set by a worker of its own, while the data set's owner looks on and asks for another."""

import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter, sleep
from typing import IO, Any
from unittest.mock import patch

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image as Picture

from accounts.models import User
from gallery.models import DataSet, Image, Split
from gallery.services.datasets import dataset_create
from gallery.services.images import image_label, image_store
from gallery.services.pictures import clean
from gallery.work import WorkState
from learning.bench.scratch import address, scratch
from learning.engine.strategies import registry
from learning.models import Policy, SamplingRound
from learning.selectors import champion_of
from learning.services.requests import run_request

HELP = "a round on many images by a worker, and how long the pages take meanwhile, in a database of its own"
CLASSES, PICTURES = 3, 300  # so many pictures are told apart; the pool's rows share their files
SIDE = 300  # pixels: the thumbnails are as large as any
VISITS = 30  # before the round, to compare with
PAUSE = 0.5  # seconds between two visits
PATIENCE = 3600.0
PROGRESS = re.compile(rb'<progress max="1" value="([0-9.]+)"')


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--images", type=int, default=100_000)
    parser.add_argument("--strategy", default="margin", choices=registry.names())


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    n, strategy = options["images"], options["strategy"]
    if n < 1:
        raise ValueError("--images must be at least 1")
    with scratch() as var:
        dataset = _trained(strategy)
        _pool(dataset, n)
        say(f"{connection.vendor}: {dataset.images.filter(split=Split.POOL).count():,} images may be asked about")
        with _worker(var) as worker:
            return {"images": n, "strategy": strategy, **_measured(dataset, worker, say)}


def _trained(strategy: str) -> DataSet:
    """A data set whose pictures have their labels, with a version that was trained on them."""
    owner = User.objects.create_user("owner@bench.local")
    classes = [(name, name[0]) for name in ("dark", "middle", "light")]
    dataset = dataset_create(owner=owner, name="Many", classes=classes)
    Policy.objects.update_or_create(dataset=dataset, defaults={"strategy": strategy, "epochs": 1})
    labels, rng = list(dataset.classes.all()), np.random.default_rng(0)
    for number in range(PICTURES):
        cls = number % CLASSES
        image, _ = image_store(
            dataset=dataset, uploader=owner, name=f"picture {number}", cleaned=clean(*_file(cls, rng)), split=Split.POOL
        )
        image_label(image=image, label=labels[cls])
    run_request(dataset=dataset, trigger="bench round")
    if champion_of(dataset) is None:
        raise RuntimeError(f"no version came of the training: {dataset.runs.get().error}")
    return dataset


def _file(cls: int, rng: np.random.Generator) -> tuple[IO[bytes], str, int]:
    """Coarse noise around a class's shade: two neighbouring classes overlap."""
    coarse = np.clip(rng.normal(60 + 65 * cls, 45, (20, 20, 3)), 0, 255).astype(np.uint8)
    file = BytesIO()
    Picture.fromarray(coarse).resize((SIDE, SIDE), Picture.Resampling.BICUBIC).save(file, "PNG")
    file.seek(0)
    return file, "picture.png", file.getbuffer().nbytes


def _pool(dataset: DataSet, n: int) -> None:
    """Rows that share the files of the pictures; each says that its pixels are its own."""
    pictures = list(dataset.images.order_by("pk"))
    rows = (
        Image(
            dataset=dataset,
            uploader_id=dataset.owner_id,
            name=f"pool {number}",
            file=picture.file.name,
            thumbnail=picture.thumbnail.name,
            width=picture.width,
            height=picture.height,
            digest=f"{number:064x}",
        )
        for number in range(n)
        for picture in [pictures[number % len(pictures)]]
    )
    while chunk := list(islice(rows, 5000)):
        Image.objects.bulk_create(chunk)


@dataclass
class Worker:
    process: subprocess.Popen[str]
    log: Path

    def ring(self, task: str, pk: int) -> None:
        """What a broker does on the platform: the number comes through a pipe, once the row is committed."""
        transaction.on_commit(lambda: self._send(pk))

    def peak_mb(self) -> int:
        """When it has chosen a round."""
        return int(self.hear())

    def hear(self) -> str:
        assert self.process.stdout is not None
        if line := self.process.stdout.readline():
            return line
        raise RuntimeError(f"The worker ended by itself:\n{self.log.read_text()[-2000:]}")

    def _send(self, pk: int) -> None:
        assert self.process.stdin is not None
        print(pk, file=self.process.stdin, flush=True)


@contextmanager
def _worker(var: Path) -> Iterator[Worker]:
    """A process that works on this database, with torch loaded."""
    log = var / "worker.log"
    command = [sys.executable, "-m", "learning.demo.leashed", str(os.getpid()), "learning.bench.round_worker"]
    environment = os.environ | {
        "DATABASE_URL": address(),
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONPATH": "platform:.",
        "TESSERA_VAR_DIR": str(var),
        "TESSERA_MEDIA_DIR": str(settings.MEDIA_ROOT),
        "TESSERA_WEIGHTS_DIR": str(settings.WEIGHTS_DIR),
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with log.open("w") as errors:
        process = subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, stderr=errors, **pipes)
    worker = Worker(process, log)
    try:
        worker.hear()
        yield worker
    finally:
        process.kill()
        process.communicate()


def _measured(dataset: DataSet, worker: Worker, say: Callable[[str], object]) -> dict[str, object]:
    visitor = Visitor(Client(), dataset)
    visitor.client.force_login(dataset.owner)
    with patch("learning.services.requests.ring", lambda task, pk: None):
        visitor.visit()  # the first page compiles its template
        idle = [ms for _ in range(VISITS) for ms in visitor.visit()]
    current = dataset.rounds.get(state=WorkState.WAITING)
    with patch("learning.services.requests.ring", worker.ring):
        asked_at = timezone.now()
        worker.ring("learning.sample", current.pk)
        busy = _visits_until_chosen(current, visitor)
    say(f"{len(busy):,} requests during the round, {len(idle):,} before it")
    assert current.finished_at is not None
    return {
        "round_seconds": round((current.finished_at - asked_at).total_seconds(), 1),
        "request_ms_median": round(median(busy), 1),
        "request_ms_max": round(max(busy), 1),
        "request_ms_idle_median": round(median(idle), 1),
        "progress_seen": len(visitor.progress),
        "picks": current.picks.count(),
        "peak_mb": worker.peak_mb(),
    }


def _visits_until_chosen(current: SamplingRound, visitor: "Visitor") -> Sequence[float]:
    """Milliseconds of every request until the round is done."""
    taken, deadline = [], monotonic() + PATIENCE
    while current.state != WorkState.DONE:
        taken += visitor.visit()
        sleep(PAUSE)
        current.refresh_from_db()
        if current.error or monotonic() > deadline:
            raise RuntimeError(f"the round came to nothing: {current.error or 'it takes too long'}")
    return taken


@dataclass
class Visitor:
    """The owner at “What is asked”. `progress`: how far the page has said that a round is."""

    client: Client
    dataset: DataSet

    def __post_init__(self) -> None:
        self.progress: set[bytes] = set()
        self.page = reverse("dataset_asked", args=[self.dataset.pk])
        self.anew = reverse("dataset_ask_anew", args=[self.dataset.pk])

    def visit(self) -> list[float]:
        """Look at the page and ask for a round; the milliseconds of each."""
        return [self._timed(self.client.get, self.page, 200), self._timed(self.client.post, self.anew, 302)]

    def _timed(self, ask: Callable[[str], Any], address: str, status: int) -> float:
        started = perf_counter()
        response = ask(address)
        taken = 1000 * (perf_counter() - started)
        if response.status_code != status:
            raise RuntimeError(f"{address} answered {response.status_code}")
        self.progress |= set(PROGRESS.findall(response.content))
        return taken
