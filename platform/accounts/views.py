from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login as log_in
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from knox.models import AuthToken

from accounts.doors import per_address
from accounts.forms import NameForm, SignupForm
from accounts.models import User


@per_address
@sensitive_post_parameters("password")
def signup(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect(_next(request))
    form = SignupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        log_in(request, User.objects.create_user(**form.cleaned_data))
        messages.success(request, gettext("Welcome. Your account is ready."))
        return redirect(_next(request))
    return render(request, "accounts/signup.html", {"form": form, "next": _next(request, default="")})


@login_required
def account(request: HttpRequest) -> HttpResponse:
    form = NameForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, gettext("Your name is changed."))
        return redirect("account")
    return _account(request, "accounts/account.html", form=form)


@login_required
@require_POST
@never_cache
def token_create(request: HttpRequest) -> HttpResponse:
    """Only the token's digest is kept, so this answer is the one place where it can be read."""
    _, token = AuthToken.objects.create(request.user)
    template = "accounts/tokens.html" if request.htmx else "accounts/account.html"
    return _account(request, template, form=NameForm(instance=request.user), new_token=token)


@login_required
@require_POST
def token_revoke(request: HttpRequest, digest: str) -> HttpResponse:
    get_object_or_404(AuthToken, user=request.user, digest=digest).delete()
    if request.htmx:
        return _account(request, "accounts/tokens.html")
    return redirect("account")


def _account(request: HttpRequest, template: str, **context: object) -> HttpResponse:
    tokens = AuthToken.objects.filter(user=request.user).order_by("-created")
    return render(request, template, {"tokens": tokens, **context})


def _next(request: HttpRequest, default: str | None = None) -> str:
    """Where they came from, if that is a page of ours."""
    address = request.POST.get("next", request.GET.get("next", ""))
    ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    if ours:
        return address
    return resolve_url(settings.LOGIN_REDIRECT_URL) if default is None else default
