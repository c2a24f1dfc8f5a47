"""Solving: a page with one challenge, its picture, its answer, and the word that a picture is not fit to show."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.doors import network_of
from annotations import access
from annotations.access_review import annotator_judged
from annotations.challenges.registry import KINDS
from annotations.challenges.tiles import AnswerError
from annotations.forms import ChoiceForm, ReportForm
from annotations.identity import annotator_of
from annotations.models import Annotator, Challenge, ChallengeState
from annotations.selectors import is_blocked, published
from annotations.services.answering import challenge_answer, challenge_cant_tell
from annotations.services.issuing import challenge_issue
from annotations.services.networks import network_admit, network_noted
from annotations.services.pictures import challenge_picture
from annotations.services.refusals import ChallengeGone, NoChallenge, TooManySkips, TooManyTries
from annotations.services.reports import TooManyReports, report_tile
from annotations.services.second_thoughts import answer_undoable
from annotations.services.streaks import streak_of
from annotations.services.withholding import Told, verdicts_tell
from annotations.spoken import told
from annotations.views.solve_raw import raw_answer
from annotations.views.solve_shown import Wish, filled_from, shown, shown_at, wish_of

HINT = gettext_lazy("Some of these pictures are checks, the others are new. Nobody can tell which.")
LEVELS = {"success": messages.SUCCESS, "info": messages.INFO, "warning": messages.WARNING}
OTHERS = 6  # data sets that an empty page offers instead
STILL_TIME = timedelta(seconds=10)  # with less left nobody is brought back to a challenge


@dataclass(frozen=True)
class Outcome:
    """What became of an answer, in words. `again`: it could not be read, and the challenge is still open."""

    kind: str
    text: str | Promise
    again: bool = False


EXPIRED = Outcome("info", gettext_lazy("The two minutes were over, so this answer didn't count. Here is another."))
GONE = Outcome("info", gettext_lazy("That challenge was answered or replaced already. Here is another."))
REPORTED = Outcome(
    "success", gettext_lazy("Thank you. Nobody is shown that picture any more until a reviewer has looked at it.")
)
FAILED = Outcome("info", gettext_lazy("That didn't quite match. It happens: some pictures are hard to make out."))
UNSURE = Outcome(
    "info",
    gettext_lazy("You couldn't tell all of it, and nothing you said was wrong: no verdict, your streak goes on."),
)
RECORDED = Outcome("success", gettext_lazy("Answer recorded."))
CANT_TELL = Outcome(
    "info", gettext_lazy("“I can't tell” is an answer too: nothing is held against you. Here is another.")
)


@never_cache
@require_GET
def solve(request: HttpRequest) -> HttpResponse:
    wish = wish_of(request)
    context = _next(request, wish)
    return page(request, wish, context, status=429 if context.get("wait") else 200)


@never_cache
@require_GET
def solve_widget(request: HttpRequest) -> HttpResponse:
    return _widget(request, None)


@require_POST
def solve_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    try:
        challenge = access.challenge_own(request, pk)
    except Http404:
        return done(request, GONE)
    outcome = _answer(challenge, request)
    return once_more(request, challenge, outcome) if outcome.again else done(request, outcome)


@require_GET
def solve_sprite(request: HttpRequest, pk: UUID) -> HttpResponse:
    challenge = access.challenge_own(request, pk)
    if not is_still_open(challenge) and not _is_undoable(challenge):
        raise Http404
    return HttpResponse(challenge_picture(challenge), content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@require_POST
def solve_report(request: HttpRequest, pk: UUID) -> HttpResponse:
    challenge = access.challenge_own(request, pk)
    form = ReportForm(request.POST)
    if challenge.state != ChallengeState.OPEN:
        return done(request, GONE)
    if not form.is_valid() or form.cleaned_data["position"] not in shown_at(KINDS[challenge.kind]):
        return once_more(request, challenge, Outcome("warning", gettext("Say which picture it is."), again=True))
    try:
        report_tile(challenge=challenge, position=form.cleaned_data["position"], annotator=challenge.annotator)
    except TooManyReports as reason:
        return once_more(request, challenge, Outcome("warning", str(reason), again=True))
    return done(request, REPORTED)


# ── What is asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def _next(request: HttpRequest, wish: Wish, *, resume: bool = False) -> dict[str, Any]:
    """The next challenge as a template's context, or why there is none. `resume`: the one that is open, if one is."""
    datasets = [wish.dataset] if wish.dataset else list(published().order_by("?"))
    if not datasets:
        return _nothing(
            wish, gettext("No data set is in public challenges yet. Its owner asks for that, and a reviewer agrees.")
        )
    annotator = annotator_of(request)
    if is_blocked(annotator):
        return _nothing(wish, "", blocked=True)
    if (resume or "resume" in request.GET) and (found := _still_open(annotator)):
        return shown(found, wish, until=found.expires_at)
    try:
        network_admit(network=network_of(request), annotator=annotator)
    except TooManyTries as wait:
        return _nothing(wish, str(wait), wait=wait.seconds)
    none: NoChallenge | None = None
    for dataset in datasets:
        try:
            found = challenge_issue(dataset=dataset, annotator=annotator, kind=wish.kind)
            return shown(found, wish, until=found.expires_at)
        except NoChallenge as why:
            # Of several reasons, that somebody has to wait is what they can act on.
            none = none if isinstance(none, TooManyTries) else why
    if isinstance(none, TooManySkips) and (found := _still_open(annotator)):
        return {**shown(found, wish, until=found.expires_at), "refused": Outcome("warning", str(none))}
    return _nothing(wish, str(none), wait=none.seconds if isinstance(none, TooManyTries) else 0)


def _still_open(annotator: Annotator) -> Challenge | None:
    mine = Challenge.objects.filter(
        annotator=annotator, state=ChallengeState.OPEN, expires_at__gt=timezone.now() + STILL_TIME
    )
    return mine.filter(dataset__in=published()).select_related("dataset", "annotator").first()


def _nothing(wish: Wish, reason: str, *, blocked: bool = False, wait: int = 0) -> dict[str, Any]:
    others = [] if blocked else published().exclude(pk=wish.dataset.pk if wish.dataset else None)
    return {"nothing": True, "reason": reason, "blocked": blocked, "wait": wait, "others": others[:OTHERS]}


# ── What was answered ────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(challenge: Challenge, request: HttpRequest) -> Outcome:
    """What came of it is told one step later; now they hear of the one before."""
    if not is_still_open(challenge):
        return _closed(challenge)
    annotator, unsure = challenge.annotator, "unsure" in request.POST
    try:
        if unsure:
            challenge_cant_tell(challenge=challenge, annotator=annotator)
        else:
            raw = raw_answer(challenge, request.POST)
            result = challenge_answer(challenge=challenge, annotator=annotator, raw=raw, withhold=True)
            network_noted(network=network_of(request), annotator=annotator, passed=result.passed)
    except AnswerError as unreadable:
        return Outcome("warning", told(unreadable), again=True)
    except ChallengeGone:
        challenge.refresh_from_db()
        return _closed(challenge)
    you = annotator_judged(request)  # a visitor's old cookie is told nothing of the account that they have joined
    before = told_words(verdicts_tell(annotator=you, but=challenge)) if you else None
    outcome = CANT_TELL if unsure else RECORDED
    if before is None:
        return outcome
    both = gettext("%(now)s The one before: %(before)s") % {"now": outcome.text, "before": before.text}
    return Outcome(outcome.kind, both)


def told_words(told: list[Told]) -> Outcome | None:
    """Of several, the last is what they remember."""
    if not told:
        return None
    verdict = told[-1]
    if verdict.state != ChallengeState.PASSED:
        return FAILED if verdict.state == ChallengeState.FAILED else UNSURE
    if not verdict.votes:
        return Outcome("success", gettext("Thank you, that was right."))
    thanks = ngettext(
        "Thank you. %(n)s answer went to the model.", "Thank you. %(n)s answers went to the model.", verdict.votes
    )
    return Outcome("success", thanks % {"n": verdict.votes})


def is_still_open(challenge: Challenge) -> bool:
    return challenge.state == ChallengeState.OPEN and challenge.expires_at > timezone.now()


def _is_undoable(challenge: Challenge) -> bool:
    found = answer_undoable(challenge.annotator)
    return found is not None and found.pk == challenge.pk


def _closed(challenge: Challenge) -> Outcome:
    return EXPIRED if challenge.state == ChallengeState.OPEN else GONE


# ── How it is shown: set into the page by htmx, or a page after a redirect where there are no scripts ─────────────────


def page(
    request: HttpRequest, wish: Wish, context: dict[str, Any], *, outcome: Outcome | None = None, status: int = 200
) -> HttpResponse:
    initial = {"dataset": wish.dataset, "kind": wish.kind}
    context = {"choice": ChoiceForm(initial=initial), **noted(request, wish, context, outcome)}
    return _patient(render(request, "annotations/solve.html", context, status=status), context)


def _widget(request: HttpRequest, outcome: Outcome | None, *, resume: bool = False) -> HttpResponse:
    wish = wish_of(request)
    context = {**noted(request, wish, _next(request, wish, resume=resume), outcome), "swap": True}
    return _patient(render(request, "annotations/solve_widget.html", context), context)


def noted(request: HttpRequest, wish: Wish, context: dict[str, Any], outcome: Outcome | None) -> dict[str, Any]:
    """With what became of the last answer: it can be undone, or its verdict is told now. `outcome` goes first."""
    outcome = context.get("refused") or outcome
    annotator = annotator_judged(request)
    if annotator is None:
        return {**context, "outcome": outcome or _hint(context)}
    last = None if context.get("nothing") else answer_undoable(annotator)
    before = None if last else told_words(verdicts_tell(annotator=annotator))
    if before and outcome is None:
        outcome = Outcome(before.kind, gettext("Your last answer: %(before)s") % {"before": before.text})
    elif before and outcome:
        outcome = Outcome(outcome.kind, f"{outcome.text} {before.text}")
    if last:
        context = {
            **context,
            "undo_url": wish.address("solve_undo", last.pk),
            "verdict_url": wish.address("solve_verdict"),
        }
    return {
        **context,
        "outcome": outcome or _hint(context),
        "streak": (streak := streak_of(annotator)),
        "streak_days": streak.days_by(timezone.localdate()),
    }


def _hint(context: dict[str, Any]) -> Outcome:
    return Outcome("info", "" if context.get("nothing") else HINT)


def _patient(response: HttpResponse, context: dict[str, Any]) -> HttpResponse:
    """How long to wait, where somebody must. A fragment says it with a 200: htmx doesn't show an error."""
    if wait := context.get("wait"):
        response["Retry-After"] = str(wait)
    return response


def done(request: HttpRequest, outcome: Outcome, *, resume: bool = False) -> HttpResponse:
    """`resume`: nothing new was answered, so the challenge that is open stays."""
    if request.htmx:
        return _widget(request, outcome, resume=resume)
    messages.add_message(request, LEVELS[outcome.kind], outcome.text)
    return redirect(wish_of(request).address("solve", **({"resume": "1"} if resume else {})))


def once_more(request: HttpRequest, challenge: Challenge, outcome: Outcome) -> HttpResponse:
    """The challenge stays as it is, with what was typed; only the message changes."""
    if request.htmx:
        return message_alone(request, outcome)
    wish = wish_of(request)
    context = shown(challenge, wish, filled_from(challenge, request.POST), until=challenge.expires_at)
    return page(request, wish, {**context, "again": True}, outcome=outcome, status=422)


def message_alone(request: HttpRequest, outcome: Outcome, *, status: int = 422) -> HttpResponse:
    answer = render(request, "annotations/solve_message.html", {"outcome": outcome, "swap": True}, status=status)
    answer["HX-Reswap"] = "none"
    return answer
