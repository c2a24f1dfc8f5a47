"""A person's sites: all of them, one of them, a new one, another name or host for one."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_GET, require_http_methods

from annotations.sites import access_owner as access
from annotations.sites.charts import days_chart
from annotations.sites.condition import chosen_of, warnings_of
from annotations.sites.figures import DAYS, days_of, figures_of, total_of
from annotations.sites.forms import SiteForm
from annotations.sites.models import Site
from annotations.sites.services import sites as services
from annotations.sites.ways import USUAL, WAYS

ROWS = 50


@login_required
@require_GET
def sites(request: HttpRequest) -> HttpResponse:
    page = Paginator(access.sites_own(request), ROWS).get_page(request.GET.get("page"))
    figures = figures_of(page.object_list)
    context = {"page": page, "rows": [(site, figures[site.pk]) for site in page], "days": DAYS}
    return render(request, "sites/sites.html", context)


@login_required
@require_http_methods(["GET", "POST"])
@never_cache
@sensitive_variables("secret")
def site_create(request: HttpRequest) -> HttpResponse:
    form = SiteForm(request.POST or None, owner=request.user)
    if request.method == "POST" and form.is_valid():
        site, secret = services.site_create(owner=request.user, **form.cleaned_data)
        return render(request, "sites/site_secret.html", secret_shown(request, site, secret))
    status = 422 if request.method == "POST" else 200
    return render(request, "sites/site_create.html", {"form": form}, status=status)


@login_required
@require_GET
def site(request: HttpRequest, pk: int) -> HttpResponse:
    site = access.site_own(request, pk)
    days, chosen, server = days_of(site), chosen_of(site), address_of(request)
    context = {
        "site": site,
        "chosen": chosen,
        "warnings": warnings_of(site, chosen),
        "figures": total_of(days),
        "days": days,
        "chart": days_chart(days),
        "server": server,
        "ways": [(way, way.snippet(server, str(site.key))) for way in WAYS.values()],
        "secrets": site.secrets.all()[:10],
    }
    return render(request, "sites/site.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def site_edit(request: HttpRequest, pk: int) -> HttpResponse:
    site = access.site_own(request, pk)
    form = SiteForm(request.POST or None, owner=site.owner, site=site)
    if request.method == "POST" and form.is_valid():
        services.site_edit(site=site, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("site", pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "sites/site_edit.html", {"form": form, "site": site}, status=status)


@sensitive_variables("secret")
def secret_shown(request: HttpRequest, site: Site, secret: str) -> dict[str, Any]:
    """For the one answer in which the secret can be read; nothing keeps it."""
    server = address_of(request)
    return {
        "site": site,
        "secret": secret,
        "server": server,
        "snippet": USUAL.snippet(server, str(site.key)),
    }


def address_of(request: HttpRequest) -> str:
    """Where this server is, as an integrator has to write it."""
    return request.build_absolute_uri("/").rstrip("/")
