"""The script that a page loads. One for all protocols: it learns by its own address which of them it speaks."""

import gzip
import hashlib
from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

PARTS = ("protocols", "page", "widget", "token", "overlay", "messages", "calls", "start")
FOLDER = Path("static") / "tessera" / "sites" / "api"
KEPT = 300  # seconds: so soon a page has a new one
# A page may fetch it as another origin's, with or without `crossorigin`, and isolated from other origins or not.
HEADERS = {
    "Content-Type": "text/javascript; charset=utf-8",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Cache-Control": f"public, max-age={KEPT}",
}


@require_safe
def widget_script(request: HttpRequest) -> HttpResponse:
    text, zipped, tag = _script()
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers=HEADERS | {"ETag": tag})
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(zipped, headers=HEADERS | {"Content-Encoding": "gzip"})
    else:
        response = HttpResponse(text, headers=HEADERS)
    response["ETag"] = tag
    patch_vary_headers(response, ["Accept-Encoding"])
    return response


@cache
def _script() -> tuple[bytes, bytes, str]:
    """As it is, zipped, and its tag."""
    parts = [(settings.BASE_DIR / FOLDER / f"{name}.js").read_text() for name in PARTS]
    text = "".join(['(() => {\n"use strict";\n', *parts, "})();\n"]).encode()
    return text, gzip.compress(text, mtime=0), f'W/"{hashlib.sha256(text).hexdigest()[:16]}"'
