"""Somebody passes without pictures: by keyboard alone, while the browser works, and where no scripts run."""

import re

import pytest
from playwright.sync_api import Page, expect

from annotations.models import ChallengeState, Unseen, UnseenWay
from annotations.selectors_unseen import questions_of

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
every_kind = pytest.mark.parametrize("kind", ["sound", "riddle"])
BUTTONS = {"sound": "Listen to sounds", "riddle": "Answer in words"}
FAR = 40  # tabs, after which something is taken not to be reached


def tab_to(page: Page, what: str) -> None:
    for _ in range(FAR):
        if page.evaluate("what => document.activeElement.matches(what)", what):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{what} is not reached by keyboard")


def answer_by_keyboard(page: Page, unseen: Unseen) -> None:
    for place, question in enumerate(questions_of(unseen)):
        tab_to(page, f"[name=question-{place}]")
        page.keyboard.press("Space")
        for _ in range(question.right):
            page.keyboard.press("ArrowDown")


def state_of(unseen: Unseen) -> str:
    return Unseen.objects.get(pk=unseen.pk).state


@every_kind
def test_from_an_empty_page_by_keyboard_alone(visit, kind: str) -> None:
    """No data set is published at all."""
    page = visit()
    page.goto("/solve/")
    tab_to(page, "a[href='/solve/without-pictures/']")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Solve without pictures")).to_be_visible()
    tab_to(page, f"button[value={kind}]")
    page.keyboard.press("Enter")
    expect(page.locator("[data-unseen]")).to_be_visible()
    unseen = Unseen.objects.get()
    assert unseen.way == UnseenWay.WORK
    answer_by_keyboard(page, unseen)
    page.keyboard.press("Enter")
    # Sent as soon as the work is done, however fast somebody answers.
    expect(page.locator(".notice-success")).to_contain_text("that was all right", timeout=90_000)
    assert state_of(unseen) == ChallengeState.PASSED


@every_kind
def test_without_scripts_there_are_more_questions_and_a_wait(visit, kind: str) -> None:
    page = visit(java_script_enabled=False)
    page.goto("/solve/without-pictures/")
    expect(page.get_by_text("Your browser runs no scripts here")).to_be_visible()
    page.get_by_role("button", name=BUTTONS[kind]).click()
    unseen = Unseen.objects.get()
    assert unseen.way == UnseenWay.WAIT
    for place, question in enumerate(questions_of(unseen)):
        page.locator(f"[name=question-{place}][value='{question.right}']").check()
    page.get_by_role("button", name="Send the answers").click()
    expect(page.locator("[role=alert]")).to_contain_text(re.compile(r"Wait \d+ seconds more"))
    Unseen.objects.update(opens_at=unseen.issued_at)
    page.get_by_role("button", name="Send the answers").click()  # with the same answers: they were kept
    expect(page.locator(".notice-success")).to_contain_text("that was all right")
    assert state_of(unseen) == ChallengeState.PASSED


def test_a_sound_is_played_as_often_as_one_likes(visit) -> None:
    page = visit()
    page.goto("/solve/without-pictures/")
    page.get_by_role("button", name=BUTTONS["sound"]).click()
    for _ in range(2):
        length = page.locator("audio").first.evaluate("""async (audio) => {
          audio.muted = true;
          audio.playbackRate = 8;
          await audio.play();
          await new Promise((ended) => audio.addEventListener("ended", ended, { once: true }));
          return audio.duration;
        }""")
        assert length == pytest.approx(3.0, abs=0.05)


def test_a_browser_that_cannot_work_is_told_the_other_way(visit) -> None:
    page = visit()
    page.add_init_script("delete window.Worker")
    page.goto("/solve/without-pictures/")
    page.get_by_role("button", name=BUTTONS["riddle"]).click()
    assert Unseen.objects.get().way == UnseenWay.WAIT


def test_where_the_work_breaks_off_other_questions_need_none(visit) -> None:
    page = visit()
    page.route("**/work.js", lambda route: route.fulfill(body="throw new Error('no')", content_type="text/javascript"))
    page.goto("/solve/without-pictures/")
    page.get_by_role("button", name=BUTTONS["riddle"]).click()
    expect(page.locator("[data-work-status]")).to_contain_text("Choose Other questions")
    page.get_by_role("button", name="Other questions").click()
    expect(page.locator("[data-unseen] fieldset")).to_have_count(7)
    assert Unseen.objects.latest("issued_at").way == UnseenWay.WAIT
