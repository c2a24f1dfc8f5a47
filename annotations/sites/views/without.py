"""A visit without pictures: by ear or in words, in the same frame."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from annotations.challenges.tiles import AnswerError
from annotations.models import Unseen, UnseenKind
from annotations.ranges import sound_response
from annotations.selectors_unseen import sound_of
from annotations.services.refusals import ChallengeGone, TooManyTries
from annotations.services.unseen import is_open
from annotations.sites import access
from annotations.sites.models import Visit
from annotations.sites.services.visits import VisitOver, visit_answer_unseen, visit_ask_unseen
from annotations.sites.views.look import framed, look_of
from annotations.sites.views.stage import end_of, passed, staged
from annotations.sites.ways import WAYS
from annotations.spoken import told
from annotations.views.unseen import FAILED, GONE, questions_shown, said_in


@framed
@require_GET
def embed_ways(request: HttpRequest, pk: UUID) -> HttpResponse:
    return staged(request, _ways(request, access.visit_of(pk)))


@framed
@require_POST
def embed_unseen(request: HttpRequest, pk: UUID) -> HttpResponse:
    visit, kind = access.visit_of(pk), request.POST.get("kind", "")
    if kind not in UnseenKind.values:
        return staged(request, _ways(request, visit, gettext("Choose sounds or questions in words.")))
    try:
        unseen = visit_ask_unseen(visit=visit, kind=kind)
    except VisitOver:
        return staged(request, end_of(visit))
    except TooManyTries as wait:
        return staged(request, {**_ways(request, visit, str(wait)), "wait": wait.seconds})
    return staged(request, _questions(request, visit, unseen))


@framed
@require_POST
def embed_unseen_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    visit, asked = access.visit_of(pk), access.unseen_of(pk)
    said, done = said_in(request.POST, asked), request.POST.get("work", "").split()
    try:
        answered = visit_answer_unseen(visit=visit, said=said, done=done, trap=request.POST.get("website", ""))
    except VisitOver:
        return staged(request, end_of(visit))
    except ChallengeGone:
        return staged(request, _ways(request, visit, str(GONE)))
    except AnswerError as unreadable:
        return staged(request, _questions(request, visit, asked, said, told(unreadable)))
    if not answered.passed:
        return staged(request, _ways(request, visit, str(FAILED)))
    return staged(request, passed(visit, answered.token, WAYS[visit.protocol].keeps))


@framed
@require_GET
def embed_sound(request: HttpRequest, pk: UUID, place: int) -> HttpResponse:
    asked = access.unseen_of(pk)
    if not is_open(asked):
        raise Http404
    try:
        sound = sound_of(asked, place)
    except LookupError:
        raise Http404 from None
    return sound_response(request, sound)


def _ways(request: HttpRequest, visit: Visit, problem: str = "") -> dict[str, Any]:
    look = look_of(request)
    return {
        "stage": "sites/widget_ways.html",
        "kinds": UnseenKind,
        "start_url": look.address("embed_unseen", visit.pk),
        "next_url": look.address("embed_next", visit.pk),
        "problem": problem,
    }


def _questions(
    request: HttpRequest, visit: Visit, asked: Unseen, said: list[str] | None = None, problem: str = ""
) -> dict[str, Any]:
    look = look_of(request)
    return {
        **questions_shown(asked, said, lambda place: look.address("embed_sound", visit.pk, place)),
        "stage": "sites/widget_unseen.html",
        "extra": "sites/widget_trap.html",
        "start_url": look.address("embed_unseen", visit.pk),
        "answer_url": look.address("embed_unseen_answer", visit.pk),
        "back_url": look.address("embed_next", visit.pk),
        "problem": problem,
    }
