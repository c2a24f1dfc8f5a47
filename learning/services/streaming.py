"""Uploads as they arrive: those that add to what was asked before go into the queue at once, without a round."""

from collections.abc import Collection
from io import BytesIO

import numpy as np
from django.db import transaction
from django.db.models import F

from annotations.models import QueueItem
from annotations.selectors import has_ended
from gallery.models import Split
from gallery.work import WorkState
from learning.engine.arrays import Floats
from learning.engine.prediction import features
from learning.engine.strategies.streaming import Stream
from learning.engine.strategies.vessal import Offer
from learning.models import ModelVersion, Pick, SamplingRound, StreamState
from learning.selectors import askable, policy_of
from learning.services.inputs import Inputs
from learning.services.prediction import load_version

REASON = "stream"
# Half of a round comes before them and half after: a new picture is asked soon, and an upload of thousands doesn't keep
# what a round found best waiting. None waits for ever, as the queue is topped up once less than half a round is left.
SCORE = 0.5
# Every few uploads read the state and write it. Its matrices are a megabyte and a half with this, and six with 512.
DIMENSIONS = 256


def uploads_offer(*, version: ModelVersion, inputs: Inputs, probabilities: Floats, images: Collection[int]) -> int:
    """Offer these of the inputs' images to the version's stream, each once, and queue what it takes; so many.

    `probabilities` (N, K) are the version's word on `inputs`. Only images of the pool that may be asked about count.
    """
    rate = policy_of(version.dataset).stream_rate
    if not rate or has_ended(version.dataset):
        return 0
    seen = features(load_version(version), inputs.x)
    with transaction.atomic():
        chosen = askable(version.dataset).filter(split=Split.POOL, pk__in=images).values_list("pk", flat=True)
        rows = {image: row for row, image in enumerate(inputs.ids)}
        ids = sorted(set(chosen) & set(rows))
        at = [rows[image] for image in ids]
        return _offer(version, rate, ids, probabilities[at], seen[at]) if ids else 0


def _offer(version: ModelVersion, rate: float, ids: list[int], probabilities: Floats, seen: Floats) -> int:
    state = _locked(version)
    stream = _stream(state, rate, probabilities, seen)
    offer = stream.offer(probabilities, seen)
    _store(state, stream, len(ids))
    return _queue(state.round, ids, offer)


def _locked(version: ModelVersion) -> StreamState:
    """Of two workers the second waits here until the first has written, and goes on from there. Where both find none,
    the constraint lets one make it."""
    current, _ = SamplingRound.objects.get_or_create(
        version=version,
        streaming=True,
        defaults={
            "dataset": version.dataset,
            "strategy": "vessal",
            "random_share": 0.0,
            "size": 0,
            "state": WorkState.DONE,  # nothing is to be done for it, so nobody is rung
        },
    )
    StreamState.objects.get_or_create(round=current, defaults={"arrays": b""})
    return StreamState.objects.select_for_update().get(round=current)


def _stream(state: StreamState, rate: float, probabilities: Floats, seen: Floats) -> Stream:
    """The stream as it was left, at today's rate; a new one where there is none, or none that fits."""
    if state.arrays:
        stream = Stream.resume(np.load(BytesIO(state.arrays)))
        if stream.fits(probabilities, seen):
            stream.steer(rate)
            return stream
    # A version that doesn't serve any more is offered nothing: its megabytes go. Brought back, it begins anew.
    StreamState.objects.filter(round__dataset=state.round.dataset_id).exclude(pk=state.pk).update(arrays=b"")
    return Stream.begin(
        rate,
        n_classes=probabilities.shape[1],
        n_features=seen.shape[1],
        seed=state.round_id,
        dimensions=DIMENSIONS,
    )


def _store(state: StreamState, stream: Stream, offered: int) -> None:
    file = BytesIO()
    np.savez(file, **stream.state())
    state.arrays, state.seen = file.getvalue(), state.seen + offered
    state.save(update_fields=["arrays", "seen"])


def _queue(current: SamplingRound, ids: list[int], offer: Offer) -> int:
    """Ranks go on from the last one taken. What waits already, as by a draw at random, stays as it is."""
    rows = [(image, ratio) for image, taken, ratio in zip(ids, *offer, strict=True) if taken]
    Pick.objects.bulk_create(
        Pick(round=current, image_id=image, rank=rank, score=float(ratio), reason=REASON)
        for rank, (image, ratio) in enumerate(rows, start=current.queued + 1)
    )
    QueueItem.objects.bulk_create(
        [
            QueueItem(image_id=image, dataset_id=current.dataset_id, score=SCORE, reason=REASON, round=current.pk)
            for image, _ in rows
        ],
        ignore_conflicts=True,
    )
    SamplingRound.objects.filter(pk=current.pk).update(queued=F("queued") + len(rows))
    return len(rows)
