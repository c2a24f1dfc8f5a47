"""Rounds: what is worth asking people next, written into the queue that challenges draw from."""

from django.db import transaction
from django.utils import timezone

from annotations.models import QueueItem
from gallery.models import DataSet, Split
from gallery.work import beating
from learning.engine.strategies import registry
from learning.engine.strategies.selection import select
from learning.models import Pick, SamplingRound, VersionState
from learning.selectors import askable, askable_pool
from learning.services import pools
from learning.services.queueing import queue_replace

EVALUATION_FIRST = 1


def round_execute(pk: int) -> SamplingRound | None:
    if not (current := SamplingRound.claim(pk)):
        return None
    try:
        items = _evaluation_items(current) + _pool_items(current)
        with transaction.atomic():
            items = _still_askable(current, items)
            queue_replace(dataset=current.dataset, items=items, keep_rounds=_streams(current.dataset))
            SamplingRound.objects.filter(pk=current.pk).update(queued=len(items), finished_at=timezone.now(), phase="")
    except Exception as error:
        current.fail(f"{type(error).__name__}: {error}")
        raise
    current.finish()
    return current


def _still_askable(current: SamplingRound, items: list[QueueItem]) -> list[QueueItem]:
    """A long look at the pool leaves time for labels to be given and pictures to be deleted."""
    images = [item.image_id for item in items]
    again = registry.get(current.strategy).asks_again
    still = set(askable(current.dataset, again=again).filter(pk__in=images).values_list("pk", flat=True))
    return [item for item in items if item.image_id in still]


def _streams(dataset: DataSet) -> list[int]:
    """The round by which the version that serves chooses among uploads, where it has one: what it put into the queue
    stays. What the versions before it put there gives way."""
    streams = dataset.rounds.filter(streaming=True, version__state=VersionState.CHAMPION)
    return list(streams.values_list("pk", flat=True))


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
    images = askable_pool(current.dataset, again=registry.get(current.strategy).asks_again)
    streamed = set(QueueItem.objects.filter(round__in=_streams(current.dataset)).values_list("image", flat=True))
    images = [image for image in images if image not in streamed]  # those are asked as it is
    ids, pool = pools.pool_of(current, images, lambda phase, progress: _tell(current, phase, progress))
    _tell(current, "choosing", 1.0)
    with beating(current):
        picked = select(
            current.strategy, pool, current.size, p=current.random_share, seed=current.pk, options=current.options
        )
    rows = zip(
        (ids[row] for row in picked.indices.tolist()), picked.scores.tolist(), pools.reasons(pool, picked), strict=True
    )
    picks = [
        Pick(round=current, image_id=image, rank=rank, score=score, reason=reason)
        for rank, (image, score, reason) in enumerate(rows, start=1)
    ]
    Pick.objects.filter(round=current).delete()  # of an attempt that broke off
    Pick.objects.bulk_create(picks, batch_size=1000)
    # Scores of different strategies have no common scale, and chance picks have none at all: the rank is what counts.
    return [
        QueueItem(
            image_id=pick.image_id,
            dataset=current.dataset,
            score=1 - (pick.rank - 1) / len(picks),
            reason=pick.reason,
            round=current.pk,
        )
        for pick in picks
    ]


def _tell(current: SamplingRound, phase: str, progress: float) -> None:
    SamplingRound.objects.filter(pk=current.pk).update(phase=phase, progress=progress)
    current.beat()
