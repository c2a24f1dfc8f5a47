"""Scores from outside: any tool can say what is asked first."""

from dataclasses import dataclass

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from accounts.audit import audit
from accounts.models import User
from annotations import imported
from annotations.crowd_columns import SHOWN, BadRows
from annotations.models import QueueItem
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
def scores_import(*, dataset: DataSet, table: ScoreTable, by: User | None = None) -> ScoresImported:
    """The queue asks about these images, the highest score first, in place of what nobody has begun.

    A name stands for an image as in a file of votes. Rows on what can't be asked about are left out.
    """
    meaning = imported.images(dataset, table.images)
    images = meaning.of(table.image)
    open_ = set(askable(dataset).values_list("pk", flat=True))
    kept = np.array([image in open_ for image in images.tolist()], dtype=bool)
    again = np.ones(len(images), dtype=bool)
    again[np.unique(images, return_index=True)[1]] = False  # by name and by number, say: the first row holds
    bad = table.bad + _left_out(table, images, kept, again, meaning.reasons)
    chosen = np.flatnonzero(kept & ~again)
    order = chosen[np.argsort(-table.score[chosen], kind="stable")]
    # Scores of different tools have no common scale: the rank is what counts.
    ranks = {int(images[row]): 1 - place / len(order) for place, row in enumerate(order.tolist())}
    if ranks:
        items = (QueueItem(image_id=pk, dataset=dataset, score=rank, reason=REASON) for pk, rank in ranks.items())
        queue_replace(dataset=dataset, items=items)
        audit(by, "brought scores into", dataset, images=len(ranks), left_out=bad.count)
    return ScoresImported(len(ranks), bad)


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
