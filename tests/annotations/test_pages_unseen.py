"""Solving without pictures, as a browser does it that runs no scripts; what scripts add is tested in a browser."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from annotations.models import ChallengeState, Unseen
from annotations.selectors_unseen import questions_of, sound_of
from annotations.services.refusals import TooManyTries

pytestmark = pytest.mark.django_db
every_kind = pytest.mark.parametrize("kind", ["sound", "riddle"])


def start(client: Client, kind: str = "riddle", way: str = "wait") -> Unseen:
    response = client.post(reverse("unseen_start"), {"kind": kind, "way": way})
    unseen = Unseen.objects.latest("issued_at")
    assert response["Location"] == reverse("unseen_one", args=[unseen.pk])
    return unseen


def in_time(unseen: Unseen) -> None:
    Unseen.objects.filter(pk=unseen.pk).update(opens_at=unseen.issued_at)


def filled(unseen: Unseen, *, off: int = 0, without: int | None = None) -> dict[str, str]:
    right = {f"question-{i}": str((one.right + off) % 4) for i, one in enumerate(questions_of(unseen))}
    right.pop(f"question-{without}", None)
    return right


def send(client: Client, unseen: Unseen, fields: dict[str, str]):
    return client.post(reverse("unseen_answer", args=[unseen.pk]), fields, follow=True)


def test_every_challenge_and_an_empty_page_lead_there(client: Client, published) -> None:
    address = f'href="{reverse("unseen")}"'
    for page in (client.get(reverse("solve")), client.get(reverse("solve_widget"))):
        assert "data-challenge" in page.content.decode()
        assert address in page.content.decode()


def test_where_nothing_is_published_the_page_leads_there(client: Client) -> None:
    assert f'href="{reverse("unseen")}"' in client.get(reverse("solve")).content.decode()


def test_who_has_to_wait_for_pictures_is_led_there(client: Client, published, monkeypatch) -> None:
    def wait(**_: object) -> None:
        raise TooManyTries(30)

    monkeypatch.setattr("annotations.views.solve.challenge_issue", wait)
    page = client.get(reverse("solve"))
    assert page.status_code == 429
    assert f'href="{reverse("unseen")}"' in page.content.decode()


def test_without_scripts_the_page_asks_for_the_way_that_takes_none(client: Client) -> None:
    page = client.get(reverse("unseen")).content.decode()
    assert re.search(r'<input type="hidden" name="way" value="wait"', page)
    assert re.search(r"<p [^>]*data-no-scripts>[^<]*7 questions", page)
    assert re.search(r"<p [^>]*data-scripts hidden>[^<]*4 questions", page)
    assert not Unseen.objects.exists()


@every_kind
def test_a_visitor_passes_without_scripts(client: Client, kind: str) -> None:
    unseen = start(client, kind)
    in_time(unseen)
    page = send(client, unseen, filled(unseen))
    assert "Thank you, that was all right" in page.content.decode()
    assert "<title>Thank you, that was all right" in page.content.decode()  # a screen reader says it first
    unseen.refresh_from_db()
    assert unseen.state == ChallengeState.PASSED


@every_kind
def test_the_page_does_not_tell_what_is_right(client: Client, kind: str) -> None:
    unseen = start(client, kind)
    page = client.get(reverse("unseen_one", args=[unseen.pk])).content.decode()
    assert page.count('type="radio"') == 28
    assert "checked" not in page
    assert not [name for name in ("bell", "horn") if f'"{name}"' in page or f"/{name}" in page]
    assert str(unseen.seed) not in page


def test_a_wrong_answer_is_told_kindly(client: Client) -> None:
    unseen = start(client)
    in_time(unseen)
    assert "didn’t match" in send(client, unseen, filled(unseen, off=1)).content.decode()


def test_too_early_keeps_the_answers_and_says_how_long(client: Client) -> None:
    unseen = start(client)
    page = send(client, unseen, filled(unseen))
    html = page.content.decode()
    assert page.status_code == 422
    assert 'role="alert"' in html
    assert re.search(r"Wait 4\d seconds more", html)
    assert html.count(" checked") == 7


def test_an_open_question_is_marked_where_it_stands(client: Client) -> None:
    unseen = start(client)
    html = send(client, unseen, filled(unseen, without=2)).content.decode()
    assert "3 is still open" in html
    assert html.count('aria-invalid="true"') == 1
    assert 'aria-describedby="open-2"' in html
    assert 'id="open-2"' in html


def test_where_work_is_asked_for_and_none_is_sent_nothing_is_lost(client: Client) -> None:
    unseen = start(client, way="work")
    page = send(client, unseen, filled(unseen))
    assert page.status_code == 422
    assert "work is not done yet" in page.content.decode()
    assert page.content.decode().count(" checked") == 4


def test_a_sound_is_the_solvers_alone_and_ends_with_the_questions(client: Client) -> None:
    unseen = start(client, "sound")
    address = reverse("unseen_sound", args=[unseen.pk, 0])
    heard = client.get(address)
    assert (heard["Content-Type"], heard["Cache-Control"]) == ("audio/wav", "no-store")
    assert heard.content == sound_of(unseen, 0)
    assert Client().get(address).status_code == 404
    assert client.get(reverse("unseen_sound", args=[unseen.pk, 7])).status_code == 404
    start(client)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-1", 206, 0, 1),
        ("bytes=100-", 206, 100, None),
        ("bytes=-500", 206, -500, None),
        ("bytes=90000-999999999", 206, 90000, None),
    ],
)
def test_a_part_of_a_sound_is_sent_to_who_asks_for_one(client: Client, asked, status, first, last) -> None:
    unseen = start(client, "sound")
    whole = sound_of(unseen, 0)
    got = client.get(reverse("unseen_sound", args=[unseen.pk, 0]), headers={"Range": asked})
    expected = whole[first:] if last is None else whole[first : last + 1]
    assert (got.status_code, got.content) == (status, expected)
    begin = first % len(whole)
    assert got["Content-Range"] == f"bytes {begin}-{begin + len(expected) - 1}/{len(whole)}"


def test_a_part_that_there_is_not_is_refused_and_nonsense_passed_over(client: Client) -> None:
    unseen = start(client, "sound")
    address = reverse("unseen_sound", args=[unseen.pk, 0])
    assert client.get(address, headers={"Range": "bytes=999999999-"}).status_code == 416
    for nonsense in ("bytes=-", "lines=1-2", "bytes=5-2,8-9"):
        assert client.get(address, headers={"Range": nonsense}).status_code == 200


def test_anothers_questions_are_not_there(client: Client) -> None:
    unseen = start(client)
    other = Client()
    start(other)
    assert other.get(reverse("unseen_one", args=[unseen.pk])).status_code == 404
    assert send(other, unseen, filled(unseen)).status_code == 404


def test_who_logs_in_meanwhile_goes_on_with_the_same_questions(client: Client, bob) -> None:
    unseen = start(client)
    in_time(unseen)
    client.force_login(bob)
    assert "Thank you" in send(client, unseen, filled(unseen)).content.decode()


def test_answered_questions_lead_back(client: Client) -> None:
    unseen = start(client)
    in_time(unseen)
    send(client, unseen, filled(unseen))
    for page in (
        send(client, unseen, filled(unseen)),
        client.get(reverse("unseen_one", args=[unseen.pk]), follow=True),
    ):
        assert page.redirect_chain[-1][0] == reverse("unseen")
        assert "answered or replaced already" in page.content.decode()


@pytest.mark.parametrize("fields", [{}, {"kind": "maze", "way": "wait"}, {"kind": "sound", "way": "ask nicely"}])
def test_a_way_that_there_is_not_asks_nothing(client: Client, fields: dict[str, str]) -> None:
    page = client.post(reverse("unseen_start"), fields)
    assert page.status_code == 422
    assert not Unseen.objects.exists()


def test_after_failures_in_a_row_the_page_says_how_long_to_wait(client: Client) -> None:
    for _ in range(3):
        unseen = start(client)
        in_time(unseen)
        send(client, unseen, filled(unseen, off=1))
    page = client.post(reverse("unseen_start"), {"kind": "riddle", "way": "wait"})
    assert (page.status_code, page["Retry-After"]) == (429, "30")
    assert "Take a break" in page.content.decode()
