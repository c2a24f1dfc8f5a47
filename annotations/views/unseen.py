"""Solving without pictures: what to answer instead, the questions, what is to be heard, and the verdict."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.doors import network_of
from annotations.access_unseen import unseen_own
from annotations.challenges.tiles import AnswerError
from annotations.challenges.unseen import asking, work
from annotations.forms_unseen import UnseenForm
from annotations.identity import annotator_of
from annotations.models import Unseen, UnseenKind, UnseenWay
from annotations.ranges import sound_response
from annotations.selectors_unseen import questions_of, sound_of, work_of
from annotations.services.networks import network_admit, network_noted
from annotations.services.refusals import ChallengeGone, TooManyTries
from annotations.services.unseen import WAIT, is_open, unseen_answer, unseen_issue
from annotations.spoken import options_spoken, spoken, told

PASSED = gettext_lazy("Thank you, that was all right. No pictures were needed.")
FAILED = gettext_lazy("One answer or more didn’t match. It happens: here you can try with others, or in the other way.")
GONE = gettext_lazy("Those questions were answered or replaced already. You can ask for others.")


@never_cache
@require_GET
def unseen(request: HttpRequest) -> HttpResponse:
    return _choice(request)


@require_POST
def unseen_start(request: HttpRequest) -> HttpResponse:
    form = UnseenForm(request.POST)
    if not form.is_valid():
        return _choice(request, {"problem": gettext("Choose sounds or questions in words.")}, status=422)
    annotator = annotator_of(request)
    try:
        network_admit(network=network_of(request), annotator=annotator, unseen=True)
        asked = unseen_issue(annotator=annotator, **form.cleaned_data)
    except TooManyTries as wait:
        response = _choice(request, {"problem": str(wait)}, status=429)
        response["Retry-After"] = str(wait.seconds)
        return response
    return redirect("unseen_one", asked.pk)


@never_cache
@require_GET
def unseen_one(request: HttpRequest, pk: UUID) -> HttpResponse:
    asked = unseen_own(request, pk)
    if not is_open(asked):
        messages.info(request, GONE)
        return redirect("unseen")
    return _questions(request, asked)


@require_POST
def unseen_answer_one(request: HttpRequest, pk: UUID) -> HttpResponse:
    asked = unseen_own(request, pk)
    said = said_in(request.POST, asked)
    try:
        if not is_open(asked):
            raise ChallengeGone
        passed = unseen_answer(unseen=asked, said=said, done=request.POST.get("work", "").split())
    except AnswerError as unreadable:
        return _questions(request, asked, said, told(unreadable))
    except ChallengeGone:
        messages.info(request, GONE)
        return redirect("unseen")
    if not passed:
        network_noted(network=network_of(request), annotator=asked.annotator, passed=False)
    messages.add_message(request, messages.SUCCESS if passed else messages.WARNING, PASSED if passed else FAILED)
    return redirect("unseen")


@require_GET
def unseen_sound(request: HttpRequest, pk: UUID, place: int) -> HttpResponse:
    asked = unseen_own(request, pk)
    if not is_open(asked):
        raise Http404
    try:
        sound = sound_of(asked, place)
    except LookupError:
        raise Http404 from None
    return sound_response(request, sound)


def _choice(request: HttpRequest, more: dict[str, Any] | None = None, *, status: int = 200) -> HttpResponse:
    context = {
        "kinds": UnseenKind,
        "start_url": reverse("unseen_start"),
        "few": asking.questions_needed("work"),
        "many": asking.questions_needed("wait"),
        "wait": round(WAIT.total_seconds()),
        **(more or {}),
    }
    return render(request, "annotations/unseen.html", context, status=status)


def _questions(request: HttpRequest, asked: Unseen, said: list[str] | None = None, problem: str = "") -> HttpResponse:
    """With what was said so far, where it could not be judged yet."""
    context = {
        **questions_shown(asked, said, lambda place: reverse("unseen_sound", args=[asked.pk, place])),
        "done": request.POST.get("work", "") if _is_done(request, asked) else "",
        "problem": problem,
        "answer_url": reverse("unseen_answer", args=[asked.pk]),
        "start_url": reverse("unseen_start"),
        "back_url": reverse("solve"),
    }
    return render(request, "annotations/unseen_one.html", context, status=422 if problem else 200)


def questions_shown(asked: Unseen, said: list[str] | None, sound_url: Callable[[int], str]) -> dict[str, Any]:
    """The questions as a template's context, with what was picked so far."""
    return {
        "unseen": asked,
        "questions": [
            _shown(question, sound_url(place), said[place] if said else None)
            for place, question in enumerate(questions_of(asked))
        ],
        "work": work_of(asked),
        "wait": round(WAIT.total_seconds()) if asked.way == UnseenWay.WAIT else 0,
    }


def said_in(post: QueryDict, asked: Unseen) -> list[str]:
    return [post.get(f"question-{place}", "") for place in range(asking.questions_needed(asked.way))]


def _shown(question: asking.Asked, sound_url: str, picked: str | None) -> dict[str, Any]:
    asks, options = spoken(question.question.asks), options_spoken(question.question.options)
    return {"asks": asks, "options": options, "sound": sound_url if question.sound else "", "picked": picked}


def _is_done(request: HttpRequest, asked: Unseen) -> bool:
    """Work that was done once need not be done again for answers that could not be read."""
    if (asked_for := work_of(asked)) is None:
        return False
    try:
        work.check(asked_for, request.POST.get("work", "").split())
    except work.NoWork:
        return False
    return True
