"""The playground: a site's owner sees the widget as visitors do, and what their own server will be told."""

import json
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from annotations.sites import access_owner as access
from annotations.sites.forms import TryForm
from annotations.sites.models import Site
from annotations.sites.protocols.answers import answer_of
from annotations.sites.services.playground import token_try
from annotations.sites.sitekeys import word_of
from annotations.sites.ways import WAYS, Way


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
def site_playground(request: HttpRequest, pk: int) -> HttpResponse:
    site = access.site_own(request, pk)
    chosen = TryForm(request.GET).chosen()
    way = WAYS[chosen["protocol"]]
    context = {
        "site": site,
        "form": TryForm(initial=chosen),
        "chosen": chosen,
        "way": way,
        "word": word_of(site, host_of(request)),
        "script": way.script + (f"?{urlencode({'hl': chosen['hl']})}" if chosen["hl"] else ""),
    }
    if request.method == "POST":
        context |= _asked(site, way, request.POST.get(way.field, ""))
    return render(request, "sites/site_playground.html", context)


def host_of(request: HttpRequest) -> str:
    """Our own, as a browser names the host of this page."""
    return split_domain_port(request.get_host())[0]


def _asked(site: Site, way: Way, token: str) -> dict[str, Any]:
    """What `siteverify` answers in each protocol, letter by letter; the token is taken once for all of them."""
    redeemed = token_try(site=site, token=token, lifetime=way.dialect.lifetime)
    answers = [(one.title, json.dumps(answer_of(redeemed, one.dialect), indent=2)) for one in WAYS.values()]
    return {"taken": redeemed.fault is None, "answers": answers}
