"""Volunteers through the API: streak, scoreboard, can't tell, and what a withheld verdict doesn't tell."""

import pytest

from annotations.models import Annotator, Campaign, Challenge, ChallengeState, Publication, Vote
from annotations.selectors import campaign_of
from annotations.services.annotators import annotator_for
from annotations.services.answering import challenge_answer
from annotations.services.issuing import challenge_issue

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(published, bob) -> Challenge:
    return challenge_issue(dataset=published, annotator=annotator_for(bob), kind="strip")


def right(challenge: Challenge) -> str:
    return "".join("dml"[1 if tile.truth is None else tile.truth] for tile in challenge.tiles.order_by("position"))


def answer(api, user, challenge: Challenge, raw: object):
    path = f"/api/v1/datasets/{challenge.dataset_id}/challenges/{challenge.pk}/answer/"
    return api(user).post(path, {"answer": raw}, format="json")


def test_a_streak_grows_with_each_pass_and_can_not_tell_leaves_it(asked, published, bob, api) -> None:
    assert api().get("/api/v1/streak/").json() == {"run": 0, "best": 0, "days": 0, "best_days": 0}
    assert answer(api, bob, asked, right(asked)).json()["passed"] is True
    for kind in ("strip", "grid"):
        challenge = challenge_issue(dataset=published, annotator=annotator_for(bob), kind=kind)
        assert answer(api, bob, challenge, "?").json() == {"passed": None, "votes": 0}
        challenge.refresh_from_db()
        assert challenge.state == ChallengeState.UNSURE
    assert api(bob).get("/api/v1/streak/").json() == {"run": 1, "best": 1, "days": 1, "best_days": 1}


def test_can_not_tell_is_said_once(asked, bob, api) -> None:
    assert answer(api, bob, asked, "?").status_code == 200
    assert answer(api, bob, asked, "?").status_code == answer(api, bob, asked, right(asked)).status_code
    assert answer(api, bob, asked, "?").status_code >= 400
    assert not Vote.objects.exists()


def test_a_verdict_that_the_page_withholds_is_not_read_here(asked, bob, api) -> None:
    challenge_answer(challenge=asked, annotator=asked.annotator, raw=right(asked), withhold=True)
    path = f"/api/v1/datasets/{asked.dataset_id}/challenges/"
    assert [row["state"] for row in api(bob).get(path).json()["results"]] == ["answered"]
    one = api(bob).get(f"{path}{asked.pk}/")
    assert "passed" not in one.content.decode()


def test_the_scoreboard_is_there_for_all_and_empty_at_first(published, api) -> None:
    assert api().get("/api/v1/scoreboard/").json() == {"places": [], "own": None}
    assert api().get(f"/api/v1/scoreboard/?dataset={published.pk}&span=all").status_code == 200
    assert api().get("/api/v1/scoreboard/?span=year").status_code == 400
    Campaign.objects.filter(pk=campaign_of(published).pk).update(publication=Publication.CLOSED)
    assert api().get(f"/api/v1/scoreboard/?dataset={published.pk}").status_code == 404


def test_who_has_answered_chooses_how_they_stand(asked, bob, api) -> None:
    path = "/api/v1/scoreboard/me/"
    you = Annotator.objects.get(user=bob)
    shown_as = f"Volunteer {you.key.hex[:6]}"
    assert api(bob).get(path).json() == {"listed": True, "public_name": "", "shown_as": shown_as}
    assert api(bob).patch(path, {"public_name": "Bee"}, format="json").json()["shown_as"] == "Bee"
    assert api(bob).patch(path, {"listed": False}, format="json").json() == {
        "listed": False,
        "public_name": "Bee",
        "shown_as": "Bee",
    }
    assert api(bob).patch(path, {"public_name": "Volunteer 1"}, format="json").status_code == 400
    assert Annotator.objects.get(user=bob).public_name == "Bee"


def test_who_has_not_answered_stands_nowhere(published, charlie, api) -> None:
    for who in (api(), api(charlie)):
        assert who.get("/api/v1/scoreboard/me/").status_code == 404
        assert who.patch("/api/v1/scoreboard/me/", {"listed": False}, format="json").status_code == 404
    assert not Annotator.objects.exists()


def test_nothing_is_said_of_what_nobody_knows(asked, bob, api) -> None:
    assert api().get("/api/v1/taught/").json() == []
    assert api(bob).get("/api/v1/taught/").json() == []
