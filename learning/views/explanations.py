"""«Why this tag?»: the part of an image's page that shows what was asked, and takes what is asked next."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotations.services.publication import NotNow
from annotations.views.fragments import fragment
from gallery.access import image_read
from gallery.models import Image
from gallery.work import SILENT_AFTER, WorkState
from learning.explanation_file import explanation_file
from learning.explanation_words import WORKING, Words, words_of
from learning.forms_explain import ExplainForm, class_chosen
from learning.models import Explanation, ExplanationKind
from learning.selectors import champion_of
from learning.selectors_explanations import choices_of, explanations_of, pictures_seen
from learning.services.explanations import TooManyExplanations, explanation_request

SHOWN = 12


@dataclass(frozen=True)
class Shown:
    """One explanation as the page has it. `state` says what is going on while it isn't done."""

    row: Explanation
    state: str = ""
    words: Words | None = None
    pictures: list[dict[str, Any]] = field(default_factory=list)


@never_cache
@require_GET
def image_explanations(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, image_read(request, pk), class_chosen(request.GET))


@login_required
@require_POST
def image_explain(request: HttpRequest, pk: int) -> HttpResponse:
    image = image_read(request, pk)
    form = ExplainForm(request.POST, dataset=image.dataset)
    if form.is_valid():
        _ask(request, image, form.cleaned_data)
    else:
        messages.error(request, "Ask by one of the buttons, about one of the classes of this data set.")
    chosen = class_chosen(request.POST)
    if request.htmx:
        return _page(request, image, chosen, after_post=True)
    return HttpResponseRedirect(_address(image, chosen))


@require_GET
def image_explanation(request: HttpRequest, pk: int, number: int) -> FileResponse:
    """The picture with the map over it."""
    return explanation_file(get_object_or_404(image_read(request, pk).explanations, pk=number))


def _ask(request: HttpRequest, image: Image, wanted: dict[str, Any]) -> None:
    try:
        explanation_request(image=image, by=request.user, **wanted)
    except (NotNow, TooManyExplanations) as reason:
        messages.warning(request, str(reason))


def _page(request: HttpRequest, image: Image, chosen: int | None, *, after_post: bool = False) -> HttpResponse:
    version = champion_of(image.dataset)
    rows = explanations_of(image, version)[:SHOWN] if version else []
    going = sum(row.going for row in rows)
    context = {
        "image": image,
        "version": version,
        "kinds": ExplanationKind.choices,
        "choices": choices_of(image, rows) if version else [],
        "chosen": chosen,
        "shown": _shown(request, rows),
        "going": going,
        "address": _address(image, chosen),
        "after_post": after_post,
    }
    return fragment(request, "learning/explanations.html", context, title=f"Why {image} has its tag")


def _address(image: Image, chosen: int | None) -> str:
    return reverse("image_explanations", args=[image.pk]) + (f"?label={chosen}" if chosen is not None else "")


def _shown(request: HttpRequest, rows: list[Explanation]) -> list[Shown]:
    pictures = pictures_seen(rows, request.user)
    return [_one(row, pictures[row.pk]) for row in rows]


def _one(row: Explanation, pictures: list[dict[str, Any]]) -> Shown:
    if row.state == WorkState.DONE:
        return Shown(row, words=words_of(row.kind, row.facts, str(row.label)), pictures=pictures)
    return Shown(row, state=_state(row))


def _state(row: Explanation) -> str:
    if row.state == WorkState.FAILED:
        return row.error
    if row.state == WorkState.RUNNING:
        return WORKING[ExplanationKind(row.kind)]
    if row.attempt:
        return "It stopped unexpectedly, and is tried again."
    if timezone.now() - row.created_at > SILENT_AFTER:
        return "No worker has taken it yet; they are busy, or none is running."
    return "Waits for a worker."
