"""Drift: whether new uploads look to a version like those that it was made for."""

from dataclasses import asdict

import numpy as np
from django.utils import timezone
from numpy.typing import NDArray

from gallery.models import Split
from gallery.work import beating
from learning.engine.drift import Shift, shift
from learning.models import Drift, ModelVersion
from learning.selectors import uploads_since
from learning.services.prediction import predict_images

SAMPLE = 500  # pictures of either kind, at most
DECIMALS = 6


def drift_execute(pk: int) -> Drift | None:
    """Running it twice is harmless."""
    if not (drift := Drift.claim(pk)):
        return None
    try:
        with beating(drift):
            _compare(drift)
    except Exception as error:
        drift.fail(f"{type(error).__name__}: {error}")
        raise
    drift.finish()
    return drift


def _compare(drift: Drift) -> None:
    version = drift.version
    before, now = _said(version, reference_images(version)), _said(version, current_images(version))
    told = shift(before, now)
    Drift.objects.filter(pk=drift.pk, attempt=drift.attempt).update(
        reference=len(before),
        current=len(now),
        p_value=told.p_value if told else None,
        shifted=bool(told and told.shifted),
        classes=_classes(told) if told else [],
        checked_at=timezone.now(),
    )


def reference_images(version: ModelVersion) -> list[int]:
    """Evaluation pictures from before the version: a share of all uploads that was drawn before anybody chose, and that
    no version learns from. What it learned from was chosen by a strategy, so it is no sample of what people upload. In
    the order of their digests they are drawn at random, and yet the same ones each time."""
    images = version.dataset.images.shown().filter(split=Split.EVALUATION, uploaded_at__lte=version.created_at)
    return list(images.order_by("digest").values_list("pk", flat=True)[:SAMPLE])


def current_images(version: ModelVersion) -> list[int]:
    """The latest uploads since: the version can't have learned from them."""
    return list(uploads_since(version).order_by("-pk").values_list("pk", flat=True)[:SAMPLE])


def _said(version: ModelVersion, images: list[int]) -> NDArray[np.float32]:
    return predict_images(version, images)[1]


def _classes(told: Shift) -> list[dict[str, float]]:
    rows = (asdict(share) for share in told.classes)
    return [{name: round(value, DECIMALS) for name, value in row.items()} for row in rows]
