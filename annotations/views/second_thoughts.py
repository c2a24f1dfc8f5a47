"""The last answer once more, to change it; and the verdict for whoever asks, after which it stands."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from annotations import access
from annotations.access_review import annotator_judged
from annotations.challenges.tiles import AnswerError
from annotations.models import Challenge, WithheldVerdict
from annotations.services.second_thoughts import UNDO, TooLate, answer_change, answer_undoable
from annotations.services.withholding import verdicts_tell
from annotations.spoken import told
from annotations.views.solve import Outcome, done, message_alone, noted, page, told_words
from annotations.views.solve_raw import raw_answer
from annotations.views.solve_shown import Filled, filled_again, filled_from, shown, wish_of

TOO_LATE = Outcome(
    "info",
    gettext_lazy("That answer stands: it can be changed once, within two minutes, until you know how you did."),
)
CHANGED = Outcome("success", gettext_lazy("Your change is recorded. The verdict goes by your first answer."))
CHANGE = Outcome("info", gettext_lazy("This is what you answered. Change what you like; the other challenge waits."))
NOTHING_TO_TELL = Outcome("info", gettext_lazy("There is no answer whose verdict you don't know yet."))


@never_cache
@require_http_methods(["GET", "POST"])
def solve_undo(request: HttpRequest, pk: UUID) -> HttpResponse:
    waiting = _waiting(request, pk)
    if waiting is None:
        return done(request, TOO_LATE, resume=True)
    challenge = waiting.challenge
    if request.method != "POST":
        return _form(request, challenge, filled_again(challenge, waiting.raw), CHANGE)
    try:
        raw = None if "unsure" in request.POST else raw_answer(challenge, request.POST)
        answer_change(challenge=challenge, raw=raw)
    except AnswerError as unreadable:
        outcome = Outcome("warning", told(unreadable), again=True)
        if request.htmx:
            return message_alone(request, outcome)
        return _form(request, challenge, filled_from(challenge, request.POST), outcome, status=422)
    except TooLate:
        return done(request, TOO_LATE, resume=True)
    return done(request, CHANGED, resume=True)


@require_POST
def solve_verdict(request: HttpRequest) -> HttpResponse:
    annotator = annotator_judged(request)
    verdicts = verdicts_tell(annotator=annotator) if annotator else []
    outcome = told_words(verdicts) or NOTHING_TO_TELL
    if not request.htmx:
        return done(request, outcome, resume=True)
    # The challenge stays as it is, with what was chosen in it.
    context = {**noted(request, wish_of(request), {}, outcome), "swap": True}
    answer = render(request, "annotations/solve_result.html", context)
    answer["HX-Reswap"] = "none"
    return answer


def _waiting(request: HttpRequest, pk: UUID) -> WithheldVerdict | None:
    try:
        challenge = access.challenge_own(request, pk)
    except Http404:
        return None
    found = answer_undoable(challenge.annotator)
    return found if found and found.pk == challenge.pk else None


def _form(
    request: HttpRequest, challenge: Challenge, filled: Filled, outcome: Outcome, *, status: int = 200
) -> HttpResponse:
    wish = wish_of(request)
    until = challenge.answered_at + UNDO
    context = {
        **shown(challenge, wish, filled, until=until),
        "undoing": True,
        "answer_url": wish.address("solve_undo", challenge.pk),
        "back_url": wish.address("solve", resume="1"),
        "back_widget_url": wish.address("solve_widget", resume="1"),
        "outcome": outcome,
    }
    if request.htmx:
        return render(request, "annotations/solve_widget.html", {**context, "swap": True}, status=status)
    return page(request, wish, context, outcome=outcome, status=status)
