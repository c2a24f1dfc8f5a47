from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.challenges.registry import OFFERED
from annotations.models import Annotator, AnswerKind, Campaign, Challenge, ChallengeState, Publication, Vote

WHAT_A_SOLVER_KNOWS = {
    "id",
    "kind",
    "prompt",
    "target",
    "tiles",
    "example",
    "columns",
    "sprite",
    "expires_at",
    "classes",
    "questions",
    "without_pictures",
}


@pytest.mark.parametrize("kind", OFFERED)
def test_a_challenge_tells_this_and_nothing_else(solver, published, kind):
    Campaign.objects.filter(pk=published.pk).update(kinds=list(OFFERED))
    visitor = solver()
    given = visitor.ask(kind)
    assert set(given) == WHAT_A_SOLVER_KNOWS
    assert set(visitor.client.get(visitor.address(given)).json()) == WHAT_A_SOLVER_KNOWS
    assert given["kind"] == kind


@pytest.mark.parametrize("kind", OFFERED)
def test_what_it_tells_is_the_same_whichever_tiles_are_controls(solver, published, kind):
    Campaign.objects.filter(pk=published.pk).update(kinds=list(OFFERED))
    visitor = solver()
    given = visitor.ask(kind)
    for truth in (None, 0, 1):
        Challenge.objects.get(pk=given["id"]).tiles.update(truth=truth)
        assert visitor.client.get(visitor.address(given)).json() == given


def test_a_grid_names_the_class_it_asks_for(solver):
    given = solver().ask("grid")
    assert given["target"] in {"dark", "middle", "light"}
    assert given["prompt"] == f"Select every {given['target']}"
    assert (given["tiles"], given["columns"], given["classes"]) == (9, 3, [])


def test_a_strip_tells_what_its_tiles_can_be_named(solver):
    given = solver().ask("strip")
    assert given["target"] is None
    assert given["prompt"] == "Type one key a picture, 10 in all: d for dark, m for middle, l for light"
    assert given["classes"] == [
        {"name": "dark", "key": "d"},
        {"name": "middle", "key": "m"},
        {"name": "light", "key": "l"},
    ]


def test_a_choice_tells_the_options_of_each_picture_and_which_are_alike(solver, published):
    Campaign.objects.filter(pk=published.pk).update(kinds=["choice"])
    visitor = solver()
    given = visitor.ask()
    assert (given["tiles"], given["columns"], given["classes"], given["target"]) == (8, 4, [], None)
    assert len(given["questions"]) == 8
    assert all(question == given["questions"][0] for question in given["questions"])
    options = [option["value"] for option in given["questions"][0]["options"]]
    assert (set(options), options[-1]) == ({"dark", "middle", "light", "?"}, "?")
    assert given["prompt"].startswith("Name each of the 8 pictures: ")
    got = visitor.answer(given, visitor.right(given))
    assert got.json() == {"passed": True, "votes": Vote.objects.filter(challenge=given["id"]).count()}
    assert set(Vote.objects.values_list("kind", "answer")) == {(AnswerKind.CHOICE, 1)}


def test_yes_or_no_tells_what_each_picture_is_asked(solver, published):
    Campaign.objects.filter(pk=published.pk).update(kinds=["yes-no"])
    visitor = solver()
    given = visitor.ask()
    assert [set(question) for question in given["questions"]] == [{"asks", "options"}] * 10
    assert {question["asks"] for question in given["questions"]} <= {
        f"Does it show {name}?" for name in ("dark", "middle", "light")
    }
    assert visitor.answer(given, ["yes"] * 9).status_code == 400
    assert visitor.answer(given, visitor.right(given)).json()["passed"] is True
    assert set(Vote.objects.values_list("kind", flat=True)) <= {AnswerKind.YES, AnswerKind.NO}


def test_a_kind_that_is_not_offered_is_a_conflict_in_words(solver):
    visitor = solver()
    got = visitor.client.post(visitor.address(), {"kind": "maze"})
    assert got.status_code == 409
    assert "grid and strip" in got.json()["detail"]


def test_a_data_set_that_is_not_in_public_challenges_is_not_there(solver, published, bob):
    Campaign.objects.filter(pk=published.pk).update(publication=Publication.REQUESTED)
    for somebody in (solver(), solver(bob)):
        assert somebody.client.post(somebody.address()).status_code == 404
        assert somebody.client.get(somebody.address()).status_code == 404


def test_its_owner_is_not_asked_about_their_own_pictures(solver, published, alice):
    Campaign.objects.filter(pk=published.pk).update(publication=Publication.CLOSED)
    owner = solver(alice)
    got = owner.client.post(owner.address())
    assert got.status_code == 409
    assert "too few pictures" in got.json()["detail"]


def test_the_sprite_is_one_picture_that_nobody_keeps(solver):
    visitor = solver()
    got = visitor.client.get(visitor.ask()["sprite"])
    assert got.status_code == 200
    assert (got["Content-Type"], got["Cache-Control"]) == ("image/jpeg", "no-store")
    assert got.content.startswith(b"\xff\xd8")


def test_the_sprite_is_gone_once_it_is_answered(solver):
    visitor = solver()
    given = visitor.solve()
    assert visitor.client.get(given["sprite"]).status_code == 404


def test_the_sprite_is_gone_when_time_is_up(solver):
    visitor = solver()
    given = visitor.ask()
    Challenge.objects.filter(pk=given["id"]).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert visitor.client.get(given["sprite"]).status_code == 404


def test_the_next_challenge_replaces_the_last(solver):
    visitor = solver()
    first, second = visitor.ask(), visitor.ask()
    listed = visitor.client.get(visitor.address()).json()["results"]
    assert [row["id"] for row in listed] == [second["id"], first["id"]]
    assert [row["state"] for row in listed] == [ChallengeState.OPEN, ChallengeState.REPLACED]


def test_the_list_takes_as_many_queries_for_five_as_for_two(solver, bob, queries):
    person = solver(bob)
    for _ in range(2):
        person.ask("grid")
    few = queries(person.client, person.address())
    for _ in range(3):
        person.ask("grid")
    assert queries(person.client, person.address()) == few


def test_who_only_looks_leaves_no_row(solver, bob):
    for somebody in (solver(), solver(bob)):
        assert somebody.client.get(somebody.address()).json()["results"] == []
        assert somebody.client.get("/api/v1/reliability/").json()["results"] == []
    assert not Annotator.objects.exists()
