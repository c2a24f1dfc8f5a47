"""What pages do with the widget: call it, style it, forbid things, take it away and bring it back, attack it."""

from __future__ import annotations

from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from annotations.models import Campaign
from annotations.services.refusals import TooManyTries
from annotations.sites.models import Visit
from annotations.sites.tokens import token_read

from .shop import Shop, asked_in, box, challenge, expect_state, field_value, opened, said, tick, until
from .test_kinds_in_a_browser import answer_by_hand

pytestmark = [pytest.mark.browser, pytest.mark.slow]
STRICT = "default-src 'none'; script-src 'self' {0}; frame-src {0}; base-uri 'none'; require-trusted-types-for 'script'"


@pytest.fixture(autouse=True)
def one_kind(shop: Shop) -> None:
    Campaign.objects.update(kinds=["grid"])


def solve(page: Page, place: int = 0) -> None:
    answer_by_hand(tick(page, place), asked_in(), Locator.click)
    expect_state(page, "passed", place)


def explicit(shop: Shop, script: str, more: str = "", address: str = "/1/api.js") -> str:
    """A page that renders by itself: `loaded` is called once it can."""
    shop.files["/own.js"] = (f"window.loaded = () => {{ {script} }};", "text/javascript", {})
    own = '<script src="/own.js"></script>' + shop.script(f"{address}?render=explicit&onload=loaded{more}")
    return shop.page('<div id="here"></div><div id="there"></div>', own)


def errors_of(page: Page) -> list[str]:
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    return found


# ── Calls ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_renders_by_itself(page: Page, shop: Shop) -> None:
    render = f"window.id = hcaptcha.render('here', {{ sitekey: '{shop.site.key}', callback: passed, unknown: 1 }});"
    page.goto(explicit(shop, render))
    solve(page)
    assert isinstance(page.evaluate("id"), str) and page.evaluate("id")
    assert page.evaluate("hcaptcha.getResponse(id) === tessera.getResponse() && hcaptcha.getResponse() !== ''")
    assert len(said(page, "passed")) == 1


def test_the_script_may_be_loaded_across_origins_and_its_tag_taken_out(page: Page, shop: Shop) -> None:
    """As the React client does."""
    shop.files["/own.js"] = (
        f"""const tag = document.createElement("script");
        tag.src = "{shop.server}/1/api.js?onload=loaded&render=explicit&hl=de";
        tag.crossOrigin = "anonymous";
        tag.async = true;
        tag.onload = () => tag.remove();
        window.loaded = () => hcaptcha.render(document.querySelector("#here"), {{ sitekey: "{shop.site.key}" }});
        document.head.append(tag);""",
        "text/javascript",
        {},
    )
    page.goto(shop.page('<div id="here"></div>', '<script src="/own.js"></script>'))
    expect(box(page).locator("html[lang=de]")).to_be_attached()
    solve(page)
    assert page.evaluate("hcaptcha.getResponse() !== ''")


def test_a_script_that_is_loaded_twice_renders_once(page: Page, shop: Shop) -> None:
    page.goto(shop.page(shop.widget(), shop.script() + shop.script("/1/api.js?x=2")))
    expect(box(page).locator("[data-box]")).to_be_visible()
    page.wait_for_timeout(200)
    assert page.locator("iframe").count() == 1
    solve(page)
    assert page.evaluate("hcaptcha.getResponse() !== ''")


def test_reset_remove_and_render_again_on_the_same_element(page: Page, shop: Shop) -> None:
    render = f"hcaptcha.render('here', {{ sitekey: '{shop.site.key}' }})"
    page.goto(explicit(shop, f"window.id = {render};"))
    solve(page)
    page.evaluate("hcaptcha.reset(id)")
    expect_state(page, "idle")
    assert field_value(page, "h-captcha-response") == "" == page.evaluate("hcaptcha.getRespKey(id)")
    page.evaluate("hcaptcha.remove(id)")
    assert page.locator("iframe, textarea").count() == 0
    again = page.evaluate(f"window.id = {render}")
    assert again
    solve(page)
    assert token_read(page.evaluate("hcaptcha.getResponse(id)")).visit == Visit.objects.order_by("-opened_at")[0].pk


def test_a_page_that_empties_the_element_may_render_into_it_again(page: Page, shop: Shop) -> None:
    render = f"hcaptcha.render('here', {{ sitekey: '{shop.site.key}' }})"
    page.goto(explicit(shop, render))
    tick(page)
    page.evaluate("document.querySelector('#here').replaceChildren()")
    page.evaluate(render)
    expect(page.locator("dialog")).to_have_count(0)
    solve(page)


def test_a_widget_that_leaves_the_page_takes_its_challenge_with_it(page: Page, shop: Shop) -> None:
    page.goto(shop.page(shop.widget()))
    tick(page)
    page.evaluate("document.querySelector('#form').remove()")
    expect(page.locator("dialog")).to_have_count(0)


def test_mistakes_of_a_page_are_named_in_its_console(page: Page, shop: Shop) -> None:
    errors = errors_of(page)
    render = f"hcaptcha.render('here', {{ sitekey: '{shop.site.key}' }})"
    page.goto(explicit(shop, f"window.ids = [{render}, {render}]; hcaptcha.render('nowhere', {{}});"))
    expect(box(page).locator("[data-box]")).to_be_visible()
    assert page.evaluate("ids[0] === ids[1]")
    assert page.locator("iframe").count() == 1
    assert page.evaluate("hcaptcha.getResponse('junk')") == ""
    ours = [text for text in errors if text.startswith("Tessera:")]
    assert ["rendered into this element already" in ours[0], "no element nowhere" in ours[1]] == [True, True]
    assert "there is no widget junk" in ours[2]


def test_invisible_it_is_asked_for_by_a_call(page: Page, shop: Shop) -> None:
    render = f"hcaptcha.render('here', {{ sitekey: '{shop.site.key}', size: 'invisible', callback: passed }})"
    page.goto(explicit(shop, render))
    expect(page.locator("iframe:not([title=Tessera])")).to_be_attached()
    page.evaluate("form.prepend(here); window.promise = hcaptcha.execute({ async: true }); undefined")
    expect(challenge(page).locator("#challenge")).to_be_visible()
    answer_by_hand(challenge(page), asked_in(), Locator.click)
    answer = page.evaluate("promise")
    visit = Visit.objects.get()
    assert (token_read(answer["response"]).visit, answer["key"]) == (visit.pk, visit.pk.hex)
    assert page.evaluate("hcaptcha.getResponse()") == answer["response"]


def test_a_promise_is_broken_when_somebody_closes_the_challenge(page: Page, shop: Shop) -> None:
    render = f"hcaptcha.render('here', {{ sitekey: '{shop.site.key}', size: 'invisible' }})"
    page.goto(explicit(shop, render))
    page.evaluate("window.promise = hcaptcha.execute({ async: true }).catch((code) => code); undefined")
    challenge(page).locator("[data-close]").click()
    assert page.evaluate("promise") == "challenge-closed"
    assert page.evaluate("hcaptcha.execute('junk', { async: true }).catch((code) => code)") == "invalid-captcha-id"


def test_a_button_asks_for_it_and_sends_the_form(page: Page, shop: Shop) -> None:
    button = f'<button class="h-captcha" data-sitekey="{shop.site.key}" data-callback="passed">Pay</button>'
    page.goto(shop.page(button))
    expect(page.locator('iframe[src*="size=invisible"]')).to_be_attached()
    page.get_by_role("button", name="Pay").click()
    expect(challenge(page).locator("#challenge")).to_be_visible()
    answer_by_hand(challenge(page), asked_in(), Locator.click)
    until(page, "said.length")
    assert len(said(page, "passed")) == 1 and "/bought" not in page.url


# ── The other protocols ──────────────────────────────────────────────────────────────────────────────────────────────


def test_recaptcha_by_its_own_names(page: Page, shop: Shop) -> None:
    scripts = shop.script("/recaptcha/api.js?hl=es")
    page.goto(shop.page(shop.widget(mark="g-recaptcha") * 2, scripts))
    solve(page)
    token = page.evaluate("grecaptcha.getResponse()")
    ids = page.evaluate("[...document.querySelectorAll('[name=g-recaptcha-response]')].map((one) => one.id)")
    assert ids == ["g-recaptcha-response", "g-recaptcha-response-1"]
    assert field_value(page, "g-recaptcha-response") == token == said(page, "passed")[0][0]
    assert Visit.objects.get().protocol == "recaptcha"
    more = page.evaluate(
        "[grecaptcha.getResponse(1), typeof hcaptcha, document.querySelectorAll('[name*=h-cap]').length]"
    )
    assert more == ["", "undefined", 0]


def test_recaptcha_gives_numbers_and_calls_who_is_ready(page: Page, shop: Shop) -> None:
    own = f"""window.loaded = () => {{ window.ids = ["here", "there"].map((one) =>
      grecaptcha.render(one, {{ sitekey: "{shop.site.key}" }})); grecaptcha.ready(opened); }};"""
    shop.files["/own.js"] = (own, "text/javascript", {})
    scripts = '<script src="/own.js"></script>' + shop.script("/recaptcha/api.js?render=explicit&onload=loaded")
    page.goto(shop.page('<div id="here"></div><div id="there"></div>', scripts))
    until(page, "window.ids")
    assert page.evaluate("ids") == [0, 1]
    assert said(page, "opened") == [[]]


def test_turnstile_by_its_own_names(page: Page, shop: Shop) -> None:
    widget = shop.widget('data-action="login" data-cdata="c d"', mark="cf-turnstile")
    page.goto(shop.page(widget, shop.script("/turnstile/v0/api.js")))
    solve(page)
    token = field_value(page, "cf-turnstile-response")
    assert (token_read(token).action, token_read(token).cdata) == ("login", "c d")
    assert page.evaluate("[turnstile.getResponse(), turnstile.isExpired()]") == [token, False]
    assert len(token) <= 2048


def test_turnstile_without_a_field_or_with_another(page: Page, shop: Shop) -> None:
    renders = [
        f"turnstile.render('#here', {{ sitekey: '{shop.site.key}', 'response-field': false }})",
        f"turnstile.render('#there', {{ sitekey: '{shop.site.key}', 'response-field-name': 'mine' }})",
    ]
    page.goto(explicit(shop, "; ".join(renders), address="/turnstile/v0/api.js"))
    expect(page.locator("[name=mine]")).to_be_attached()
    assert page.locator("[name=cf-turnstile-response]").count() == 0


# ── Strict pages, foreign pages, hostile pages ───────────────────────────────────────────────────────────────────────


def test_a_page_with_a_strict_policy_shows_it(page: Page, shop: Shop) -> None:
    page.goto(shop.page(shop.widget(), Content_Security_Policy=STRICT.format(shop.server)))
    solve(page)
    assert page.evaluate("violations") == []
    assert page.locator("iframe").bounding_box()["width"] == 303


def test_nothing_comes_from_anywhere_else(page: Page, shop: Shop) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(shop.page(shop.widget()))
    solve(page)
    assert len(asked) > 8
    assert [url for url in asked if not url.startswith((shop.server, shop.url, "data:", "blob:"))] == []
    assert page.context.cookies() == []


def test_a_message_from_a_foreign_origin_is_not_heard(page: Page, shop: Shop) -> None:
    """Neither from the page itself, nor from a frame of somebody else's in it."""
    forged = '{ tessera: "passed", token: "forged", key: "k", seconds: 99 }'
    hello = '{ tessera: "hello", action: "x", cdata: "" }'
    with opened(shop.site, shop.server) as thief:
        attack = f"parent.postMessage({forged}, '*'); parent.frames[0].postMessage({hello}, '*');"
        thief.files["/attack.html"] = (f"<script>{attack}; parent.postMessage('done', '*')</script>", "text/html", {})
        page.goto(shop.page(shop.widget()))
        expect(box(page).locator("[data-box]")).to_be_visible()
        page.evaluate(f"postMessage({forged}, '*')")
        page.evaluate(
            """(src) => new Promise((heard) => {
              addEventListener("message", (event) => event.data === "done" && heard());
              document.body.append(Object.assign(document.createElement("iframe"), { src }));
            })""",
            f"{thief.url}/attack.html",
        )
    page.wait_for_timeout(200)
    assert page.evaluate("[hcaptcha.getResponse(), said.length]") == ["", 0]
    assert field_value(page, "h-captcha-response") == ""
    solve(page)
    assert Visit.objects.get().action == ""


def test_a_site_key_on_another_host_gets_no_challenge(page: Page, shop: Shop) -> None:
    shop.site.hosts = ["shop.example"]
    shop.site.save()
    page.goto(shop.page(shop.widget()))
    expect(box(page).locator("[data-words]")).to_contain_text("127.0.0.1, isn’t one of this site’s")
    until(page, "said.length")
    assert said(page, "failed") == [["invalid-host"]]
    assert box(page).locator("[data-box]").count() == 0 and not Visit.objects.exists()


def test_the_frames_of_a_site_are_shown_on_no_other_page(page: Page, shop: Shop) -> None:
    """Whatever a page says of itself: the browser knows whose it is."""
    page.goto(shop.page(shop.widget()))
    tick(page)
    visit = Visit.objects.get()
    Visit.objects.update(hostname="shop.example")
    shop.site.hosts = ["shop.example"]
    shop.site.save()
    for address in (f"/embed/{visit.pk}/", f"/embed/widget/?sitekey={shop.site.key}"):
        page.goto(
            shop.page(f'<iframe id="thief" referrerpolicy="no-referrer" src="{shop.server}{address}"></iframe>', "")
        )
        page.wait_for_timeout(300)
        assert page.frame_locator("#thief").locator("[data-box], #challenge").count() == 0


def test_a_box_that_no_page_is_around_says_so(page: Page, shop: Shop) -> None:
    page.goto(f"{shop.server}/embed/widget/?sitekey={shop.site.key}")
    page.locator("[data-box]").click()
    expect(page.locator("[data-words]")).to_contain_text("can’t be recognised")
    assert not Visit.objects.exists()


def test_an_unknown_site_key_says_so(page: Page, shop: Shop) -> None:
    shop.site.key = uuid4()  # of this page alone
    page.goto(shop.page(shop.widget()))
    expect(box(page).locator("[data-words]")).to_contain_text("This site key isn’t known here")
    until(page, "said.length")
    assert said(page, "failed") == [["invalid-sitekey"]]


def test_who_comes_too_often_is_told_how_long_to_wait(page: Page, shop: Shop, monkeypatch) -> None:
    def refuse(**_: object) -> None:
        raise TooManyTries(90)

    monkeypatch.setattr("annotations.sites.services.opening.visitor_admit", refuse)
    page.goto(shop.page(shop.widget()))
    box(page).locator("[data-box]").click()
    expect(box(page).locator("[data-words]")).to_contain_text("you can go on in 90 seconds")
    assert said(page, "failed") == [["rate-limited"]]
    monkeypatch.undo()
    page.evaluate("hcaptcha.reset()")  # as clients do
    expect(box(page).locator("[data-words]")).to_contain_text("90 seconds")


def test_without_a_connection_it_says_so_and_goes_on_later(page: Page, shop: Shop) -> None:
    page.route("**/embed/begin/*", lambda route: route.abort())
    page.route("**/embed/begin/", lambda route: route.abort())
    page.goto(shop.page(shop.widget()))
    box(page).locator("[data-box]").click()
    expect(box(page).locator("[data-words]")).to_have_text("No connection. Check it, then tick the box again.")
    assert said(page, "failed") == [["network-error"]]
    page.unroute_all()
    solve(page)


def test_a_challenge_that_does_not_come_gives_the_box_back(page: Page, shop: Shop) -> None:
    page.goto(shop.page(shop.widget()))
    expect(box(page).locator("[data-box]")).to_be_visible()
    page.route("**/embed/*-*-*/**", lambda route: route.abort())
    box(page).locator("[data-box]").click()
    expect_state(page, "error")
    expect(page.locator("dialog")).to_have_count(0)
    assert said(page, "failed") == [["network-error"]]
    page.unroute_all()
    solve(page)


def test_a_page_whose_policy_forbids_the_frame_is_told_so(page: Page, shop: Shop) -> None:
    errors = errors_of(page)
    policy = f"default-src 'none'; script-src 'self' {shop.server}"
    page.goto(shop.page(shop.widget(), Content_Security_Policy=policy))
    until(page, "said.length")
    assert said(page, "failed") == [["network-error"]]
    assert any("does this page's policy allow it (frame-src)?" in text for text in errors)


def test_the_vendors_test_keys_pass_at_once(page: Page, shop: Shop, settings) -> None:
    settings.TEST_KEYS = True
    shop.site.key = "10000000-ffff-ffff-ffff-000000000001"
    page.goto(shop.page(shop.widget()))
    box(page).locator("[data-box]").click()
    expect_state(page, "passed")
    assert field_value(page, "h-captcha-response") == "10000000-aaaa-bbbb-cccc-000000000001"
    assert not Visit.objects.exists()


def test_a_visitor_is_known_again_where_the_frame_may_keep_a_key(page: Page, shop: Shop) -> None:
    """Chromium keeps nothing for frames of other sites in a private window. A page of our own site's may keep it."""
    shop.site.hosts = ["127.0.0.1", "localhost"]
    shop.site.save()
    own = shop.page(shop.widget()).replace("127.0.0.1", "localhost")
    for address, visitors in ((own, 1), (own, 1), (f"{shop.url}/", 2), (f"{shop.url}/", 3)):
        page.goto(address)
        tick(page)
        assert Visit.objects.values("annotator").distinct().count() == visitors
    assert Visit.objects.count() == 4
