"""All that is known of one person's answers, gathered for the reviewer who decides about them."""

from collections import defaultdict
from typing import Any

from django.db.models import Count, QuerySet

from annotations.figures import answer_times, confusion, dense, interval
from annotations.models import (
    Annotator,
    AnswerKind,
    Challenge,
    ControlAnswer,
    Decision,
    Flag,
    Reliability,
    Vote,
)
from annotations.selectors import faces_of, is_blocked
from annotations.views.plots import plots
from gallery.models import LabelClass

CONTROLS_SHOWN = 24
TIMES_READ = 500


def gather(person: Annotator) -> dict[str, Any]:
    faces = faces_of(person)
    decisions = list(Decision.objects.filter(annotator__in=faces).select_related("decided_by", "refit"))
    rows = list(Reliability.objects.filter(annotator=person).select_related("dataset").order_by("dataset__name"))
    names = _names([row.dataset_id for row in rows])
    return {
        "person": person,
        "blocked": is_blocked(person),
        "faces": faces.count(),
        "flags": Flag.objects.filter(annotator=person).select_related("dataset"),
        "decisions": decisions,
        "refit": next((decision.refit for decision in decisions if decision.refit), None),
        "given": Vote.objects.standing()
        .filter(annotator__in=faces)
        .aggregate(votes=Count("pk"), images=Count("image", distinct=True)),
        "shown": [_row(row, names[row.dataset_id]) for row in rows],
        "controls": _controls(faces),
        "graded": ControlAnswer.objects.filter(annotator__in=faces).count(),
        "times": answer_times(_seconds(faces)),
        "plots": plots(person),
    }


def _row(row: Reliability, names: list[str]) -> dict[str, Any]:
    caption = "Expected counts: rows say what it was, columns what was answered. Uncertain pictures count in parts."
    counts = dense(row.counts, len(names))
    return {
        "reliability": row,
        "range": interval(row.low, row.accuracy, row.high),
        "matrix": confusion(counts, names, matrix_id=f"confusion-{row.pk}", caption=caption),
    }


def _controls(faces: QuerySet[Annotator]) -> list[dict[str, Any]]:
    answers = ControlAnswer.objects.filter(annotator__in=faces).select_related("image").order_by("-id")
    answers = list(answers[:CONTROLS_SHOWN])
    names = _names([answer.dataset_id for answer in answers])
    return [_control(answer, names[answer.dataset_id]) for answer in answers]


def _control(answer: ControlAnswer, names: list[str]) -> dict[str, Any]:
    named, truth = names[answer.answer], names[answer.truth]
    asked, said = {
        AnswerKind.CHOICE: ("What is it?", named),
        AnswerKind.YES: (f"Is it {named}?", "Yes"),
        AnswerKind.NO: (f"Is it {named}?", "No"),
    }[AnswerKind(answer.kind)]
    return {"row": answer, "asked": asked, "said": said, "truth": truth}


def _seconds(faces: QuerySet[Annotator]) -> list[float]:
    answered = Challenge.objects.filter(annotator__in=faces).exclude(answered_at=None)
    times = answered.values_list("issued_at", "answered_at")[:TIMES_READ]
    return [(answered_at - issued_at).total_seconds() for issued_at, answered_at in times]


def _names(datasets: list[int]) -> dict[int, list[str]]:
    names: dict[int, list[str]] = defaultdict(list)
    for dataset, name in (
        LabelClass.objects.filter(dataset__in=datasets).order_by("dataset", "index").values_list("dataset", "name")
    ):
        names[dataset].append(name)
    return names
