"""Rounds: what is worth asking people next, written into the queue that challenges draw from."""

import numpy as np
from django.db import transaction
from django.utils import timezone
from numpy.typing import NDArray

from annotations.models import QueueItem
from gallery.models import Split
from learning.engine.strategies.selection import select
from learning.models import SamplingRound
from learning.selectors import askable
from learning.services.prediction import predict_images

EVALUATION_FIRST = 1


def round_execute(pk: int) -> SamplingRound | None:
    if not (current := SamplingRound.claim(pk)):
        return None
    try:
        items = _evaluation_items(current) + _pool_items(current)
        with transaction.atomic():
            _replace_queue(current, items)
    except Exception as error:
        current.fail(f"{type(error).__name__}: {error}")
        raise
    current.finish()
    return current


def _evaluation_items(current: SamplingRound) -> list[QueueItem]:
    """Evaluation is asked first, in random order: its truth must not depend on what a model finds hard."""
    images = askable(current.dataset).filter(split=Split.EVALUATION).order_by("?")
    return [
        QueueItem(
            image_id=image,
            dataset=current.dataset,
            priority=EVALUATION_FIRST,
            reason="evaluation",
            round=current.pk,
        )
        for image in images.values_list("pk", flat=True)[: current.size]
    ]


def _pool_items(current: SamplingRound) -> list[QueueItem]:
    pool = list(askable(current.dataset).filter(split=Split.POOL).values_list("pk", flat=True))
    ids, probabilities = _probabilities(current, pool)
    picked = select(current.strategy, probabilities, current.size, p=current.random_share, seed=current.pk)
    # Scores of different strategies have no common scale, and chance picks have none at all: the rank is what counts.
    return [
        QueueItem(
            image_id=ids[row],
            dataset=current.dataset,
            score=1 - rank / max(len(picked.indices), 1),
            reason=reason,
            round=current.pk,
        )
        for rank, (row, reason) in enumerate(zip(picked.indices.tolist(), picked.reasons, strict=True))
    ]


def _probabilities(current: SamplingRound, pool: list[int]) -> tuple[list[int], NDArray[np.float32]]:
    if current.version is None or not pool:
        n_classes = current.dataset.classes.count()
        return pool, np.full((len(pool), n_classes), 1 / n_classes, dtype=np.float32)
    inputs, probabilities = predict_images(current.version, pool)
    return inputs.ids, probabilities


def _replace_queue(current: SamplingRound, items: list[QueueItem]) -> None:
    """The new round replaces what nobody has begun; images on lease or half answered stay."""
    queue = QueueItem.objects.filter(dataset=current.dataset)
    queue.filter(image__consensus=None).exclude(leased_until__gt=timezone.now()).delete()
    QueueItem.objects.bulk_create(
        sorted(items, key=lambda item: item.image_id),
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=["priority", "score", "reason", "round"],
    )
    SamplingRound.objects.filter(pk=current.pk).update(queued=len(items))
