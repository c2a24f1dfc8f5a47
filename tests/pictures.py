"""Pictures that a test starts with: rows and files as an upload makes them, and each decoded once a run."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from accounts.models import User
from gallery.models import DataSet, Image, LabelClass, Source, Split, Tag, Tagging
from gallery.services.pictures import Cleaned, clean
from gallery.work import ring


@transaction.atomic
def pictures_put(
    dataset: DataSet, uploader: User, files: Sequence[tuple[str, bytes]], split: str, label: LabelClass | None = None
) -> list[Image]:
    """With `label`, the owner says what they are: what was in the pool is gold then."""
    split = Split.GOLD if label and split == Split.POOL else split
    images = [_image(dataset, uploader, name, _cleaned(data), split) for name, data in files]
    Image.objects.bulk_create(images)
    Tagging.objects.bulk_create(Tagging(image=image) for image in images)
    if label:
        Tag.objects.bulk_create(Tag(image=image, source=Source.OWNER, label=label) for image in images)
    ring("learning.tag_images", [image.pk for image in images])
    return images


@cache
def _cleaned(data: bytes) -> Cleaned:
    return clean(BytesIO(data), "a.png", len(data))


def _image(dataset: DataSet, uploader: User, name: str, cleaned: Cleaned, split: str) -> Image:
    return Image(
        dataset=dataset,
        uploader=uploader,
        name=name,
        file=_stored(f"images/2026/01/{cleaned.digest[:32]}.{cleaned.suffix}", cleaned.data),
        thumbnail=_stored(f"thumbnails/2026/01/{cleaned.digest[:32]}.webp", cleaned.thumbnail),
        width=cleaned.width,
        height=cleaned.height,
        digest=cleaned.digest,
        split=split,
    )


def _stored(path: str, data: bytes) -> str:
    """There from a test before, unless that has deleted or damaged it."""
    if default_storage.exists(path):
        with default_storage.open(path) as file:
            if file.read() == data:
                return path
        default_storage.delete(path)
    return default_storage.save(path, ContentFile(data))
