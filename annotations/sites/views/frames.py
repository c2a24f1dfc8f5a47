"""The frame with the box to tick, and what its first click asks for."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.doors import network_of
from annotations.services.refusals import TooManyTries
from annotations.sites import test_keys
from annotations.sites.hosts import host_fits
from annotations.sites.models import Protocol, Site
from annotations.sites.refusals import refusal_note
from annotations.sites.services.opening import visit_open
from annotations.sites.services.visits import WrongHost
from annotations.sites.sitekeys import site_shown
from annotations.sites.views.look import framed, look_of, shown_on
from annotations.sites.views.sent import Unreadable, sent_read
from annotations.sites.ways import WAYS

HEIGHTS = {"normal": 78, "flexible": 78, "compact": 144, "invisible": 1}


@dataclass(frozen=True)
class Problem:
    """What stands in the way, as code for the page and in words for whoever looks at it."""

    code: str
    words: str | Promise
    status: int = 200


UNKNOWN = Problem(
    "invalid-sitekey", gettext_lazy("This site key isn’t known here. The right one stands on its owner’s page."), 404
)
CLOSED = Problem("invalid-sitekey", gettext_lazy("This site is closed. Its owner can open it again."), 404)
NEVER = Problem("challenge-error", gettext_lazy("This key is for tests: nobody passes with it."), 403)


@framed
@require_GET
def embed_widget(request: HttpRequest) -> HttpResponse:
    sitekey, look = request.GET.get("sitekey", ""), look_of(request)
    site, test = site_shown(sitekey), _token_for_tests(sitekey)
    problem = None if test is not None else _trouble(site, _page_around(request))
    size, protocol = request.GET.get("size"), request.GET.get("protocol")
    context = {
        "look": look,
        "sitekey": sitekey,
        "protocol": protocol if protocol in Protocol.values else Protocol.HCAPTCHA.value,
        "size": size if size in HEIGHTS else "normal",
        "height": HEIGHTS.get(size or "", HEIGHTS["normal"]),
        "begin_url": look.address("embed_begin"),
        "problem": problem,
        "test": test,
    }
    # One that can't be used may be looked at anywhere: it says why.
    hosts = site.hosts if site and not problem and test is None else None
    return shown_on(render(request, "sites/widget_anchor.html", context), hosts)


@framed
@require_POST
def embed_begin(request: HttpRequest) -> HttpResponse:
    try:
        sent = sent_read(request)
    except Unreadable as why:
        return _refused(Problem("bad-request", str(why), 400))
    if (test := _token_for_tests(sent["sitekey"])) is not None:
        return _passed(test, sent["protocol"]) if test else _refused(NEVER)
    site = site_shown(sent.pop("sitekey"))
    if site is None or site.closed_at:
        return _refused(CLOSED if site else UNKNOWN)
    try:
        opened = visit_open(site=site, network=network_of(request), **sent)
    except WrongHost:
        return _refused(_foreign(site, sent["hostname"]))
    except TooManyTries as wait:
        return _refused(Problem("rate-limited", str(wait), 429), {"Retry-After": str(wait.seconds)})
    return JsonResponse({"visit": str(opened.visit.pk), "key": opened.key})


def _page_around(request: HttpRequest) -> str | None:
    """The host of the page that shows the frame, as far as the browser says."""
    try:
        return urlsplit(request.headers.get("Referer", "")).hostname
    except ValueError:
        return None


def _trouble(site: Site | None, host: str | None) -> Problem | None:
    """Why a page of this host shows nothing of it. What host it is need not be known yet."""
    if site is None:
        return UNKNOWN
    if site.closed_at:
        return CLOSED
    return _foreign(site, host) if host and not host_fits(host, site.hosts) else None


def _foreign(site: Site, host: str) -> Problem:
    refusal_note(site, host)
    words = gettext("This page’s host, %(host)s, isn’t one of this site’s. Its owner can add it.")
    return Problem("invalid-host", words % {"host": host}, 403)


def _refused(problem: Problem, headers: dict[str, str] | None = None) -> HttpResponse:
    said: dict[str, Any] = {"error": problem.code, "words": str(problem.words)}
    return JsonResponse(said, status=problem.status, headers=headers)


def _token_for_tests(sitekey: str) -> str | None:
    return test_keys.token_of(sitekey) if settings.TEST_KEYS else None


def _passed(token: str, protocol: str) -> HttpResponse:
    return JsonResponse({"token": token, "seconds": WAYS[protocol].keeps})
