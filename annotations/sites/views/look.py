"""What a page wishes of a frame's looks, and what holds for each frame: its language, and who may show it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.gzip import GZipMiddleware
from django.urls import reverse
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt

THEMES = ("light", "dark")  # anything else follows the system
OWN = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'"
OWN += "; worker-src 'self'; form-action 'self'; base-uri 'none'"

SMALL = GZipMiddleware(lambda request: HttpResponse())


@dataclass(frozen=True)
class Look:
    """`wished` is what every address within the frame carries on: a frame has no cookie to remember it in."""

    language: str
    theme: str
    wished: dict[str, str]

    def address(self, name: str, *args: object) -> str:
        return reverse(name, args=args) + (f"?{urlencode(self.wished)}" if self.wished else "")


def look_of(request: HttpRequest) -> Look:
    """The language by `hl`, as far as we speak it; else by what the browser prefers."""
    wished = {name: request.GET[name][:20] for name in ("hl", "theme") if request.GET.get(name)}
    try:
        language = translation.get_supported_language_variant(wished.get("hl", "").replace("_", "-"))
    except LookupError:
        language = translation.get_language() or settings.LANGUAGE_CODE
    theme = wished.get("theme", "")
    return Look(language, theme if theme in THEMES else "", wished)


def framed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view of a frame. It speaks the language that the page wishes; that no other page shows it, its policy says. No
    cookie authorises anything here, so that there is no request to be forged. Text comes compressed."""

    @wraps(view)
    def inside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = look_of(request).language
        with translation.override(language):
            response = view(request, *args, **kwargs)
        response.headers["Content-Language"] = language
        is_text = response.headers["Content-Type"].startswith("text/")
        return SMALL.process_response(request, response) if is_text else response

    return csrf_exempt(xframe_options_exempt(never_cache(inside)))


def shown_on(response: HttpResponse, hosts: Collection[str] | None) -> HttpResponse:
    """Only pages of these hosts may show it, at any port; None: any page may."""
    places = "*" if hosts is None else " ".join(f"http://{host}:* https://{host}:*" for host in hosts) or "'none'"
    response.headers["Content-Security-Policy"] = f"{OWN}; frame-ancestors {places}"
    return response
