"""The widget's frames by axe-core, by their size and by their direction: for everybody, in every language and theme."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, expect

from annotations.challenges.registry import CHOICES
from annotations.models import Campaign

from .shop import Shop, box, challenge, expect_state, tick, until
from .solving_pages import CONTROLS
from .test_everybody_can_solve import MEASURE, TARGET

pytestmark = [pytest.mark.browser, pytest.mark.slow]
KINDS = [name for name, _ in CHOICES]
TRAP = 'name="website"'  # which nobody sees or reaches
AXE = Axe()
OPTIONS = {"rules": {"page-has-heading-one": {"enabled": False}}}  # a frame is no page


def frame_of(page: Page, part: str) -> Frame:
    return next(frame for frame in page.frames if part in frame.url)


def violations(frame: Frame) -> Iterator[str]:
    """axe in the frame itself: it can't look into one of another origin."""
    frame.evaluate(AXE.axe_script)
    for one in frame.evaluate("(options) => axe.run(options).then((result) => result.violations)", OPTIONS):
        yield f"{one['id']} ({one['help']}): {[node['html'][:120] for node in one['nodes'][:3]]}"


@pytest.mark.parametrize(("theme", "hl"), [("light", "en"), ("dark", "ar")])
def test_axe_finds_nothing_in_the_frames(visit, shop: Shop, theme: str, hl: str) -> None:
    found: list[str] = []
    for kind in KINDS:
        Campaign.objects.update(kinds=[kind])
        page = visit(reduced_motion="reduce")
        page.goto(shop.page(shop.widget(f'data-theme="{theme}" data-hl="{hl}"')))
        frame = tick(page)
        expect(frame.locator(f"html[data-theme={theme}][lang={hl}]")).to_be_attached()
        found += [f"{kind}: {one}" for one in violations(frame_of(page, "/embed/"))]
        found += [f"{kind}: {one}" for one in violations(page.frames[-1])]
    for stage in ("[data-without]", "button[value=riddle]", "[data-unseen]"):
        if stage != "[data-unseen]":
            frame.locator(stage).click()
            page.wait_for_timeout(300)
        found += [f"{stage}: {one}" for one in violations(page.frames[-1])]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_in_the_box_whatever_its_state(visit, shop: Shop, theme: str) -> None:
    page = visit(reduced_motion="reduce")
    page.goto(shop.page(shop.widget(f'data-theme="{theme}"')))
    expect(box(page).locator("[data-box]")).to_be_visible()
    frame = frame_of(page, "/embed/widget/")
    for state in ("idle", "passed", "expired", "error", "over", "working"):
        frame.evaluate(
            """(state) => {
              const words = document.querySelector("[data-words]");
              document.documentElement.dataset.state = state;
              words.textContent = words.getAttribute(`data-say-${state}`) ?? "";
            }""",
            state,
        )
        assert list(violations(frame)) == [], state


@pytest.mark.parametrize("width", [320, 1280])
def test_every_control_is_large_enough_for_a_finger(visit, shop: Shop, width: int) -> None:
    small: list[str] = []
    for kind in KINDS:
        Campaign.objects.update(kinds=[kind])
        page = visit(viewport={"width": width, "height": 900})
        page.goto(shop.page(shop.widget()))
        tick(page)
        for frame in (frame_of(page, "/embed/widget/"), page.frames[-1]):
            measured = [one for one in frame.evaluate(MEASURE, CONTROLS) if TRAP not in one["html"]]
            assert measured
            small += [f"{kind}: {one}" for one in measured if min(one["width"], one["height"]) < TARGET - 0.5]
            small += [f"{kind} outside: {one}" for one in measured if one["left"] < -0.5]
    assert not small, "\n".join(small)


def test_its_sizes_are_those_that_pages_leave_room_for(page: Page, shop: Shop) -> None:
    page.goto(shop.page(shop.widget() + shop.widget('data-size="compact"') + shop.widget('data-size="junk"')))
    expect(box(page, 2).locator("[data-box]")).to_be_visible()
    boxes = [page.locator("iframe").nth(place).bounding_box() for place in range(3)]
    assert [(one["width"], one["height"]) for one in boxes] == [(303, 78), (164, 144), (303, 78)]
    for place in range(3):
        fits = "html => html.scrollHeight <= innerHeight && html.scrollWidth <= innerWidth"
        assert box(page, place).locator("html").evaluate(fits)


def test_long_words_get_room(page: Page, shop: Shop) -> None:
    shop.site.hosts = ["shop.example"]
    shop.site.save()
    page.goto(shop.page(f'<div style="width: 200px">{shop.widget()}</div>'))
    expect_state(page, "error")
    until(page, "document.querySelector('iframe').clientHeight > 78")
    assert box(page).locator("html").evaluate("html => html.scrollHeight <= innerHeight")


def test_a_screen_reader_is_told_what_the_box_is_and_what_became_of_it(page: Page, shop: Shop) -> None:
    page.goto(shop.page(shop.widget('data-tabindex="3"')))
    tickable = box(page).get_by_role("checkbox", name="I am human")
    expect(tickable).to_have_attribute("aria-checked", "false")
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("title", "Are you human? Tick the box")
    expect(frame).to_have_attribute("tabindex", "3")
    tick(page)
    expect(page.get_by_role("dialog", name="Are you human? A challenge")).to_be_visible()
    expect(box(page).get_by_role("status")).to_have_text("A challenge has opened.")
    expect(challenge(page).get_by_role("heading", name="Are you human?")).to_be_visible()


def test_the_focus_goes_round_in_the_challenge_and_comes_back_to_the_box(page: Page, shop: Shop) -> None:
    Campaign.objects.update(kinds=["grid"])
    page.goto(shop.page(f'<a href="#a">Before</a>{shop.widget()}'))
    frame = tick(page)
    frame.locator("[data-close]").focus()
    held = "() => document.hasFocus() && document.activeElement.outerHTML"
    for key in ("Tab", "Shift+Tab"):
        reached = []
        for _ in range(40):
            page.keyboard.press(key)
            reached.append(page.frames[-1].evaluate(held))
        assert False not in reached, f"{key} leaves the challenge after {reached.index(False)} others"
        assert reached[:17] == reached[17:34] and len(set(reached)) == 17, "round and round, past every control"
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    assert page.evaluate("document.activeElement.matches('iframe[src*=\"/embed/widget/\"]')")
    expect_state(page, "idle")
    assert [one[0] for one in page.evaluate("said")] == ["opened", "shut"]
