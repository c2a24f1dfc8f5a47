"""What stands in a challenge's frame: pictures and a question about them, or why there are none, or the end."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from annotations.models import Challenge
from annotations.services.refusals import TooManySkips, TooManyTries
from annotations.sites.models import Visit
from annotations.sites.services.again import token_again
from annotations.sites.services.visits import VisitOver, visit_ask, work_of
from annotations.sites.views.look import Look, look_of
from annotations.views.solve import Outcome, is_still_open
from annotations.views.solve_shown import Wish, shown

OVER = {"stage": "sites/widget_over.html"}
NO_WISH = Wish(None, None, "")


def staged(request: HttpRequest, context: dict[str, Any], outcome: Outcome | None = None) -> HttpResponse:
    """As htmx sets it into the frame. It says with a 200 how long to wait: htmx doesn't show an error."""
    context = {"outcome": outcome, **context, "swap": True, "embedded": True}
    return patient(render(request, "sites/widget_stage.html", context), context)


def patient(response: HttpResponse, context: dict[str, Any]) -> HttpResponse:
    if wait := context.get("wait"):
        response["Retry-After"] = str(wait)
    return response


def next_of(request: HttpRequest, visit: Visit) -> dict[str, Any]:
    """The next challenge of a visit, or what there is in its place."""
    look = look_of(request)
    try:
        challenge = visit_ask(visit=visit)
    except VisitOver:
        return end_of(visit)
    except TooManySkips as wait:
        if visit.challenge and is_still_open(visit.challenge):
            return {**_pictures(visit, visit.challenge, look), "outcome": Outcome("warning", str(wait))}
        return _nothing(visit, look, wait)
    except TooManyTries as wait:
        return _nothing(visit, look, wait)
    return _pictures(visit, challenge, look) if challenge else _nothing(visit, look)


def end_of(visit: Visit) -> dict[str, Any]:
    """Where it has passed, with the token: an answer that comes twice has lost its way once."""
    given = token_again(visit=visit)
    return passed(visit, given.token, given.seconds) if given else OVER


def passed(visit: Visit, token: str, seconds: int) -> dict[str, Any]:
    return {"stage": "sites/widget_passed.html", "token": token, "key": visit.pk.hex, "seconds": seconds}


def _pictures(visit: Visit, challenge: Challenge, look: Look) -> dict[str, Any]:
    next_url = look.address("embed_next", visit.pk)
    return {
        **shown(challenge, NO_WISH, until=challenge.expires_at),
        "stage": "annotations/solve_form.html",
        "extra": "sites/widget_extra.html",
        "work": work_of(visit),
        "sprite_url": look.address("embed_sprite", visit.pk, challenge.pk),
        "answer_url": look.address("embed_answer", visit.pk, challenge.pk),
        "report_url": look.address("embed_report", visit.pk, challenge.pk),
        "skip_url": next_url,
        "skip_widget_url": next_url,
        "unseen_url": look.address("embed_ways", visit.pk),
    }


def _nothing(visit: Visit, look: Look, wait: TooManyTries | None = None) -> dict[str, Any]:
    return {
        "stage": "sites/widget_nothing.html",
        "unseen_url": look.address("embed_ways", visit.pk),
        "reason": str(wait or ""),
        "wait": wait.seconds if wait else 0,
    }
