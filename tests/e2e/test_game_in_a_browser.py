"""The last answer is undone, a challenge skipped, and «I can't tell» said by keyboard alone: in a real Chromium."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from annotations.models import Challenge, ChallengeState, SecondThought
from gallery.models import DataSet

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(params=["light", "dark"])
def page(chromium, live_server, transactional_db, published: DataSet, request) -> Iterator[Page]:
    context = chromium.new_context(base_url=live_server.url, color_scheme=request.param, reduced_motion="reduce")
    yield context.new_page()
    context.close()


def test_undo_can_not_tell_and_skip_by_keyboard(page: Page) -> None:
    page.goto("/solve/?kind=grid")
    expect(page.locator("[data-tiles]")).to_be_visible()
    first = Challenge.objects.get()
    for key in ("1", "5", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#solve-result")).to_contain_text("Answer recorded.")
    waits = Challenge.objects.get(state=ChallengeState.OPEN)
    page.keyboard.press("u")
    expect(page.locator("[data-submit]")).to_have_text("Save the change")
    assert [int(box.get_attribute("value")) for box in page.locator("[data-tiles] input:checked").all()] == [0, 4]
    assert not Axe().run(page).response["violations"]
    for key in ("2", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#solve-result")).to_contain_text("Your change is recorded.")
    yes = [position for position, kind, _ in SecondThought.objects.get(challenge=first).said if kind == 1]
    assert yes == [0, 1, 4]
    expect(page.locator(f'[data-challenge][action*="{waits.pk}"]')).to_be_visible()
    page.keyboard.press("?")
    # Pressed before htmx has taken the form over, the browser sends it itself: then it is said at the top of the page.
    expect(page.locator("body")).to_contain_text("is an answer too")
    waits.refresh_from_db()
    assert waits.state == ChallengeState.UNSURE
    skipped = Challenge.objects.get(state=ChallengeState.OPEN)
    page.keyboard.press("s")
    expect(page.locator(f'[data-challenge][action*="{skipped.pk}"]')).to_have_count(0)
    expect(page.locator("[data-challenge]")).to_be_visible()
    skipped.refresh_from_db()
    assert skipped.state == ChallengeState.REPLACED
