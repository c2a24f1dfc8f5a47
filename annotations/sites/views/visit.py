"""A visit's challenge in its frame: shown, answered, passed over, reported. Pages of other hosts can't show it."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from annotations.challenges.registry import KINDS
from annotations.challenges.tiles import AnswerError
from annotations.forms import ReportForm
from annotations.services.pictures import challenge_picture
from annotations.services.refusals import ChallengeGone, TooManyTries
from annotations.services.reports import TooManyReports, report_tile
from annotations.sites import access
from annotations.sites.models import Visit
from annotations.sites.services.visits import CANT_TELL, Answered, VisitOver, visit_answer
from annotations.sites.views.look import framed, look_of, shown_on
from annotations.sites.views.stage import end_of, next_of, passed, patient, staged
from annotations.sites.ways import WAYS
from annotations.spoken import told
from annotations.views import solve
from annotations.views.solve import Outcome, is_still_open, message_alone
from annotations.views.solve_raw import raw_answer
from annotations.views.solve_shown import shown_at


@framed
@require_GET
def embed_visit(request: HttpRequest, pk: UUID) -> HttpResponse:
    visit = access.visit_of(pk)
    context = {**next_of(request, visit), "look": look_of(request), "embedded": True}
    response = render(request, "sites/widget_visit.html", context, status=429 if context.get("wait") else 200)
    return shown_on(patient(response, context), [visit.hostname])


@framed
@require_GET
def embed_next(request: HttpRequest, pk: UUID) -> HttpResponse:
    return staged(request, next_of(request, access.visit_of(pk)))


@framed
@require_GET
def embed_sprite(request: HttpRequest, pk: UUID, challenge: UUID) -> HttpResponse:
    asked = access.challenge_of(pk, challenge)
    if not is_still_open(asked):
        raise Http404
    return HttpResponse(challenge_picture(asked), content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@framed
@require_POST
def embed_answer(request: HttpRequest, pk: UUID, challenge: UUID) -> HttpResponse:
    visit = access.visit_of(pk)
    if visit.challenge_id != challenge and not visit.passed_at:
        return staged(request, next_of(request, visit), solve.GONE)
    try:
        answered = _answer(request, visit)
    except VisitOver:
        return staged(request, end_of(visit))
    except ChallengeGone:
        return staged(request, next_of(request, visit), solve.GONE)
    except AnswerError as unreadable:
        return message_alone(request, Outcome("warning", told(unreadable)))
    except TooManyTries as wait:
        return patient(message_alone(request, Outcome("warning", str(wait))), {"wait": wait.seconds})
    return answer_staged(request, visit, answered)


@framed
@require_POST
def embed_report(request: HttpRequest, pk: UUID, challenge: UUID) -> HttpResponse:
    visit, asked = access.visit_of(pk), access.challenge_of(pk, challenge)
    form = ReportForm(request.POST)
    if not is_still_open(asked):
        return staged(request, next_of(request, visit), solve.GONE)
    if not form.is_valid() or form.cleaned_data["position"] not in shown_at(KINDS[asked.kind]):
        return message_alone(request, Outcome("warning", gettext("Say which picture it is.")))
    try:
        report_tile(challenge=asked, position=form.cleaned_data["position"], annotator=visit.annotator)
    except TooManyReports as reason:
        return message_alone(request, Outcome("warning", str(reason)))
    return staged(request, next_of(request, visit), solve.REPORTED)


def answer_staged(request: HttpRequest, visit: Visit, answered: Answered) -> HttpResponse:
    if answered.passed:
        return staged(request, passed(visit, answered.token, WAYS[visit.protocol].keeps))
    unsure = solve.CANT_TELL if "unsure" in request.POST else solve.UNSURE
    return staged(request, next_of(request, visit), unsure if answered.passed is None else solve.FAILED)


def _answer(request: HttpRequest, visit: Visit) -> Answered:
    if visit.challenge is None:
        raise VisitOver
    raw = CANT_TELL if "unsure" in request.POST else raw_answer(visit.challenge, request.POST)
    done, trap = request.POST.get("work", "").split(), request.POST.get("website", "")
    return visit_answer(visit=visit, raw=raw, done=done, trap=trap)
