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
from learning.models import ModelVersion, Retag
from learning.selectors import champion_of, policy_locked
from learning.services.inputs import Inputs
from learning.services.prediction import predict_images
from learning.services.requests import round_request
from learning.services.shadowing import uploads_shadow
from learning.services.streaming import uploads_offer

CHUNK = 512
FEW = 64
COMPANY_WAIT = 0.005  # seconds in which what is uploaded at the same moment gets into the same batch
A_BAND = 0.05  # a confidence that moved less than this is not worth a write

logger = logging.getLogger(__name__)


def images_tag(images: Sequence[int]) -> int:
    """Tag what of these still waits, and a few of what others have uploaded meanwhile; the number tagged. Data sets
    without a version yet have nothing to say."""
    due = Tagging.objects.due()
    waiting = list(due.filter(image__in=images).values_list("pk", flat=True))
    if not waiting:
        return 0  # they went along with others
    sleep(COMPANY_WAIT)
    company = due.exclude(pk__in=waiting).order_by("pk").values_list("pk", flat=True)
    waiting += company[: -len(waiting) % FEW]
    # Claimed a few at a time: none of them is silent for so long that another worker takes it for lost.
    return sum(_tag_few(waiting[start : start + FEW]) for start in range(0, len(waiting), FEW))


def _tag_few(waiting: Sequence[int]) -> int:
    claimed = Tagging.claim_many(waiting)
    by_dataset: dict[int, list[Tagging]] = {}
    for row in Tagging.objects.filter(pk__in=[c.pk for c in claimed]).select_related("image__dataset"):
        by_dataset.setdefault(row.image.dataset_id, []).append(row)
    return sum(_tag_dataset(rows) for rows in by_dataset.values())


def _tag_dataset(rows: list[Tagging]) -> int:
    dataset, images, told = rows[0].image.dataset, [row.image_id for row in rows], None
    while told is None and (version := champion_of(dataset)):
        told = tags_write(version, images)  # by the next one, where another came to serve meanwhile
    if version is None or told is None:
        _finish(rows, {})
        return len(rows)
    _finish(rows, told[0].skipped)
    _afterwards(version, rows, *told)
    return len(rows) - len(told[0].skipped)


def _finish(rows: list[Tagging], skipped: dict[int, str]) -> None:
    for row in (row for row in rows if row.image_id in skipped):
        row.fail(skipped[row.image_id], final=True)
    Tagging.finish_many([row for row in rows if row.image_id not in skipped])


def _afterwards(version: ModelVersion, rows: list[Tagging], inputs: Inputs, probabilities: NDArray[np.float32]) -> None:
    """What nobody shall wait for. Where it goes wrong that costs no tag: a stream's next round sees the uploads, and a
    challenger has been seen on a few less."""
    for also in (uploads_offer, uploads_shadow):
        try:
            also(version=version, inputs=inputs, probabilities=probabilities, images=_finished(rows))
        except Exception:
            logger.exception("%s failed for %d uploads of %s", also.__name__, len(inputs.ids), version)


def _finished(rows: list[Tagging]) -> set[int]:
    """The images of the rows that this worker finished. One that was silent for too long has lost its rows to another,
    who offers them."""
    attempts = {row.pk: row.attempt for row in rows}
    done = Tagging.objects.filter(pk__in=attempts, state=WorkState.DONE).values_list("pk", "attempt", "image")
    return {image for pk, attempt, image in done if attempts[pk] == attempt}


def tags_write(version: ModelVersion, images: Sequence[int]) -> tuple[Inputs, NDArray[np.float32]] | None:
    """Predict and write the tags that changed; returns what was read, and what was predicted of it. None where the
    version serves no longer: then nothing is written, or old tags would come to lie over new ones."""
    inputs, probabilities = predict_images(version, images)
    with transaction.atomic():
        # Held meanwhile: a promotion, or a new threshold, waits until these are written, and then finds them.
        policy = policy_locked(version.dataset)
        if champion_of(version.dataset) != version:
            return None
        _write(version, inputs, probabilities, policy.sure_from)
    return inputs, probabilities


def _write(version: ModelVersion, inputs: Inputs, probabilities: NDArray[np.float32], sure_from: float) -> None:
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
    """Every tag by this version, then a new sampling round. An attempt that was cut short is gone on with."""
    if not (retag := Retag.claim(pk)):
        return None
    try:
        if not _retag(retag):
            return None
    except Exception as error:
        retag.fail(f"{type(error).__name__}: {error}")
        raise
    retag.finish()
    if not has_ended(retag.version.dataset):
        round_request(dataset=retag.version.dataset)
    return retag


def _retag(retag: Retag) -> bool:
    """False where another worker has taken it over, after this one was silent for too long."""
    present = Image.objects.present().filter(dataset=retag.version.dataset).order_by("pk")
    retag.done, retag.total = present.filter(pk__lte=retag.after).count(), present.count()
    while chunk := list(present.filter(pk__gt=retag.after).values_list("pk", flat=True)[:CHUNK]):
        told = tags_write(retag.version, chunk)
        if told is None:
            return True  # a newer champion re-tags on its own
        _finish_waiting(set(chunk) - set(told[0].skipped))
        retag.after, retag.done = chunk[-1], retag.done + len(chunk)
        fields = {"after": retag.after, "done": retag.done, "total": max(retag.total, retag.done)}
        mine = Retag.objects.filter(pk=retag.pk, attempt=retag.attempt)
        if not mine.update(heartbeat_at=timezone.now(), **fields):
            return False
    return True


def _finish_waiting(images: Collection[int]) -> None:
    """New uploads among them have their tag with that, and needn't be predicted a second time."""
    waiting = Tagging.objects.filter(image__in=images, state=WorkState.WAITING)
    waiting.update(state=WorkState.DONE, heartbeat_at=timezone.now())
