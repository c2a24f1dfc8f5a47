"""A stranger signs up, uploads and solves; a reviewer blocks who lies: in a real Chromium."""

import re
from pathlib import Path

import pytest
from PIL import Image as Picture
from playwright.sync_api import Page, expect

from accounts.models import Role, User
from annotations.models import Annotator, Challenge, ChallengeState, Vote
from annotations.selectors import is_blocked, known_classes
from gallery.models import DataSet
from learning.bench.solvers import ServiceSolver
from learning.demo.digits import hidden_truth
from learning.engine.annotators import SimulatedAnnotator

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PASSWORD = "mosaic-and-lapis-7"


def truth_of(dataset: DataSet) -> dict[int, int]:
    return hidden_truth(dataset) | known_classes(dataset)


def open_challenge(kind: str) -> Challenge:
    return Challenge.objects.filter(kind=kind, state=ChallengeState.OPEN).latest("issued_at")


def test_sign_up_upload_see_tags_and_solve_by_keyboard(page: Page, digits: DataSet, tmp_path: Path):
    sign_up(page)
    upload_a_digit(page, digits, tmp_path)
    solve_a_grid_by_keyboard(page, digits)
    solve_a_strip(page, digits)
    # The answers are the account's, and none of them is on what the account uploaded.
    person = Annotator.objects.get(user__email="stella@example.org")
    votes = Vote.objects.filter(annotator=person)
    assert votes.exists() and not votes.filter(image__uploader=person.user).exists()


def sign_up(page: Page) -> None:
    page.goto("/signup/")
    page.get_by_label("e-mail").fill("stella@example.org")
    page.get_by_label("name").fill("Stella")
    for field in page.locator("input[type=password]").all():
        field.fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.wait_for_url(lambda url: "/signup/" not in url)
    assert User.objects.get(email="stella@example.org").check_password(PASSWORD)


def upload_a_digit(page: Page, digits: DataSet, tmp_path: Path) -> None:
    scan = tmp_path / "seven.png"
    # Turned by half a circle it is a picture that the data set doesn't have yet.
    with digits.images.first().file.open("rb") as file:
        Picture.open(file).rotate(180).save(scan)
    (tmp_path / "notes.png").write_text("not a picture")
    page.goto(f"/datasets/{digits.pk}/upload/")
    page.set_input_files("input[type=file]", [scan, tmp_path / "notes.png"])
    rows = page.locator("[data-upload-list] li")
    expect(rows.filter(has_text="seven.png")).to_contain_text("Uploaded")
    expect(rows.filter(has_text="notes.png")).to_contain_text("Not accepted")
    # The tag arrives without a reload.
    tag = re.compile("model|Not sure")  # it may well be in doubt about a digit upside down
    expect(rows.filter(has_text="seven.png").locator(".chip")).to_contain_text(tag)
    assert digits.images.filter(uploader__email="stella@example.org").count() == 1


def solve_a_grid_by_keyboard(page: Page, digits: DataSet) -> None:
    page.goto(f"/solve/?dataset={digits.pk}&kind=grid")
    expect(page.locator("[data-challenge]")).to_be_visible()
    challenge = open_challenge("grid")
    truth = truth_of(digits)
    page.locator("[data-tiles] input").first.focus()
    shown = [tile for tile in challenge.tiles.order_by("position") if truth[tile.image_id] == challenge.target]
    for tile in shown:
        page.keyboard.press(str(tile.position + 1))
    page.keyboard.press("Enter" if shown else "0")
    expect(page.locator("#solve-result .notice-success")).to_be_visible()
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.PASSED


def solve_a_strip(page: Page, digits: DataSet) -> None:
    page.goto(f"/solve/?dataset={digits.pk}&kind=strip")
    expect(page.locator("[data-answer]")).to_be_visible()
    challenge = open_challenge("strip")
    truth = truth_of(digits)
    page.keyboard.type("".join(str(truth[tile.image_id]) for tile in challenge.tiles.order_by("position")))
    page.keyboard.press("Enter")
    expect(page.locator("#solve-result .notice-success")).to_be_visible()
    challenge.refresh_from_db()
    assert challenge.state == ChallengeState.PASSED


def test_a_reviewer_blocks_who_is_flagged(page: Page, digits: DataSet):
    User.objects.create_user("rita@example.org", PASSWORD, role=Role.REVIEWER)
    liar = ServiceSolver(SimulatedAnnotator("adversarial", 0.0, 1, n_classes=10), digits, truth_of(digits))
    for _ in range(12):
        liar.solve()
    votes = list(Vote.objects.order_by("pk").values())

    page.goto("/login/?next=/review/")
    page.fill("input[name=username]", "rita@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=str(liar.annotator)).click()
    expect(page.get_by_role("heading", name="Answers to controls")).to_be_visible()
    expect(page.get_by_text("Wrong", exact=True).first).to_be_visible()
    page.get_by_role("button", name="Block", exact=True).click()
    expect(page.locator("#messages, [role=status]").first).to_contain_text("changed")

    assert is_blocked(liar.annotator)
    assert list(Vote.objects.order_by("pk").values()) == votes
    page.goto("/review/log/")
    expect(page.get_by_text(f"annotator {liar.annotator.pk}")).to_be_visible()
