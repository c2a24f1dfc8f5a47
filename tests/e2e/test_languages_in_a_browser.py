"""What scripts say comes from the page, in its language; and the language can be chosen at its foot."""

import pytest
from playwright.sync_api import expect

from gallery.models import DataSet

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_what_a_script_says_is_in_the_language_of_the_page(visit, asked: DataSet) -> None:
    page = visit(locale="de")
    page.goto("/solve/?kind=grid")
    page.locator("[data-keys-toggle]").click()
    expect(page.locator("[data-keys-toggle]")).to_have_text("Tasten einschalten")
    page.goto("/solve/without-pictures/")
    page.locator('button[name=kind][value="riddle"]').click()
    expect(page.locator("[data-work-status]")).to_contain_text("im Hintergrund")


def test_a_request_that_is_lost_is_told_in_the_language_of_the_page(visit, asked: DataSet) -> None:
    page = visit(locale="es")
    page.goto("/solve/?kind=grid")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.locator("[data-another]").click()
    expect(page.locator("[data-request-problem]")).to_contain_text("Se perdió la conexión.")


def test_a_language_is_chosen_at_the_foot_without_scripts_too(visit, asked: DataSet) -> None:
    page = visit(locale="de", java_script_enabled=False)
    page.goto("/solve/scoreboard/?span=all")
    page.get_by_role("button", name="العربيّة").click()
    assert page.url.endswith("/solve/scoreboard/?span=all")
    assert page.locator("html").get_attribute("dir") == "rtl"
    assert page.get_by_role("heading", level=1).inner_text() == "لوحة المتصدرين"
