"""A champion's tags: on new uploads within a second, on the whole data set after a promotion."""

import logging
from collections.abc import Collection, Sequence
from time import sleep

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotations.selectors import has_ended
from gallery.models import Image, LabelClass, Source, Tag, Tagging
from gallery.work import WorkState
from learning.models import ModelVersion, Policy, Retag
from learning.selectors import champion_of, policy_of
from learning.services.inputs import Inputs
from learning.services.prediction import predict_images
from learning.services.requests import round_request
from learning.services.streaming import uploads_offer

CHUNK = 512
FEW = 64
COMPANY_WAIT = 0.005  # seconds in which what is uploaded at the same moment gets into the same batch
A_BAND = 0.05  # a confidence that moved less than this is not worth a write

logger = logging.getLogger(__name__)


def images_tag(images: Sequence[int]) -> int:
    """Tag what of these still waits, and a few of what others have uploaded meanwhile; the number tagged. Data sets
    without a version yet have nothing to say."""
    sleep(COMPANY_WAIT)
    waiting = list(Tagging.objects.due().filter(image__in=images).values_list("pk", flat=True))
    if not waiting:
        return 0  # they went along with others
    company = Tagging.objects.due().exclude(pk__in=waiting).order_by("pk").values_list("pk", flat=True)
    waiting += company[: -len(waiting) % FEW]
    # Claimed a few at a time: none of them is silent for so long that another worker takes it for lost.
    return sum(_tag_few(waiting[start : start + FEW]) for start in range(0, len(waiting), FEW))


def _tag_few(waiting: Sequence[int]) -> int:
    claimed = [row for pk in waiting if (row := Tagging.claim(pk))]
    by_dataset: dict[int, list[Tagging]] = {}
    for row in Tagging.objects.filter(pk__in=[c.pk for c in claimed]).select_related("image__dataset"):
        by_dataset.setdefault(row.image.dataset_id, []).append(row)
    return sum(_tag_dataset(rows) for rows in by_dataset.values())


def _tag_dataset(rows: list[Tagging]) -> int:
    version = champion_of(rows[0].image.dataset)
    if version is None:
        _finish(rows, {})
        return len(rows)
    inputs, probabilities = tags_write(version, [row.image_id for row in rows])
    _finish(rows, inputs.skipped)
    _stream(version, rows, inputs, probabilities)
    return len(rows) - len(inputs.skipped)


def _finish(rows: list[Tagging], skipped: dict[int, str]) -> None:
    for row in rows:
        if row.image_id in skipped:
            row.fail(skipped[row.image_id], final=True)
        else:
            row.finish()


def _stream(version: ModelVersion, rows: list[Tagging], inputs: Inputs, probabilities: NDArray[np.float32]) -> None:
    """After the tags, which nobody shall wait for. What goes wrong here costs none: the next round sees the uploads."""
    try:
        uploads_offer(version=version, inputs=inputs, probabilities=probabilities, images=_finished(rows))
    except Exception:
        logger.exception("%d uploads were not offered to the stream of %s", len(inputs.ids), version)


def _finished(rows: list[Tagging]) -> set[int]:
    """The images of the rows that this worker finished. One that was silent for too long has lost its rows to another,
    who offers them."""
    attempts = {row.pk: row.attempt for row in rows}
    done = Tagging.objects.filter(pk__in=attempts, state=WorkState.DONE).values_list("pk", "attempt", "image")
    return {image for pk, attempt, image in done if attempts[pk] == attempt}


def tags_write(version: ModelVersion, images: Sequence[int]) -> tuple[Inputs, NDArray[np.float32]]:
    """Predict and write the tags that changed; returns what was read, and what was predicted of it."""
    inputs, probabilities = predict_images(version, images)
    with transaction.atomic():
        _write(version, inputs, probabilities)
    return inputs, probabilities


def _write(version: ModelVersion, inputs: Inputs, probabilities: NDArray[np.float32]) -> None:
    # The policy's row is held meanwhile: a new threshold waits until these are written, and then finds them.
    sure_from = Policy.objects.select_for_update().get(pk=policy_of(version.dataset).pk).sure_from
    classes = {cls.index: cls.pk for cls in LabelClass.objects.filter(dataset=version.dataset_id)}
    said = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(said)), said]
    before = {t.image_id: t for t in Tag.objects.filter(image__in=inputs.ids, source=Source.MODEL)}
    tags = [
        Tag(
            image_id=image,
            source=Source.MODEL,
            label_id=classes[cls],
            confidence=share,
            version=version.number,
            sure=share >= sure_from,
        )
        for image, cls, share in zip(inputs.ids, said.tolist(), confidence.tolist(), strict=True)
        if _changed(before.get(image), classes[cls], share, share >= sure_from)
    ]
    Tag.objects.bulk_create(
        tags,
        update_conflicts=True,
        unique_fields=["image", "source"],
        update_fields=["label", "confidence", "version", "sure", "updated_at"],
    )


def _changed(before: Tag | None, label: int, confidence: float, sure: bool) -> bool:
    if before is None or before.label_id != label or before.sure != sure:
        return True
    return abs(before.confidence - confidence) >= A_BAND


def retag_execute(pk: int) -> Retag | None:
    """Every tag by this version, then a new sampling round. Running it twice is harmless."""
    if not (retag := Retag.claim(pk)):
        return None
    try:
        _retag(retag)
    except Exception as error:
        retag.fail(f"{type(error).__name__}: {error}")
        raise
    retag.finish()
    if not has_ended(retag.version.dataset):
        round_request(dataset=retag.version.dataset)
    return retag


def _retag(retag: Retag) -> None:
    dataset = retag.version.dataset
    images = list(Image.objects.present().filter(dataset=dataset).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(images), CHUNK):
        if champion_of(dataset) != retag.version:
            return  # a newer champion re-tags on its own
        chunk = images[start : start + CHUNK]
        inputs, _ = tags_write(retag.version, chunk)
        _finish_waiting(set(chunk) - set(inputs.skipped))
        Retag.objects.filter(pk=retag.pk).update(done=start + len(chunk), total=len(images))
        retag.beat()


def _finish_waiting(images: Collection[int]) -> None:
    """New uploads among them have their tag with that, and needn't be predicted a second time."""
    waiting = Tagging.objects.filter(image__in=images, state=WorkState.WAITING)
    waiting.update(state=WorkState.DONE, heartbeat_at=timezone.now())
