"""Somebody's shop: pages on an origin other than the server's, that show the widget as its documentation says."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from playwright.sync_api import FrameLocator, Page, expect

from annotations.models import Challenge
from annotations.sites.models import Site, Visit

PATIENCE = 30_000  # milliseconds: the work beside the pictures takes a while where cores are shared
HOST = "127.0.0.1"  # the server's is localhost
LOG = """
window.said = [];
window.violations = [];
const note = (name) => (...values) => window.said.push([name, ...values]);
for (const name of ["passed", "expired", "failed", "opened", "shut"]) window[name] = note(name);
document.addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective));
const answer = () => (window.hcaptcha || window.grecaptcha || window.turnstile).getResponse();
window.passed = (token, key) => said.push(["passed", token, key, answer()]);
"""
CALLBACKS = """data-callback="passed" data-expired-callback="expired" data-error-callback="failed"
 data-open-callback="opened" data-close-callback="shut\""""
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><script src="/log.js"></script></head>
<body><main><h1>A shop</h1><form id="form" action="/bought">{form}<button id="buy">Buy</button></form></main>
{scripts}</body></html>"""


@dataclass
class Shop:
    site: Site
    server: str
    url: str
    files: dict[str, tuple[str, str, dict[str, str]]] = field(default_factory=dict)

    def widget(self, more: str = "", *, mark: str = "h-captcha") -> str:
        return f'<div class="{mark}" data-sitekey="{self.site.key}" {CALLBACKS} {more}></div>'

    def script(self, address: str = "/1/api.js", more: str = "async defer") -> str:
        return f'<script src="{self.server}{address}" {more}></script>'

    def addressed(self, text: str) -> str:
        """A piece of the documentation, with server and key put in."""
        return text.replace("https://captcha.example", self.server).replace("SITEKEY", str(self.site.key))

    def page(self, form: str, scripts: str | None = None, **headers: str) -> str:
        """The address of a page with this in its form."""
        text = PAGE.format(form=form, scripts=self.script() if scripts is None else scripts)
        self.files["/"] = (text, "text/html", {name.replace("_", "-"): value for name, value in headers.items()})
        return f"{self.url}/"


@contextmanager
def opened(site: Site, server: str) -> Iterator[Shop]:
    shop = Shop(site, server, "", {"/log.js": (LOG, "text/javascript", {})})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            text, kind, headers = shop.files.get(self.path.partition("?")[0], ("", "text/html", {}))
            self.send_response(200)
            for name, value in {"Content-Type": kind, **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    httpd = ThreadingHTTPServer((HOST, 0), Handler)
    shop.url = f"http://{HOST}:{httpd.server_address[1]}"
    Thread(target=httpd.serve_forever, daemon=True).start()
    yield shop
    httpd.shutdown()
    httpd.server_close()


def box(page: Page, place: int = 0) -> FrameLocator:
    return page.frame_locator('iframe[src*="/embed/widget/"]').nth(place)


def challenge(page: Page) -> FrameLocator:
    return page.frame_locator("dialog[open] iframe")


def tick(page: Page, place: int = 0) -> FrameLocator:
    """Click on the box; the frame with the challenge."""
    box(page, place).locator("[data-box]").click()
    frame = challenge(page)
    expect(frame.locator("#challenge")).to_be_visible()
    has_focus(page)
    return frame


def has_focus(page: Page) -> None:
    """The challenge gets the keys from now on."""
    for _ in range(PATIENCE // 100):
        if challenge(page).locator("html").evaluate("() => document.hasFocus()"):
            return
        page.wait_for_timeout(100)
    raise AssertionError("the challenge doesn't get the focus")


def asked_in() -> Challenge:
    """What is asked in the visit that was begun last."""
    visit = Visit.objects.select_related("challenge").order_by("-opened_at").first()
    assert visit and visit.challenge
    return visit.challenge


def expect_state(page: Page, state: str, place: int = 0) -> None:
    expect(box(page, place).locator(f"html[data-state={state}]")).to_be_attached(timeout=PATIENCE)


def until(page: Page, true: str) -> None:
    """Asked from outside: within a page with a strict policy nothing can be asked again and again."""
    for _ in range(PATIENCE // 100):
        if page.evaluate(true):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"{true} doesn't become true")


def said(page: Page, name: str) -> list[list[str]]:
    return [one[1:] for one in page.evaluate("window.said") if one[0] == name]


def field_value(page: Page, name: str, place: int = 0) -> str:
    return page.locator(f"[name={name}]").nth(place).input_value()
