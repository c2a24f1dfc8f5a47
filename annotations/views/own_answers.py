"""What somebody is told of their own answers: how reliable they are, what they got wrong, and how to object."""

from collections import defaultdict
from typing import Any

from annotations.controls import mistakes
from annotations.figures import interval
from annotations.models import Annotator, Appeal, Challenge, ChallengeState, Reliability
from annotations.selectors import faces_of, is_blocked
from annotations.wording import named, said
from gallery.access import Person, visible_images
from gallery.models import DataSet

SHOWN = 12  # mistakes a data set


def gather(annotator: Annotator | None, user: Person) -> dict[str, Any]:
    if annotator is None:
        return {"answered": 0, "rows": []}
    answered = [ChallengeState.PASSED, ChallengeState.FAILED, ChallengeState.UNSURE]
    rows = Reliability.objects.filter(annotator=annotator.person_id).select_related("dataset")
    wrong, appeals = _mistakes(annotator, user), _appeals(annotator)
    return {
        "answered": Challenge.objects.filter(annotator__in=faces_of(annotator), state__in=answered).count(),
        "blocked": is_blocked(annotator),
        "rows": [
            {
                "reliability": row,
                "range": interval(row.low, row.accuracy, row.high),
                "mistakes": wrong[row.dataset_id],
                "appeal": appeals.get(row.dataset_id),
            }
            for row in rows.order_by("dataset__name")
        ],
    }


def _appeals(annotator: Annotator) -> dict[int, Appeal]:
    """The latest a data set."""
    rows = Appeal.objects.filter(annotator__in=faces_of(annotator)).order_by("created_at", "pk")
    return {appeal.dataset_id: appeal for appeal in rows}


def _mistakes(annotator: Annotator, user: Person) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    names: dict[DataSet, list[str]] = {}
    for row, truth in mistakes(annotator, seen=visible_images(user)):
        if row.dataset not in names:
            names[row.dataset] = list(row.dataset.classes.values_list("name", flat=True))
        words = names[row.dataset]
        if len(found[row.dataset_id]) < SHOWN:
            found[row.dataset_id].append(
                {"row": row, "said": said(row.kind, row.answer, words), "truth": named(truth, words)}
            )
    return found
