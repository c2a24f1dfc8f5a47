"""Uploads as they arrive: those that add to what was asked before, and those that the model is not sure of, go into the
queue at once, without a round."""

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
from learning.models import ModelVersion, Pick, Policy, SamplingRound, StreamState
from learning.selectors import askable, policy_of
from learning.services.inputs import Inputs
from learning.services.networks import load_network

REASON, UNSURE = "stream", "not sure"
# Half of a round comes before them and half after: a new picture is asked soon, and an upload of thousands doesn't keep
# what a round found best waiting. None waits for ever, as the queue is topped up once less than half a round is left.
SCORE = 0.5
# Every few uploads read the state and write it. Its matrices are a megabyte and a half with this, and six with 512.
DIMENSIONS = 256

Picked = tuple[int, float, str]  # an image, its score, and what picked it


def uploads_offer(*, version: ModelVersion, inputs: Inputs, probabilities: Floats, images: Collection[int]) -> int:
    """Offer these of the inputs' images to the version's stream, each once, and queue what it takes, and what the
    version is not sure of; so many.

    `probabilities` (N, K) are the version's word on `inputs`. Only images of the pool that may be asked about count.
    """
    policy = policy_of(version.dataset)
    if not (policy.stream_rate or policy.sure_from) or has_ended(version.dataset):
        return 0
    streams = policy.stream_rate > 0  # else nobody goes by the features
    seen = features(load_network(version), inputs.x) if streams else np.zeros((len(inputs.ids), 0), np.float32)
    with transaction.atomic():
        chosen = askable(version.dataset).filter(split=Split.POOL, pk__in=images).values_list("pk", flat=True)
        rows = {image: row for row, image in enumerate(inputs.ids)}
        ids = sorted(set(chosen) & set(rows))
        at = [rows[image] for image in ids]
        return _offer(version, policy, ids, probabilities[at], seen[at]) if ids else 0


def _offer(version: ModelVersion, policy: Policy, ids: list[int], probabilities: Floats, seen: Floats) -> int:
    state = _locked(version)
    picked = _take(state, policy.stream_rate, ids, probabilities, seen) if policy.stream_rate else []
    StreamState.objects.filter(pk=state.pk).update(seen=F("seen") + len(ids))
    picked += _doubted(policy, ids, probabilities, {image for image, *_ in picked})
    return _queue(state.round, picked)


def _take(state: StreamState, rate: float, ids: list[int], probabilities: Floats, seen: Floats) -> list[Picked]:
    """What the stream takes, in the order in which it came."""
    stream = _stream(state, rate, probabilities, seen)
    offer = stream.offer(probabilities, seen)
    _store(state, stream)
    rows = zip(ids, offer.taken.tolist(), offer.ratios.tolist(), strict=True)
    return [(image, ratio, REASON) for image, taken, ratio in rows if taken]


def _doubted(policy: Policy, ids: list[int], probabilities: Floats, taken: set[int]) -> list[Picked]:
    """What the version is not sure of and does not wait yet, the least sure first. No more of them wait than a round
    has: a flood of them leaves room for what a round finds best, and rounds choose among the rest."""
    queue = QueueItem.objects.filter(dataset=policy.dataset_id)
    room = max(policy.round_size - queue.filter(reason=UNSURE).count(), 0)
    known = taken | set(queue.filter(image__in=ids).values_list("image", flat=True))
    rows = zip(probabilities.max(axis=1).tolist(), ids, strict=True)
    unsure = sorted((share, image) for share, image in rows if share < policy.sure_from and image not in known)
    return [(image, 1 - share, UNSURE) for share, image in unsure[:room]]


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


def _store(state: StreamState, stream: Stream) -> None:
    file = BytesIO()
    np.savez(file, **stream.state())
    state.arrays = file.getvalue()
    state.save(update_fields=["arrays"])


def _queue(current: SamplingRound, picked: list[Picked]) -> int:
    """Ranks go on from the last one taken. What waits already, as by a draw at random, stays as it is."""
    Pick.objects.bulk_create(
        Pick(round=current, image_id=image, rank=rank, score=score, reason=reason)
        for rank, (image, score, reason) in enumerate(picked, start=current.queued + 1)
    )
    QueueItem.objects.bulk_create(
        [
            QueueItem(image_id=image, dataset_id=current.dataset_id, score=SCORE, reason=reason, round=current.pk)
            for image, _, reason in picked
        ],
        ignore_conflicts=True,
    )
    SamplingRound.objects.filter(pk=current.pk).update(queued=F("queued") + len(picked))
    return len(picked)
