"""The page for integrators is true in a browser, and so is the playground: the widget where its words say it works."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from annotations.sites.protocols.hcaptcha import HCAPTCHA
from annotations.sites.services.redeeming import token_redeem
from annotations.sites.services.sites import secret_rotate
from tests.sites.integrating import shown

from . import shop as shops
from .test_axe import log_in
from .test_kinds_in_a_browser import answer_by_hand

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def written(shop, name: str) -> str:
    """The address of a page of nothing but the snippet, with server and key put in."""
    html = f"<!doctype html><title>A shop</title><body>{shown()[name]}"
    shop.files["/"] = (shop.addressed(html), "text/html; charset=utf-8", {})
    return f"{shop.url}/"


def is_taken(shop, token: str) -> bool:
    secret = secret_rotate(site=shop.site)
    return token_redeem(secret=secret, token=token, lifetime=HCAPTCHA.lifetime).fault is None


def solve(page: Page) -> None:
    answer_by_hand(shops.tick(page), shops.asked_in(), Locator.click)
    shops.expect_state(page, "passed")


def test_two_lines_in_a_form(page: Page, shop) -> None:
    page.goto(written(shop, "plain"))
    solve(page)
    assert is_taken(shop, shops.field_value(page, "h-captcha-response"))


def test_rendered_by_the_page(page: Page, shop) -> None:
    page.goto(written(shop, "explicit"))
    with page.expect_console_message(timeout=shops.PATIENCE) as said:
        solve(page)
    assert is_taken(shop, said.value.text)


def test_invisible_until_the_form_is_sent(page: Page, shop) -> None:
    page.goto(written(shop, "invisible"))
    page.wait_for_function("window.hcaptcha")
    page.get_by_role("button", name="Order").click()
    frame = shops.challenge(page)
    expect(frame.locator("#challenge")).to_be_visible()
    with page.expect_request(
        lambda request: request.url == f"{shop.url}/" and request.method == "POST", timeout=shops.PATIENCE
    ) as sent:
        answer_by_hand(frame, shops.asked_in(), Locator.click)
    assert is_taken(shop, re.search(r"h-captcha-response=([^&]+)", sent.value.post_data or "")[1])


def verified(page: Page) -> list[dict]:
    expect(page.get_by_role("heading", name="Turnstile")).to_be_visible(timeout=shops.PATIENCE)
    return [json.loads(text) for text in page.locator("[aria-label^='The answer']").all_inner_texts()]


@pytest.mark.parametrize("protocol", ["hcaptcha", "recaptcha", "turnstile"])
def test_the_owner_tries_it_on_our_own_page(page: Page, shop, live_server, protocol: str) -> None:
    log_in(page.context, live_server.url, shop.site.owner)
    page.goto(f"{reverse('site_playground', args=[shop.site.pk])}?protocol={protocol}&size=compact")
    solve(page)
    page.get_by_role("button", name="Verify").click()
    assert [(one["success"], one["hostname"]) for one in verified(page)] == [(True, "localhost")] * 3


def test_an_invisible_one_asks_when_the_owner_verifies(page: Page, shop, live_server) -> None:
    log_in(page.context, live_server.url, shop.site.owner)
    page.goto(f"{reverse('site_playground', args=[shop.site.pk])}?size=invisible")
    page.wait_for_function("window.tessera")
    page.get_by_role("button", name="Verify").click()
    frame = shops.challenge(page)
    expect(frame.locator("#challenge")).to_be_visible()
    frame.locator("[data-close]").click()
    expect(page.locator("#playground-lost")).to_contain_text("closed or failed")
    page.get_by_role("button", name="Verify").click()
    answer_by_hand(shops.challenge(page), shops.asked_in(), Locator.click)
    assert verified(page)[0]["success"]
