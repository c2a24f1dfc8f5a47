"""Every kind of challenge is solved by keyboard alone, by mouse, by touch and without scripts: in a real Chromium."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from annotations.challenges.registry import KINDS, OFFERED
from annotations.models import Challenge, ChallengeState
from annotations.selectors import keys_of
from annotations.services.answering import composed_of
from gallery.models import DataSet

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TILE_KEYS = "123456789abcdefg"
UNKNOWN_SHADE = 1
PHONE = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
ByHand = Callable[[Locator], None]


def asked_at(page: Page, kind: str) -> Challenge:
    page.goto(f"/solve/?kind={kind}")
    expect(page.locator("[data-challenge]")).to_be_visible()
    return Challenge.objects.get(kind=kind, state=ChallengeState.OPEN)


def seen_in(challenge: Challenge) -> list[int]:
    tiles = challenge.tiles.order_by("position")
    return [UNKNOWN_SHADE if tile.truth is None else tile.truth for tile in tiles]


def chosen_in(challenge: Challenge) -> list[int]:
    tiles = seen_in(challenge)[: KINDS[challenge.kind].size]
    return [position for position, cls in enumerate(tiles) if cls == challenge.target]


def options_in(challenge: Challenge) -> Iterator[tuple[str, str]]:
    """The value and the key of what is right, for each question."""
    composed, keys = composed_of(challenge), keys_of(challenge.dataset)
    said = KINDS[challenge.kind].say(composed, seen_in(challenge))
    for one, question in zip(said, KINDS[challenge.kind].questions(composed, keys), strict=True):
        value = keys[one][1] if isinstance(one, int) else one
        yield value, next(option.key for option in question.options if option.value == value)


def typed_in(challenge: Challenge) -> str:
    return "".join("dml"[cls] for cls in seen_in(challenge))


def passed(page: Page, challenge: Challenge) -> bool:
    expect(page.locator(".notice-success").first).to_be_visible()
    challenge.refresh_from_db()
    return challenge.state == ChallengeState.PASSED


def answer_by_keyboard(page: Page, challenge: Challenge) -> None:
    form = KINDS[challenge.kind].form
    if form == "name":
        page.keyboard.type(typed_in(challenge))
    elif form in ("series", "rows"):
        for _, key in options_in(challenge):
            page.keyboard.press(key)
    elif positions := chosen_in(challenge):
        for position in positions:
            page.keyboard.press(TILE_KEYS[position])
    else:
        return page.keyboard.press("0")
    return page.keyboard.press("Enter")


def answer_by_hand(page: Page, challenge: Challenge, press: ByHand) -> None:
    form = KINDS[challenge.kind].form
    if form == "name":
        page.locator("[data-answer]").fill(typed_in(challenge))
    elif form in ("series", "rows"):
        for position, (value, _) in enumerate(options_in(challenge)):
            press(page.locator(f'input[name="tile-{position}"][value="{value}"]'))
    elif positions := chosen_in(challenge):
        for position in positions:
            press(page.locator("[data-tiles] input").nth(position))
    else:
        return press(page.locator("[data-none]"))
    return press(page.locator("[data-submit]"))


def test_by_keyboard_alone(visit, asked: DataSet) -> None:
    for kind in OFFERED:
        page = visit()
        challenge = asked_at(page, kind)
        answer_by_keyboard(page, challenge)
        assert passed(page, challenge), kind


def test_by_mouse(visit, asked: DataSet) -> None:
    for kind in OFFERED:
        page = visit()
        challenge = asked_at(page, kind)
        answer_by_hand(page, challenge, Locator.click)
        assert passed(page, challenge), kind


def test_by_touch_on_a_phone(visit, asked: DataSet) -> None:
    for kind in OFFERED:
        page = visit(**PHONE)
        challenge = asked_at(page, kind)
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
        answer_by_hand(page, challenge, Locator.tap)
        assert passed(page, challenge), kind


def test_without_scripts(visit, asked: DataSet) -> None:
    for kind in OFFERED:
        page = visit(java_script_enabled=False)
        challenge = asked_at(page, kind)
        answer_by_hand(page, challenge, Locator.click)
        assert passed(page, challenge), kind
