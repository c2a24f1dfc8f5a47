from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import Annotator, Campaign, Challenge, ChallengeState, Publication

WHAT_A_SOLVER_KNOWS = {
    "id",
    "kind",
    "prompt",
    "target",
    "tiles",
    "columns",
    "sprite",
    "expires_at",
    "classes",
}


@pytest.mark.parametrize("kind", ["grid", "strip"])
def test_a_challenge_tells_this_and_nothing_else(solver, kind):
    visitor = solver()
    given = visitor.ask(kind)
    assert set(given) == WHAT_A_SOLVER_KNOWS
    assert set(visitor.client.get(visitor.address(given)).json()) == WHAT_A_SOLVER_KNOWS
    assert given["kind"] == kind


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
