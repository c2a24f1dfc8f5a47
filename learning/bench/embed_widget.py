"""The widget in a browser: how heavy its script is, how soon it can be ticked, and whom the page asks besides us."""

import gzip
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from playwright.sync_api import Browser, Page, sync_playwright

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


def widget(port: int, host: str, sitekey: UUID, say: Say) -> dict[str, object]:
    """On a page that browsers know by `host`, which is not by the address that we are at: so it is another site."""
    found: dict[str, object] = {"api_js_gzip_bytes": _script_bytes(port)}
    if not (chromium := browser_path()):
        say("There is no Chromium here, so nobody can say how soon the widget is there.")
        return found | {"first_interactive_ms": None, "third_party_requests": None}
    ours = f"http://{ADDRESS}:{port}"
    html = PAGE.format(script=ours + SCRIPT, key=sitekey)
    with _page(host, html) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        loads = [_load(browser, address, {ours, address}) for _ in range(LOADS + 1)][1:]
        browser.close()
    times = [ms for ms, _ in loads]
    say(f"the widget can be ticked after {', '.join(f'{ms:.0f}' for ms in times)} ms")
    strangers = set().union(*(asked for _, asked in loads))
    return found | {"first_interactive_ms": round(statistics.median(times)), "third_party_requests": len(strangers)}


def _script_bytes(port: int) -> int:
    connection = HTTPConnection(ADDRESS, port, timeout=30)
    connection.request("GET", SCRIPT, headers={"Accept-Encoding": "gzip"})
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"{SCRIPT} answered {response.status}")
    return len(content if response.getheader("Content-Encoding") == "gzip" else gzip.compress(content))


def _load(browser: Browser, address: str, known: set[str]) -> tuple[float, set[str]]:
    """By somebody who has never seen it: milliseconds until it can be ticked, and what others were asked for, the
    challenge included."""
    context = browser.new_context()
    page = context.new_page()
    strangers: set[str] = set()
    page.on("request", lambda request: _origin(request.url) in known or strangers.add(request.url))
    page.add_init_script(READY)
    page.goto(address)
    page.wait_for_function("window.readyAt !== undefined")
    ready: float = page.evaluate("window.readyAt")
    _tick(page)
    context.close()
    return ready, strangers


def _tick(page: Page) -> None:
    with page.expect_event("frameattached") as challenge:
        page.frame_locator("iframe").first.get_by_role("checkbox").click()
    challenge.value.wait_for_load_state("networkidle")


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
