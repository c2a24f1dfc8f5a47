"""From the label that fills the buffer to the tags of a new champion on a large pool, by one worker with beat."""

from collections.abc import Callable
from io import BytesIO
from itertools import islice
from pathlib import Path
from time import monotonic

import numpy as np
from django.core.files.base import ContentFile
from django.test.utils import override_settings
from PIL import Image as Picture

from accounts.models import User
from annotations.models import QueueItem
from gallery.models import DataSet, Image, LabelClass, Source, Split, Tag
from gallery.services.datasets import dataset_create
from gallery.services.images import image_label
from gallery.work import WorkState
from learning.bench.scratch import scratch
from learning.bench.site import PATIENCE, Site, site
from learning.bench.training_online import BACKBONE, Data, K
from learning.engine.arrays import Floats, Integers
from learning.models import Feature, ModelVersion, Policy, Retag, TrainingRun
from learning.selectors import champion_of
from learning.services.inputs import load_backbone
from learning.services.requests import run_request
from learning.services.training import COMPARING

FIRST, LABELLED, EVALUATED, POOL = 500, 5000, 1000, 50_000
LOOKS_EVERY = 0.05  # seconds
NOISE = 0.05  # of a feature's own spread: the pool's rows are the test pictures' again and again, none twice the same


def measure(data: Path, known: Data, say: Callable[[str], object], *, pool: int = POOL) -> dict[str, object]:
    """`promotion_s`: of it, from the end of the training to the decision."""
    with scratch() as var, override_settings(WEIGHTS_DIR=data / "weights"):
        dataset = _with_a_version(known)
        _pool(dataset, known, pool)
        with site(var, web=False) as running:
            # What to ask of the pool is chosen first, and has nothing to do with what is measured.
            running.until(lambda: _chosen(dataset), "a round", patience=600, every=1)
            found = _fill(dataset, running, int(known.y[LABELLED - 1]))
    say(f"{pool:,} pictures have the new champion's tags {found['buffer_to_serving_s']} s after the last label")
    return found


def _with_a_version(known: Data) -> DataSet:
    """It has learned from the first labels; the others are there, but for the names that their owner gives."""
    owner = User.objects.create_user("owner@bench.local")
    dataset = dataset_create(owner=owner, name="Many", classes=[(f"class {n}", str(n)) for n in range(K)])
    Policy.objects.update_or_create(
        dataset=dataset, defaults={"backbone": BACKBONE, "buffer_size": LABELLED - FIRST, "delay_seconds": 10**6}
    )
    labelled = _rows(dataset, known.x[:LABELLED], Split.GOLD)
    judged = _rows(dataset, known.x[LABELLED : LABELLED + EVALUATED], Split.EVALUATION)
    _name(dataset, labelled[:FIRST] + judged, np.concatenate([known.y[:FIRST], known.y[LABELLED:][:EVALUATED]]))
    run_request(dataset=dataset, trigger="bench training")
    if champion_of(dataset) is None:
        raise RuntimeError(f"no version came of the training: {dataset.runs.get().error}")
    _name(dataset, labelled[FIRST:-1], known.y[FIRST : LABELLED - 1])
    return dataset


def _pool(dataset: DataSet, known: Data, n: int) -> None:
    rng = np.random.default_rng(0)
    drawn = known.test_x[rng.integers(0, len(known.test_x), n)]
    _rows(dataset, drawn + rng.normal(0, NOISE, drawn.shape) * known.test_x.std(axis=0), Split.POOL)


def _rows(dataset: DataSet, features: Floats, split: Split) -> list[Image]:
    """Pictures whose features are stored. They share one file; each says that its pixels are its own."""
    first = dataset.images.count()
    file = f"images/{dataset.pk}.png"
    thumbnail = _file(file)
    rows = (
        Image(
            dataset=dataset,
            uploader_id=dataset.owner_id,
            name=f"picture {number}",
            file=file,
            thumbnail=thumbnail,
            width=32,
            height=32,
            digest=f"{number:064x}",
            split=split,
        )
        for number in range(first, first + len(features))
    )
    images: list[Image] = []
    while chunk := list(islice(rows, 5000)):
        images += Image.objects.bulk_create(chunk)
    digest = load_backbone(BACKBONE).digest
    vectors = zip(images, features.astype(np.float16), strict=True)
    stored = (Feature(image=image, backbone=digest, vector=vector.tobytes()) for image, vector in vectors)
    while several := list(islice(stored, 5000)):
        Feature.objects.bulk_create(several)
    return images


def _file(name: str) -> str:
    storage = Image._meta.get_field("file").storage
    if not storage.exists(name):
        picture = BytesIO()
        Picture.new("RGB", (32, 32)).save(picture, "PNG")
        storage.save(name, ContentFile(picture.getvalue()))
    return name


def _name(dataset: DataSet, images: list[Image], y: Integers) -> None:
    classes: list[LabelClass] = list(dataset.classes.all())
    Tag.objects.bulk_create(
        Tag(image=image, source=Source.OWNER, label=classes[cls]) for image, cls in zip(images, y.tolist(), strict=True)
    )


def _chosen(dataset: DataSet) -> bool:
    going = dataset.rounds.filter(state__in=[WorkState.WAITING, WorkState.RUNNING], streaming=False)
    return QueueItem.objects.filter(dataset=dataset).exists() and not going.exists()


def _fill(dataset: DataSet, running: Site, cls: int) -> dict[str, object]:
    before = champion_of(dataset)
    assert before is not None
    last = dataset.images.filter(split=Split.GOLD).exclude(tags__source=Source.OWNER).get()
    image_label(image=last, label=dataset.classes.get(index=cls))
    started, judging, decided = monotonic(), 0.0, 0.0
    run: TrainingRun | None = None
    while run is None or not Retag.objects.filter(version__run=run, state=WorkState.DONE).exists():
        running.pause(LOOKS_EVERY)
        run = TrainingRun.objects.filter(dataset=dataset).exclude(pk=before.run_id).first()
        if run and run.phase == COMPARING:
            judging = judging or monotonic()
        if version := ModelVersion.objects.filter(run=run).first():
            decided = decided or monotonic()
        if (run and run.error) or (version and version.promoted_at is None) or monotonic() - started > PATIENCE:
            raise RuntimeError(f"no new champion: {(run and run.error) or (version and version.reason)}")
    return {
        "buffer_to_serving_s": round(monotonic() - started, 2),
        "promotion_s": round(decided - (judging or decided), 2),
    }
