"""Solving: a page with one challenge, its picture, its answer, and the word that a picture is not fit to show."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotations import access
from annotations.challenges.registry import KINDS
from annotations.challenges.strip import CANT_TELL, is_typed
from annotations.challenges.tiles import AnswerError, Keys, offered_keys
from annotations.forms import ChoiceForm, ReportForm
from annotations.identity import annotator_of
from annotations.models import Challenge, ChallengeState
from annotations.selectors import is_blocked, published
from annotations.services.challenges import (
    ChallengeGone,
    NoChallenge,
    Result,
    TooManyTries,
    challenge_answer,
    challenge_issue,
    challenge_picture,
    keys_of,
)
from annotations.services.reports import TooManyReports, report_tile
from gallery.models import DataSet

HINT = "Some of these pictures are checks, the others are new. Nobody can tell which."
LEVELS = {"success": messages.SUCCESS, "info": messages.INFO, "warning": messages.WARNING}
OTHERS = 6  # data sets that an empty page offers instead


@dataclass(frozen=True)
class Wish:
    """What somebody asked to solve; `query` carries it from one challenge to the next."""

    dataset: DataSet | None
    kind: str | None
    query: str


@dataclass(frozen=True)
class Outcome:
    """What became of an answer, in words. `again`: it could not be read, and the challenge is still open."""

    kind: str
    text: str
    again: bool = False


EXPIRED = Outcome("info", "The two minutes were over, so this answer didn't count. Here is another.")
GONE = Outcome("info", "That challenge was answered or replaced already. Here is another.")
REPORTED = Outcome("success", "Thank you. Nobody is shown that picture any more until a reviewer has looked at it.")
FAILED = Outcome("info", "That didn't quite match. It happens: some pictures are hard to make out. Here is another.")


@never_cache
@require_GET
def solve(request: HttpRequest) -> HttpResponse:
    wish = _wish(request)
    context = _next(request, wish)
    return _page(request, wish, context, status=429 if context.get("wait") else 200)


@never_cache
@require_GET
def solve_widget(request: HttpRequest) -> HttpResponse:
    return _widget(request, Outcome("info", HINT))


@require_POST
def solve_answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    try:
        challenge = access.challenge_own(request, pk)
    except Http404:
        return _done(request, GONE)
    outcome = _answer(challenge, request.POST)
    return _once_more(request, challenge, outcome) if outcome.again else _done(request, outcome)


@require_GET
def solve_sprite(request: HttpRequest, pk: UUID) -> HttpResponse:
    challenge = access.challenge_own(request, pk)
    if not _is_open(challenge):
        raise Http404
    return HttpResponse(challenge_picture(challenge), content_type="image/jpeg", headers={"Cache-Control": "no-store"})


@require_POST
def solve_report(request: HttpRequest, pk: UUID) -> HttpResponse:
    challenge = access.challenge_own(request, pk)
    form = ReportForm(request.POST)
    if challenge.state != ChallengeState.OPEN:
        return _done(request, GONE)
    if not form.is_valid() or form.cleaned_data["position"] >= KINDS[challenge.kind].size:
        return _once_more(request, challenge, Outcome("warning", "Say which picture it is.", again=True))
    try:
        report_tile(challenge=challenge, position=form.cleaned_data["position"], annotator=challenge.annotator)
    except TooManyReports as reason:
        return _once_more(request, challenge, Outcome("warning", str(reason), again=True))
    return _done(request, REPORTED)


# ── What is asked ────────────────────────────────────────────────────────────────────────────────────────────────────


def _wish(request: HttpRequest) -> Wish:
    form = ChoiceForm(request.GET)
    if not form.is_valid():
        if request.method == "POST":  # the data set was withdrawn while somebody was answering
            return Wish(None, None, "")
        raise Http404
    chosen = QueryDict(mutable=True)
    chosen.update({name: request.GET[name] for name in ("dataset", "kind") if request.GET.get(name)})
    return Wish(form.cleaned_data["dataset"], form.cleaned_data["kind"] or None, chosen.urlencode())


def _next(request: HttpRequest, wish: Wish) -> dict[str, Any]:
    """The next challenge as a template's context, or why there is none."""
    datasets = [wish.dataset] if wish.dataset else list(published().order_by("?"))
    if not datasets:
        return _nothing(
            wish, "No data set is in public challenges yet. Its owner asks for that, and a reviewer agrees."
        )
    annotator = annotator_of(request)
    if is_blocked(annotator):
        return _nothing(wish, "", blocked=True)
    none: NoChallenge | None = None
    for dataset in datasets:
        try:
            return _shown(challenge_issue(dataset=dataset, annotator=annotator, kind=wish.kind), wish)
        except NoChallenge as why:
            # Of several reasons, that somebody has to wait is what they can act on.
            none = none if isinstance(none, TooManyTries) else why
    return _nothing(wish, str(none), wait=none.seconds if isinstance(none, TooManyTries) else 0)


def _nothing(wish: Wish, reason: str, *, blocked: bool = False, wait: int = 0) -> dict[str, Any]:
    others = [] if blocked else published().exclude(pk=wish.dataset.pk if wish.dataset else None)
    return {"nothing": True, "reason": reason, "blocked": blocked, "wait": wait, "others": others[:OTHERS]}


def _shown(challenge: Challenge, wish: Wish) -> dict[str, Any]:
    keys, kind = keys_of(challenge.dataset), KINDS[challenge.kind]
    query = f"?{wish.query}" if wish.query else ""
    left = (challenge.expires_at - timezone.now()).total_seconds()
    return {
        "challenge": challenge,
        "target": keys[challenge.target][1] if challenge.target is not None else None,
        "sprite_url": reverse("solve_sprite", args=[challenge.pk]),
        "answer_url": reverse("solve_answer", args=[challenge.pk]) + query,
        "report_url": reverse("solve_report", args=[challenge.pk]) + query,
        "query": query,
        "seconds": max(1, round(left)),
        "positions": range(kind.size),
        "lines": [range(start, start + kind.columns) for start in range(0, kind.size, kind.columns)],
        **_answer_words(offered_keys(keys)),
    }


def _answer_words(keys: Keys) -> dict[str, Any]:
    digits = all(key.isascii() and key.isdigit() for key, _ in keys)
    return {
        "typed": is_typed(keys),
        "names": [name for _, name in keys],
        "legend": [(key, name) for key, name in keys if key.casefold() != name.casefold()],
        # The pad with ten digits and a point; the point stands for the question mark that it lacks.
        "inputmode": "decimal" if digits else "",
        "label": "Type the ten digits in order, ? or a point where you can't tell"
        if digits
        else "Type the ten keys in order, ? where you can't tell",
    }


# ── What was answered ────────────────────────────────────────────────────────────────────────────────────────────────


def _answer(challenge: Challenge, post: QueryDict) -> Outcome:
    if not _is_open(challenge):
        return _closed(challenge)
    try:
        result = challenge_answer(challenge=challenge, annotator=challenge.annotator, raw=_raw(challenge, post))
    except AnswerError as unreadable:
        return Outcome("warning", str(unreadable), again=True)
    except ChallengeGone:
        challenge.refresh_from_db()
        return _closed(challenge)
    return _thanks(result) if result.passed else FAILED


def _raw(challenge: Challenge, post: QueryDict) -> object:
    if challenge.kind == "grid":
        return post.getlist("tiles")
    keys = offered_keys(keys_of(challenge.dataset))
    if not is_typed(keys):
        return _named(post.getlist("choice"))
    typed = post.get("answer", "")
    return typed.replace(".", CANT_TELL).replace(",", CANT_TELL) if _answer_words(keys)["inputmode"] else typed


def _named(choices: list[str]) -> list[str]:
    if "" in choices:
        raise AnswerError("Name every picture, or choose “can't tell”.")
    return choices


def _thanks(result: Result) -> Outcome:
    if not result.votes:
        return Outcome("success", "Thank you, that was right.")
    went = "answer went" if result.votes == 1 else "answers went"
    return Outcome("success", f"Thank you. {result.votes} {went} to the model.")


def _is_open(challenge: Challenge) -> bool:
    return challenge.state == ChallengeState.OPEN and challenge.expires_at > timezone.now()


def _closed(challenge: Challenge) -> Outcome:
    return EXPIRED if challenge.state == ChallengeState.OPEN else GONE


# ── How it is shown: set into the page by htmx, or a page after a redirect where there are no scripts ─────────────────


def _page(request: HttpRequest, wish: Wish, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    initial = {"dataset": wish.dataset, "kind": wish.kind}
    context = {"outcome": Outcome("info", HINT), "choice": ChoiceForm(initial=initial), **context}
    return _patient(render(request, "annotations/solve.html", context, status=status), context)


def _widget(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    context = {**_next(request, _wish(request)), "outcome": outcome, "swap": True}
    return _patient(render(request, "annotations/solve_widget.html", context), context)


def _patient(response: HttpResponse, context: dict[str, Any]) -> HttpResponse:
    """How long to wait, where somebody must. A fragment says it with a 200: htmx doesn't show an error."""
    if wait := context.get("wait"):
        response["Retry-After"] = str(wait)
    return response


def _done(request: HttpRequest, outcome: Outcome) -> HttpResponse:
    if request.htmx:
        return _widget(request, outcome)
    messages.add_message(request, LEVELS[outcome.kind], outcome.text)
    query = _wish(request).query
    return redirect(f"{reverse('solve')}?{query}" if query else "solve")


def _once_more(request: HttpRequest, challenge: Challenge, outcome: Outcome) -> HttpResponse:
    """The challenge stays as it is, with what was typed; only the message changes."""
    if request.htmx:
        answer = render(request, "annotations/solve_result.html", {"outcome": outcome, "swap": True}, status=422)
        answer["HX-Reswap"] = "none"
        return answer
    wish = _wish(request)
    context = {**_shown(challenge, wish), "outcome": outcome, "typed_answer": request.POST.get("answer", "")}
    return _page(request, wish, context, status=422)
