"""How a control has been answered, by the truth that its answers count against by now."""

from django.db.models import QuerySet

from annotations.models import Annotator, AnswerKind, ControlAnswer
from annotations.selectors import faces_of, regraded
from gallery.models import Image

LOOKED_BACK = 200  # answers


def is_right(kind: int, answer: int, truth: int) -> bool:
    return (answer == truth) != (kind == AnswerKind.NO)


def truth_now(answer: ControlAnswer, regrades: dict[int, int | None]) -> int | None:
    """None where a re-grade says that the answers count not at all."""
    return regrades.get(answer.image_id, answer.truth)


def answers_to(image: Image) -> list[ControlAnswer]:
    """The latest answers to one control."""
    rows = ControlAnswer.objects.filter(image=image).select_related("annotator__user").order_by("-id")
    return list(rows[:LOOKED_BACK])


def mistakes(annotator: Annotator, *, seen: QuerySet[Image]) -> list[tuple[ControlAnswer, int]]:
    """Their wrong answers to retired gold that they may see, each with the right one. What may still be asked is not
    given away."""
    rows = ControlAnswer.objects.filter(annotator__in=faces_of(annotator), image__gold__retired_at__isnull=False)
    rows = rows.filter(image__in=seen).select_related("image", "dataset")
    latest = list(rows.order_by("-id")[:LOOKED_BACK])
    regrades = {dataset.pk: regraded(dataset) for dataset in {row.dataset for row in latest}}
    judged = [(row, truth_now(row, regrades[row.dataset_id])) for row in latest]
    return [(row, truth) for row, truth in judged if truth is not None and not is_right(row.kind, row.answer, truth)]
