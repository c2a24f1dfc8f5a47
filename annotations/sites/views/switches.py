"""What an owner switches: another secret, closed or open, test mode."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from annotations.sites import access_owner as access
from annotations.sites.services import sites as services
from annotations.sites.views.owner import secret_shown


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_variables("secret", "context")
def site_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Asks first. The new secret stands in the answer to the POST, and nowhere after."""
    site = access.site_own(request, pk)
    if request.method == "GET":
        return render(request, "sites/site_rotate.html", {"site": site})
    at_once = request.POST.get("when") == "at once"
    secret = services.secret_rotate(site=site, at_once=at_once)
    context = {**secret_shown(request, site, secret), "replaced": True, "at_once": at_once}
    return render(request, "sites/site_secret.html", context)


@login_required
@require_POST
def site_close(request: HttpRequest, pk: int) -> HttpResponse:
    site = access.site_own(request, pk)
    services.site_close(site=site, by=request.user)
    messages.success(request, "Closed: its widget gives nobody a challenge. Nothing is lost; you can open it again.")
    return redirect("site", pk)


@login_required
@require_POST
def site_open(request: HttpRequest, pk: int) -> HttpResponse:
    site = access.site_own(request, pk)
    services.site_open(site=site, by=request.user)
    messages.success(request, "Open: its widget gives challenges.")
    return redirect("site", pk)


@login_required
@require_POST
def site_test_mode(request: HttpRequest, pk: int) -> HttpResponse:
    site = access.site_own(request, pk)
    on = request.POST.get("on") == "yes"
    services.test_mode_set(site=site, on=on)
    messages.success(request, "Test mode is on." if on else "Test mode is off.")
    return redirect("site", pk)
