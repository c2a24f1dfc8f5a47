"""One contested picture at a time, the most valuable first: what people said of it, and a key for each class."""

import math
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from annotations import access, access_review
from annotations.contested import answers_on, beyond, contested, doubted_since, last_ruling
from annotations.forms_review import NOBODY, ClassOrNoneForm
from annotations.models import Consensus
from annotations.services.publication import NotNow
from annotations.services.rulings import ruling_make, ruling_withdraw
from annotations.views.back import back
from annotations.wording import said
from gallery.access import dataset_write
from gallery.models import DataSet, LabelClass


@require_GET
def review_contested(request: HttpRequest) -> HttpResponse:
    access.reviewer(request)
    return render(request, "annotations/review_contested.html", {"tab": "contested", **_next(request, None)})


@require_GET
def dataset_contested(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    return render(request, "annotations/dataset_contested.html", {"dataset": dataset, **_next(request, dataset)})


@require_POST
def image_rule(request: HttpRequest, pk: int) -> HttpResponse:
    image = access_review.image_rule(request, pk)
    form = ClassOrNoneForm(request.POST, dataset=image.dataset)
    if form.is_valid():
        ruling_make(image=image, label=form.picked, by=request.user)
    else:
        messages.error(request, "That isn't one of the classes of this data set.")
    return back(request, "image", image.pk)


@require_POST
def image_rule_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    image = access_review.image_rule(request, pk)
    try:
        ruling_withdraw(image=image, by=request.user)
    except NotNow as reason:
        messages.warning(request, str(reason))
    return back(request, "image", image.pk)


def _next(request: HttpRequest, dataset: DataSet | None) -> dict[str, Any]:
    queue = contested(dataset)
    row = _asked(request, queue) or _after(request, queue).first()
    last = last_ruling(request.user, dataset)
    return {
        "path": request.path,
        "row": row,
        "waiting": queue.count(),
        "last": last,
        "last_name": _name(last.image.dataset, last.label) if last else "",
        "nobody": NOBODY,
        **(_shown(row) if row else {}),
    }


def _asked(request: HttpRequest, queue: QuerySet[Consensus]) -> Consensus | None:
    """One picture by name: the one whose ruling was just taken back."""
    image = request.GET.get("image", "")
    return queue.filter(image=image).first() if image.isdecimal() and len(image) < 19 else None


def _after(request: HttpRequest, queue: QuerySet[Consensus]) -> QuerySet[Consensus]:
    """What comes after the place that was left: «value-image». Skipping leaves no row behind."""
    value, _, image = request.GET.get("after", "").rpartition("-")
    try:
        place = float(value)
    except ValueError:
        return queue
    named = math.isfinite(place) and image.isdecimal() and len(image) < 19
    return beyond(queue, place, int(image)) if named else queue


def _shown(row: Consensus) -> dict[str, Any]:
    classes = list(row.dataset.classes.all())
    present = [cls for cls in classes if cls.removed_at is None]
    answers = answers_on(row.image)
    most, names = max((one.people for one in answers), default=1), [cls.name for cls in classes]
    bars = [
        {"name": said(one.kind, one.answer, names), "percent": round(100 * one.people / most), "text": str(one.people)}
        for one in answers
    ]
    return {
        "bars": {"title": "How many people said so", "rows": bars},
        "leans": f"{names[row.label]}, {row.confidence:.0%}",
        "doubted": doubted_since(row.image),
        "choices": with_keys(present),
        "nobody_key": nobody_key(present),
        "place": f"{row.value!r}-{row.image_id}",
    }


def with_keys(classes: list[LabelClass]) -> list[tuple[LabelClass, str]]:
    """A class's own key, or its place from 1 to 9 where no other class has that key."""
    taken = {cls.key.casefold() for cls in classes if cls.key}
    places = ["" if place > 9 or str(place) in taken else str(place) for place in range(1, len(classes) + 1)]
    return [(cls, cls.key or place) for cls, place in zip(classes, places, strict=True)]


def nobody_key(classes: list[LabelClass]) -> str:
    """0, or ? where a class has 0; none where a class has that, too."""
    taken = {cls.key for cls in classes}
    return next((key for key in "0?" if key not in taken), "")


def _name(dataset: DataSet, label: int | None) -> str:
    return "nobody can tell" if label is None else dataset.classes.get(index=label).name
