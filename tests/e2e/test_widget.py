"""The widget on somebody else's page: ticked, solved, expired, closed, by pointer and by keyboard, in Chromium."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from annotations.challenges.registry import CHOICES
from annotations.models import Campaign, Vote
from annotations.selectors_unseen import questions_of
from annotations.sites.models import Protocol, Visit
from annotations.sites.tokens import token_read
from annotations.sites.ways import WAYS

from .shop import HOST, PATIENCE, Shop, asked_in, box, challenge, expect_state, field_value, has_focus, said, tick
from .test_kinds_in_a_browser import answer_by_hand, answer_by_keyboard
from .test_unseen_in_a_browser import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KINDS = [name for name, _ in CHOICES]
PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True, "is_mobile": True}


def passed_with(page: Page, place: int = 0) -> str:
    """The token, once the box is ticked off."""
    expect_state(page, "passed", place)
    return field_value(page, "h-captcha-response", place)


def solve(page: Page, place: int = 0) -> str:
    frame = tick(page, place)
    answer_by_hand(frame, asked_in(), Locator.click)
    return passed_with(page, place)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_by_pointer(page: Page, shop: Shop, kind: str) -> None:
    Campaign.objects.update(kinds=[kind])
    page.goto(shop.page(shop.widget()))
    token = solve(page)
    visit = Visit.objects.get()
    assert (token_read(token).visit, token_read(token).hostname) == (visit.pk, HOST)
    assert field_value(page, "g-recaptcha-response") == token
    assert said(page, "passed") == [[token, visit.pk.hex, token]], "getResponse answers before the callback is called"
    assert page.evaluate("[hcaptcha.getRespKey(), grecaptcha.getResponse()]") == [visit.pk.hex, token]
    assert page.locator("dialog").count() == 0
    assert visit.votes == Vote.objects.count()


@pytest.mark.parametrize("kind", ["grid", "strip", "choice", "odd-one-out"])
def test_every_form_by_keyboard_alone(page: Page, shop: Shop, kind: str) -> None:
    Campaign.objects.update(kinds=[kind])
    page.goto(shop.page(shop.widget()))
    expect(box(page).locator("[data-box]")).to_be_visible()
    tab_to(page, "iframe")
    page.keyboard.press("Space")
    expect(challenge(page).locator("[data-keys-toggle]")).to_be_visible()
    has_focus(page)
    answer_by_keyboard(page, asked_in())
    assert passed_with(page)


def test_a_challenge_that_was_closed_waits(page: Page, shop: Shop) -> None:
    Campaign.objects.update(kinds=["grid"])
    page.goto(shop.page(shop.widget()))
    frame = tick(page)
    frame.locator("[data-tiles] input").first.check()
    page.mouse.click(5, 5)  # beside it
    expect(page.locator("dialog[open]")).to_have_count(0)
    frame = tick(page)
    expect(frame.locator("[data-tiles] input").first).to_be_checked()
    assert Visit.objects.count() == 1


def test_who_is_wrong_is_asked_again(page: Page, shop: Shop) -> None:
    Campaign.objects.update(kinds=["strip"])
    page.goto(shop.page(shop.widget()))
    frame = tick(page)
    frame.locator("[data-answer]").fill("dddddddddd")
    frame.locator("[data-submit]").click()
    expect(frame.locator("#solve-result")).to_contain_text("quite match", timeout=PATIENCE)
    answer_by_hand(frame, asked_in(), Locator.click)
    assert passed_with(page)


def lasts(monkeypatch: pytest.MonkeyPatch, lifetime: timedelta) -> None:
    """A token, from now on."""
    way = WAYS[Protocol.HCAPTCHA]
    monkeypatch.setitem(WAYS, Protocol.HCAPTCHA.value, replace(way, dialect=replace(way.dialect, lifetime=lifetime)))


def test_a_token_expires_and_another_is_to_be_had(page: Page, shop: Shop, monkeypatch) -> None:
    lasts(monkeypatch, timedelta(seconds=2))
    page.goto(shop.page(shop.widget()))
    solve(page)
    expect_state(page, "expired")
    expect(box(page).locator("[data-words]")).to_have_text("Too much time has passed. Tick the box again.")
    assert field_value(page, "h-captcha-response") == "" == page.evaluate("hcaptcha.getResponse()")
    assert said(page, "expired") == [[]]
    lasts(monkeypatch, timedelta(seconds=60))
    assert solve(page)
    assert Visit.objects.count() == 2


def test_two_widgets_on_a_page_know_nothing_of_each_other(page: Page, shop: Shop) -> None:
    page.goto(shop.page(shop.widget() + shop.widget()))
    first = solve(page, 0)
    expect_state(page, "idle", 1)
    assert field_value(page, "h-captcha-response", 1) == ""
    second = solve(page, 1)
    ids = page.evaluate("[...document.querySelectorAll('[name=h-captcha-response]')].map((one) => one.id)")
    assert len({first, second}) == 2 and len(set(ids)) == 2
    assert field_value(page, "h-captcha-response", 0) == first


def test_the_form_carries_the_token(page: Page, shop: Shop) -> None:
    page.goto(shop.page(shop.widget()))
    token = solve(page)
    page.locator("#buy").click()
    page.wait_for_url("**/bought?*")
    assert f"h-captcha-response={token}" in page.url and f"g-recaptcha-response={token}" in page.url


def test_on_the_smallest_phone_it_fits(visit, shop: Shop) -> None:
    Campaign.objects.update(kinds=["grid"])
    page = visit(**PHONE)
    page.goto(shop.page(shop.widget()))
    expect(box(page).locator("[data-box]")).to_be_visible()
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
    box(page).locator("[data-box]").tap()
    frame = challenge(page)
    expect(frame.locator("#challenge")).to_be_visible()
    overlay = page.locator("dialog iframe").bounding_box()
    assert overlay["x"] >= 0 and overlay["x"] + overlay["width"] <= 320 and overlay["height"] <= 640
    assert not frame.locator("html").evaluate("html => html.scrollWidth > html.clientWidth")
    answer_by_hand(frame, asked_in(), Locator.tap)
    assert passed_with(page)


@pytest.mark.parametrize("kind", ["sound", "riddle"])
def test_without_pictures_by_keyboard_alone(page: Page, shop: Shop, kind: str, monkeypatch) -> None:
    monkeypatch.setattr("annotations.selectors_unseen.BITS", 6)
    Campaign.objects.update(kinds=["grid"])
    page.goto(shop.page(shop.widget()))
    frame = tick(page)
    frame.locator("[data-tiles] input").first.press("w")
    expect(frame.get_by_role("heading", name="Solve without pictures")).to_be_focused()
    frame.locator(f"button[value={kind}]").press("Enter")
    expect(frame.locator("[data-unseen]")).to_be_visible()
    for place, question in enumerate(questions_of(Visit.objects.select_related("unseen").get().unseen)):
        frame.locator(f"[name=question-{place}]").nth(question.right).press("Space")
    frame.locator("[data-unseen] [type=submit]").press("Enter")
    assert token_read(passed_with(page)).visit == Visit.objects.get().pk


def test_a_lost_network_loses_nothing(page: Page, shop: Shop) -> None:
    Campaign.objects.update(kinds=["grid"])
    page.goto(shop.page(shop.widget()))
    frame = tick(page)
    page.route("**/embed/**", lambda route: route.abort())
    answer_by_hand(frame, asked_in(), Locator.click)
    again = frame.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/embed/**")
    again.click()
    assert passed_with(page)


def test_pictures_that_did_not_come_are_fetched_again(page: Page, shop: Shop) -> None:
    page.route("**/sprite*", lambda route: route.abort())
    page.goto(shop.page(shop.widget()))
    frame = tick(page)
    again = frame.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    page.unroute("**/sprite*")
    again.click()
    picture = frame.locator("#challenge img").first
    picture.evaluate("image => image.naturalWidth || new Promise((loaded) => { image.onload = loaded; })")
    expect(again).to_be_hidden()


def test_an_answer_waits_for_the_work(page: Page, shop: Shop) -> None:
    Campaign.objects.update(kinds=["grid"])
    page.route("**/work.js", lambda route: page.wait_for_timeout(1500) or route.continue_())
    page.goto(shop.page(shop.widget()))
    frame = tick(page)
    answer_by_hand(frame, asked_in(), Locator.click)
    assert passed_with(page)


@pytest.mark.parametrize("late", ["challenge.js", "htmx-*.js"])
def test_who_answers_before_the_scripts_have_come_is_waited_for(page: Page, shop: Shop, late: str) -> None:
    Campaign.objects.update(kinds=["grid"])
    page.route(f"**/{late}", lambda route: page.wait_for_timeout(1500) or route.continue_())
    page.goto(shop.page(shop.widget()))
    box(page).locator("[data-box]").click()
    expect(challenge(page).locator("#challenge")).to_be_visible()
    answer_by_hand(challenge(page), asked_in(), Locator.click)
    assert passed_with(page)


def test_a_browser_that_cannot_work_is_told_what_to_do(page: Page, shop: Shop) -> None:
    page.route("**/work.js", lambda route: route.abort())
    page.goto(shop.page(shop.widget()))
    frame = tick(page)
    expect(frame.locator("[data-work-status]")).to_contain_text("Try another browser")
