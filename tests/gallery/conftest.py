from collections.abc import Callable
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image as Picture

from gallery.models import DataSet, Visibility


@pytest.fixture
def private(dataset: DataSet) -> DataSet:
    """Shades, for Alice's eyes only."""
    DataSet.objects.filter(pk=dataset.pk).update(visibility=Visibility.PRIVATE)
    dataset.refresh_from_db()
    return dataset


@pytest.fixture
def encoded() -> Callable[..., SimpleUploadedFile]:
    """A picture as a file of any format, with whatever Pillow's `save` takes."""

    def make(name: str, format: str, size: tuple[int, int] = (60, 40), **options: object) -> SimpleUploadedFile:
        out = BytesIO()
        Picture.effect_noise(size, 60).convert("RGB").save(out, format, **options)
        return SimpleUploadedFile(name, out.getvalue())

    return make
