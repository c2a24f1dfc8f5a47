"""Scores from outside: any tool can say what is asked first."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from accounts.audit import audit
from accounts.models import User
from annotations import imported
from annotations.crowd_columns import SHOWN, BadRows
from annotations.models import QueueItem
from annotations.services.campaigns import refuse_ended
from gallery.models import DataSet
from learning.score_files import ScoreTable
from learning.selectors import askable
from learning.services.queueing import queue_replace

REASON = "scores from a file"
HAS_LABEL = "is not asked about: it has its label, is gold, or was taken out"


@dataclass(frozen=True)
class ScoresImported:
    queued: int
    bad: BadRows


@transaction.atomic
def scores_import(
    *, dataset: DataSet, table: ScoreTable, by: User | None = None, again: bool = False
) -> ScoresImported:
    """The queue asks about these images, the highest score first, in place of what nobody has begun.

    A name stands for an image as in a file of votes. Rows on what can't be asked about are left out, and unless
    `again` those on what people agree on. Raises NotNow for an ended campaign: nobody would be asked.
    """
    refuse_ended(dataset)
    ranks, bad = _ranks(dataset, table, set(askable(dataset, again=again).values_list("pk", flat=True)))
    if ranks:
        queue_replace(dataset=dataset, items=_items(dataset, ranks))
        audit(by, "brought scores into", dataset, images=len(ranks), left_out=bad.count)
    return ScoresImported(len(ranks), bad)


@transaction.atomic
def scores_hold(*, dataset: DataSet, table: ScoreTable) -> int:
    """What a round has replaced before anybody began it is asked first all the same; how many images it is."""
    replaced = askable(dataset).filter(consensus=None).exclude(queued__reason=REASON)
    ranks, _ = _ranks(dataset, table, set(replaced.values_list("pk", flat=True)))
    above_a_round = {image: 1 + rank for image, rank in ranks.items()}
    QueueItem.objects.bulk_create(
        _items(dataset, above_a_round),
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=["score", "reason", "round"],
    )
    return len(ranks)


def _items(dataset: DataSet, scores: dict[int, float]) -> list[QueueItem]:
    rows = sorted(scores.items())
    return [QueueItem(image_id=image, dataset=dataset, score=score, reason=REASON) for image, score in rows]


def _ranks(dataset: DataSet, table: ScoreTable, wanted: Collection[int]) -> tuple[dict[int, float], BadRows]:
    """Image → rank, from 1 down, of those that are wanted, and the rows that are about no such image."""
    meaning = imported.images(dataset, table.images)
    images = meaning.of(table.image)
    kept = np.array([image in wanted for image in images.tolist()], dtype=bool)
    repeated = np.ones(len(images), dtype=bool)
    repeated[np.unique(images, return_index=True)[1]] = False  # by name and by number, say: the first row holds
    bad = table.bad + _left_out(table, images, kept, repeated, meaning.reasons)
    chosen = np.flatnonzero(kept & ~repeated)
    order = chosen[np.argsort(-table.score[chosen], kind="stable")]
    # Scores of different tools have no common scale: the rank is what counts.
    return {int(images[row]): 1 - place / len(order) for place, row in enumerate(order.tolist())}, bad


def _left_out(
    table: ScoreTable,
    images: NDArray[np.int64],
    kept: NDArray[np.bool_],
    again: NDArray[np.bool_],
    reasons: dict[int, str],
) -> BadRows:
    wrong = np.flatnonzero(~kept | again)
    bad = BadRows(count=len(wrong))
    for row in wrong[:SHOWN].tolist():
        place = int(table.image[row])
        name = table.images[place][:40]
        repeated = f"image {name!r} is further up by another name" if kept[row] else f"image {name!r} {HAS_LABEL}"
        bad.first.append((int(table.line[row]), reasons.get(place, repeated)))
    return bad
