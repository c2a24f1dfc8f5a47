"""Every page that is solved on, for everybody: by its size, its names, its direction, its colours and its focus."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import translation
from playwright.sync_api import Page

from gallery.models import DataSet

from .solving_pages import CONTROLS, solving_pages

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
DESKTOP = {"width": 1280, "height": 720}
NARROW = {"width": 390, "height": 800}
SMALLEST = {"width": 320, "height": 640}  # a screen of 1280 at 400%
ZOOMED = {"width": 640, "height": 400}  # the same at 200%
TARGET = 44
MEASURE = """(controls) => {
  for (const menu of document.querySelectorAll("details")) menu.open = true;
  const found = [];
  for (const control of document.querySelectorAll(controls)) {
    if (!control.checkVisibility()) continue;
    const label = control.matches("[type=radio], [type=checkbox]") && control.closest("label");
    const box = (label || control).getBoundingClientRect();
    if (box.bottom < 0) continue; // the skip link, until it has the focus
    const { width, height, left, right } = box;
    found.push({ html: control.outerHTML.slice(0, 90), width, height, left, right });
  }
  return found;
}"""
FOCUSED = """() => {
  const element = document.activeElement;
  if (element === document.body || element === document.documentElement) return null;
  const places = [element, element.closest("label")].filter(Boolean);
  const seen = places.some((place) => {
    const style = getComputedStyle(place);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
  });
  return { html: element.outerHTML.slice(0, 90), seen };
}"""

MOVING = """() => {
  const moves = (element, part) => {
    const style = getComputedStyle(element, part);
    const animated = style.animationName !== "none" && parseFloat(style.animationDuration) > 0;
    return animated || parseFloat(style.transitionDuration) > 0;
  };
  const all = [...document.querySelectorAll("*")];
  const moving = all.filter((element) => [null, "::before", "::after"].some((part) => moves(element, part)));
  return moving.map((element) => element.outerHTML.slice(0, 80));
}"""


def opened(visit, dataset: DataSet, **options: object) -> Iterator[tuple[str, Page]]:
    page = visit(**options)
    for name, open_page in solving_pages(dataset):
        open_page(page)
        yield name, page


def too_small(page: Page) -> list[str]:
    measured = page.evaluate(MEASURE, CONTROLS)
    assert len(measured) > 8
    return [str(one) for one in measured if min(one["width"], one["height"]) < TARGET - 0.5]


def on_narrow_screens_too_small(page: Page) -> Iterator[str]:
    for screen in (NARROW, SMALLEST):
        page.set_viewport_size(screen)
        yield from too_small(page)


def lost_when_enlarged(page: Page) -> Iterator[str]:
    for screen in (SMALLEST, ZOOMED):
        page.set_viewport_size(screen)
        width = page.evaluate("document.documentElement.clientWidth")
        if page.evaluate("document.documentElement.scrollWidth") > width:
            yield f"scrolls sideways on {screen}"
        controls = page.evaluate(MEASURE, CONTROLS)
        yield from (str(one) for one in controls if one["left"] < -0.5 or one["right"] > width + 0.5)


def found_by_axe(page: Page) -> Iterator[str]:
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        for one in Axe().run(page).response["violations"]:
            yield f"{theme}: {one['id']} {one['nodes'][:2]}"


def moving_for_who_wants_no_motion(page: Page) -> list[str]:
    return page.evaluate(MOVING)


def not_told_to_a_screen_reader(page: Page) -> Iterator[str]:
    nodes = tree(page)
    controls = [node for node in nodes if role(node) in ROLES]
    assert len(controls) > 8
    yield from (role(node) for node in controls if not named(node))
    said = {role(node) for node in nodes}
    yield from {"main", "heading"} - said
    if not said & {"status", "alert"} and not page.url.endswith("/without-pictures/"):
        yield "what becomes of the answer"


CHECKS = (found_by_axe, moving_for_who_wants_no_motion, not_told_to_a_screen_reader)
CHECKS += (lost_when_enlarged, on_narrow_screens_too_small)


@pytest.mark.parametrize("locale", ["en-US", "ar"])
def test_every_page_for_solving_is_for_everybody(visit, asked: DataSet, locale: str) -> None:
    problems = []
    for name, page in opened(visit, asked, locale=locale, reduced_motion="reduce"):
        for check in CHECKS:
            problems += [f"{name}, {check.__name__}: {one}" for one in check(page)]
        page.set_viewport_size(DESKTOP)
    assert not problems, "\n".join(problems)


def test_on_a_phone_every_control_is_large_enough_for_a_finger(visit, asked: DataSet) -> None:
    small = [f"{name}: {one}" for name, page in opened(visit, asked, **PHONE) for one in too_small(page)]
    assert not small, "\n".join(small)


ROLES = {"button", "checkbox", "radio", "link", "textbox", "combobox", "group", "radiogroup", "DisclosureTriangle"}
ROLES |= {"Audio", "navigation", "form"}


def tree(page: Page) -> list[dict]:
    """All that is exposed, in the order in which it is read."""
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    by_id = {node["nodeId"]: node for node in nodes}

    def read(node: dict) -> Iterator[dict]:
        yield node
        for child in node.get("childIds", []):
            if child in by_id:
                yield from read(by_id[child])

    return [node for node in read(nodes[0]) if not node.get("ignored")]


def role(node: dict) -> str:
    return node["role"]["value"]


def named(node: dict) -> str:
    return node.get("name", {}).get("value", "").strip()


def test_each_tile_and_each_question_says_which_it_is(visit, asked: DataSet) -> None:
    page = visit()
    expected = {
        "grid": ("checkbox", ["Picture 1", "Picture 9"]),
        "yes-no": ("radiogroup", ["Picture 1 of 10", "Picture 10 of 10"]),
        "choice": ("radiogroup", ["Picture 1 of 8", "Picture 8 of 8"]),
        "sound": ("radiogroup", ["Question 1 of 4", "Question 4 of 4"]),
    }
    for name, open_page in solving_pages(asked):
        if name in expected:
            kind, starts = expected[name]
            open_page(page)
            names = [named(node) for node in tree(page) if role(node) == kind]
            for start in starts:
                assert any(one.startswith(start) for one in names), (name, names)


def test_what_is_read_comes_in_the_order_of_solving(visit, asked: DataSet) -> None:
    """What is asked, then the pictures, then the time, then what sends it."""
    page = visit()
    page.goto("/solve/?kind=grid")
    said = [named(node) for node in tree(page)]
    order = ["Picture 1", "Picture 9", "Submit", "None of these", "Solve it without pictures"]
    places = [next(place for place, name in enumerate(said) if name == words) for words in order]
    asks = next(place for place, name in enumerate(said) if name.startswith("Choose every picture of"))
    assert [asks, *places] == sorted([asks, *places])


@pytest.mark.parametrize("colours", ["none", "active"])
def test_the_focus_is_seen_wherever_it_goes(visit, asked: DataSet, colours: str) -> None:
    hidden = []
    for name, page in opened(visit, asked, forced_colors=colours, reduced_motion="reduce"):
        for _ in range(60):
            page.keyboard.press("Tab")
            here = page.evaluate(FOCUSED)
            if here is None:
                break
            if not here["seen"]:
                hidden.append(f"{name}: {here['html']}")
    assert not hidden, "\n".join(hidden)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_in_forced_colours_a_chosen_tile_and_option_are_told_from_others(visit, asked: DataSet, theme: str) -> None:
    page = visit(forced_colors="active", color_scheme=theme, reduced_motion="reduce")
    for kind, place in (("grid", ".challenge-tile"), ("yes-no", ".choices label")):
        page.goto(f"/solve/?kind={kind}")
        page.wait_for_load_state("networkidle")
        one = page.locator(place).first
        before = one.screenshot()
        one.locator("input").check()
        page.locator("[data-submit]").focus()
        assert one.screenshot() != before
    seen = page.evaluate("""() => {
      const style = (selector) => getComputedStyle(document.querySelector(selector));
      return { timer: style(".challenge-timer progress").borderTopStyle, button: style("[data-submit]").borderTopStyle,
               button_differs: style("[data-submit]").backgroundColor !== style("[data-another]").backgroundColor };
    }""")
    assert seen == {"timer": "solid", "button": "solid", "button_differs": True}


def test_in_a_language_from_right_to_left_the_page_and_the_arrows_run_that_way(visit, asked: DataSet) -> None:
    page = visit(locale="ar")
    page.goto("/solve/?kind=grid")
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == ("ar", "rtl")
    tiles = page.locator("[data-tiles] input")
    boxes = [tiles.nth(place).bounding_box() for place in range(2)]
    assert boxes[0]["x"] > boxes[1]["x"]
    tiles.first.focus()
    for key, place in (("ArrowLeft", 1), ("ArrowLeft", 2), ("ArrowLeft", 2), ("ArrowDown", 5), ("ArrowRight", 4)):
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.value") == str(place)


@pytest.mark.parametrize("language", ["en", "de", "es", "ar"])
def test_a_page_says_its_language_and_direction(client, asked: DataSet, language: str) -> None:
    page = client.get("/solve/", headers={"accept-language": language}).content.decode()
    with translation.override(language):
        direction = "rtl" if translation.get_language_bidi() else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in page


def test_an_answer_that_cannot_be_read_is_tied_to_its_field(visit, asked: DataSet) -> None:
    page = visit()
    page.goto("/solve/?kind=strip")
    page.locator("[data-answer]").fill("dm")
    page.locator("[data-submit]").click()
    field = page.locator("[data-answer][aria-invalid=true]")
    field.wait_for()
    assert field.get_attribute("aria-describedby") == "solve-result"
    assert page.evaluate("document.activeElement.matches('[data-answer]')")
    assert "10 characters" in page.locator("#solve-result[role=status]").inner_text()
    field.press("End")
    field.type("l")
    assert page.locator("[aria-invalid]").count() == 0
