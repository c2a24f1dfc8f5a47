import hashlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import IO, Protocol
from uuid import uuid4

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from gallery.models import DataSet, Image, LabelClass, Source, Split, Tag, Tagging
from gallery.services.pictures import BadPicture, Cleaned, clean
from gallery.work import ring

EVALUATION_SHARE = 0.10
TOGETHER = 16  # so many of an upload can be tagged while the next are looked at


class Upload(Protocol):
    name: str
    size: int
    file: IO[bytes]


@dataclass
class UploadReport:
    """What became of each file of an upload; one bad file never costs the good ones."""

    accepted: list[Image] = field(default_factory=list)
    duplicates: list[tuple[str, Image]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def images_upload(*, dataset: DataSet, files: Iterable[Upload], uploader: User) -> UploadReport:
    report, rung = UploadReport(), 0
    for file in files:
        name = os.path.basename(file.name)[-200:]
        try:
            cleaned = clean(file.file, name, file.size)
        except BadPicture as reason:
            report.refused.append((name, str(reason)))
            continue
        image, new = image_store(dataset=dataset, uploader=uploader, name=name, cleaned=cleaned)
        if new:
            report.accepted.append(image)
        else:
            report.duplicates.append((name, image))
        if len(report.accepted) - rung == TOGETHER:
            rung = _ring(report.accepted, rung)
    _ring(report.accepted, rung)
    return report


def _ring(accepted: Sequence[Image], rung: int) -> int:
    """For those after the first `rung`; how many that makes."""
    if new := [image.pk for image in accepted[rung:]]:
        with transaction.atomic():
            ring("learning.tag_images", new)
    return len(accepted)


def image_store(
    *, dataset: DataSet, uploader: User, name: str, cleaned: Cleaned, split: Split | None = None
) -> tuple[Image, bool]:
    """Keep a picture once a data set: the same pixels again are the image that is there already.

    `split` is for imports that bring their own; what is uploaded is drawn for evaluation by its id's hash.
    """
    if existing := _same_pixels(dataset, cleaned):
        return existing, False
    image = Image(
        dataset=dataset,
        uploader=uploader,
        name=name,
        width=cleaned.width,
        height=cleaned.height,
        digest=cleaned.digest,
    )
    # A random name: neither a file's address nor its folder tells what it shows or whose it is.
    stem = uuid4().hex
    image.file.save(f"{stem}.{cleaned.suffix}", ContentFile(cleaned.data), save=False)
    image.thumbnail.save(f"{stem}.webp", ContentFile(cleaned.thumbnail), save=False)
    try:
        with transaction.atomic():
            image.save()
            image.split = split or drawn_split(image.pk)
            image.save(update_fields=["split"])
            Tagging.objects.create(image=image)
    except IntegrityError:
        # Somebody stored the same pixels between our look and our write.
        _drop_files(image)
        existing = _same_pixels(dataset, cleaned)
        if existing is None:
            raise
        return existing, False
    return image, True


def drawn_split(image_id: int) -> Split:
    """A fixed tenth of what arrives is kept for evaluation, drawn before anybody chooses."""
    draw = int.from_bytes(hashlib.sha256(str(image_id).encode()).digest()[:8], "big") / 2**64
    return Split.EVALUATION if draw < EVALUATION_SHARE else Split.POOL


@transaction.atomic
def image_label(*, image: Image, label: LabelClass) -> Tag:
    """The owner says what it is. It holds in training and export; outside evaluation it becomes gold."""
    tag, _ = Tag.objects.update_or_create(
        image=image, source=Source.OWNER, defaults={"label": label, "confidence": 1.0}
    )
    Image.objects.filter(pk=image.pk, split=Split.POOL).update(split=Split.GOLD)
    return tag


@transaction.atomic
def image_delete(*, image: Image) -> None:
    """The picture goes, the row and what people said of it stay."""
    Image.objects.filter(pk=image.pk, deleted_at=None).update(deleted_at=timezone.now())
    transaction.on_commit(lambda: _drop_files(image), robust=True)


def _same_pixels(dataset: DataSet, cleaned: Cleaned) -> Image | None:
    return Image.objects.present().filter(dataset=dataset, digest=cleaned.digest).first()


def _drop_files(image: Image) -> None:
    for file in (image.file, image.thumbnail):
        file.storage.delete(file.name)
