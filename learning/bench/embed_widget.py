"""The widget in a browser: how heavy it is, how soon it can be ticked, and whom the page asks besides us."""

import gzip
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from playwright.sync_api import Browser, Page, Request, sync_playwright

from learning.demo.checks import ADDRESS
from learning.demo.screenshots import browser_path

SCRIPT = "/1/api.js"
LOADS = 9
PAGE = """<!doctype html><html lang="en"><title>A shop</title><script src="{script}" async defer></script>
<form><div class="h-captcha" data-sitekey="{key}"></div></form>"""
# The box says so to the page once it can be ticked; what the clock says then is what counts.
READY = """addEventListener("message", ({data}) => {
  if (data?.tessera === "ready") window.readyAt ??= performance.now();
});"""

Say = Callable[[str], object]


@dataclass(frozen=True)
class Load:
    """Milliseconds until it could be ticked; until the first challenge stood there, bytes that came from us and what
    others were asked for."""

    ready: float
    weight: int
    strangers: set[str]


def static_files(folder: Path) -> dict[str, str]:
    """Gathered and compressed as in the image that we ship, and what a server has to be told of them."""
    told = {"TESSERA_HASHED_STATIC": "1", "TESSERA_STATIC_DIR": str(folder)}
    command = [sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"]
    subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ | told, check=True, timeout=300)
    return told


def widget(port: int, host: str, sitekey: UUID, say: Say) -> dict[str, object]:
    """On a page that browsers know by `host`, which is not by the address that we are at: so it is another site."""
    found: dict[str, object] = {"api_js_gzip_bytes": _script_bytes(port)}
    if not (chromium := browser_path()):
        say("There is no Chromium here, so nobody can say how soon the widget is there.")
        return found | {"widget_bytes": None, "first_interactive_ms": None, "third_party_requests": None}
    ours = f"http://{ADDRESS}:{port}"
    html = PAGE.format(script=ours + SCRIPT, key=sitekey)
    with _page(host, html) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        loads = [_load(browser, address, ours) for _ in range(LOADS + 1)][1:]
        browser.close()
    say(f"the widget can be ticked after {', '.join(f'{load.ready:.0f}' for load in loads)} ms")
    return found | {
        "widget_bytes": max(load.weight for load in loads),
        "first_interactive_ms": round(statistics.median(load.ready for load in loads)),
        "third_party_requests": len(set().union(*(load.strangers for load in loads))),
    }


def _script_bytes(port: int) -> int:
    connection = HTTPConnection(ADDRESS, port, timeout=30)
    connection.request("GET", SCRIPT, headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"{SCRIPT} answered {response.status}")
    return len(content if response.getheader("Content-Encoding") == "gzip" else gzip.compress(content))


def _load(browser: Browser, address: str, ours: str) -> Load:
    """By somebody who has never seen it, as far as the first challenge."""
    context = browser.new_context()
    page = context.new_page()
    asked: list[Request] = []
    page.on("request", lambda request: asked.append(request))
    page.add_init_script(READY)
    page.goto(address)
    page.wait_for_function("window.readyAt !== undefined")
    ready: float = page.evaluate("window.readyAt")
    _tick(page)
    weight = sum(_received(request) for request in asked if _origin(request.url) == ours)
    strangers = {request.url for request in asked if _origin(request.url) not in (ours, address)}
    context.close()
    return Load(ready, weight, strangers)


def _received(request: Request) -> int:
    """Bytes as they came over the wire, headers too."""
    sizes, response = request.sizes(), request.response()
    # Of a worker's script a browser tells no body.
    told = int(response.headers.get("content-length", 0)) if response else 0
    return sizes["responseHeadersSize"] + max(sizes["responseBodySize"], told)


def _tick(page: Page) -> None:
    page.frame_locator("iframe").first.get_by_role("checkbox").click()
    page.frame_locator("dialog iframe").locator("[data-challenge]").wait_for()
    page.frames[-1].wait_for_load_state("networkidle")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@contextmanager
def _page(host: str, html: str) -> Iterator[str]:
    """Somebody's page, on an origin of its own."""
    server = ThreadingHTTPServer((ADDRESS, 0), partial(Shop, html.encode()))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Shop(BaseHTTPRequestHandler):
    def __init__(self, html: bytes, *args: Any) -> None:
        self.html = html
        super().__init__(*args)

    def do_GET(self) -> None:
        """One page; a browser asks for an icon by itself, and there is none."""
        self.send_response(200 if self.path == "/" else 404)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.html if self.path == "/" else b"")

    def log_message(self, format: str, *args: Any) -> None:
        pass
