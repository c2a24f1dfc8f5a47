import pytest
from rest_framework.test import APIClient

from annotations.challenges.unseen import work
from annotations.models import Annotator, Unseen
from annotations.selectors_unseen import questions_of, sound_of

pytestmark = pytest.mark.django_db
every_kind = pytest.mark.parametrize("kind", ["sound", "riddle"])
ADDRESS = "/api/v1/unseen/"
Given = dict[str, object]


@pytest.fixture(autouse=True)
def light_work(monkeypatch) -> None:
    monkeypatch.setattr("annotations.selectors_unseen.BITS", 6)


def ask(client: APIClient, kind: str = "riddle", **more: str) -> Given:
    got = client.post(ADDRESS, {"kind": kind, **more})
    assert got.status_code == 201, got.json()
    return got.json()


def answered(given: Given, *, off: int = 0) -> Given:
    unseen = Unseen.objects.get(pk=given["id"])
    numbers = work.do(work.Work(**given["work"])) if given["work"] else []
    return {"answers": [str((one.right + off) % 4) for one in questions_of(unseen)], "work": numbers}


def send(client: APIClient, given: Given, body: Given):
    return client.post(f"{ADDRESS}{given['id']}/answer/", body)


@every_kind
def test_a_client_without_a_browser_passes(api, kind: str) -> None:
    client = api()
    given = ask(client, kind)
    assert set(given) == {"id", "kind", "way", "questions", "work", "opens_at", "expires_at"}
    assert [set(question) for question in given["questions"]] == [{"asks", "sound", "options"}] * 4
    assert client.get(f"{ADDRESS}{given['id']}/").json() == given
    got = send(client, given, answered(given))
    assert (got.status_code, got.json()) == (200, {"passed": True})
    assert send(client, given, answered(given)).status_code == 409
    assert client.get(f"{ADDRESS}{given['id']}/").status_code == 404


def test_it_takes_no_data_set_and_a_person_by_token_is_asked_too(api, bob) -> None:
    client = api(bob)
    given = ask(client)
    assert send(client, given, answered(given, off=1)).json() == {"passed": False}
    assert Annotator.objects.get().user == bob


def test_a_sound_is_a_file_by_its_address(api) -> None:
    client = api()
    given = ask(client, "sound")
    got = client.get(given["questions"][2]["sound"])
    assert (got["Content-Type"], got["Cache-Control"]) == ("audio/wav", "no-store")
    assert got.content == sound_of(Unseen.objects.get(), 2)
    assert client.get(f"{ADDRESS}{given['id']}/sounds/4/").status_code == 404
    assert all(question["sound"] is None for question in ask(client)["questions"])
    assert client.get(given["questions"][2]["sound"]).status_code == 404


def test_the_way_without_work_says_from_when_answers_are_taken(api) -> None:
    client = api()
    given = ask(client, way="wait")
    assert (given["work"], len(given["questions"])) == (None, 7)
    got = send(client, given, answered(given))
    assert got.status_code == 400
    assert "Wait 4" in got.json()["detail"]
    Unseen.objects.update(opens_at=Unseen.objects.get().issued_at)
    assert send(client, given, answered(given)).json() == {"passed": True}


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"work": []}, "not done yet"),
        ({"work": ["x"] * work.PIECES}, "was not done for these questions"),
        ({"answers": ["0"]}, "list of 4 answers"),
        ({"answers": ["9", "0", "0", "0"]}, "none of the options"),
    ],
)
def test_what_cannot_be_judged_is_told_and_leaves_them_open(api, change: Given, says: str) -> None:
    client = api()
    given = ask(client)
    got = send(client, given, answered(given) | change)
    assert got.status_code == 400
    assert says in got.json()["detail"]
    assert send(client, given, answered(given)).json() == {"passed": True}


def test_anothers_are_not_there_for_visitor_stranger_or_reviewer(api, bob, charlie, rita) -> None:
    given = ask(api(bob), "sound")
    for other in (api(), api(charlie), api(rita)):
        assert other.get(f"{ADDRESS}{given['id']}/").status_code == 404
        assert other.get(given["questions"][0]["sound"]).status_code == 404
        assert send(other, given, answered(given)).status_code == 404


def test_after_failures_in_a_row_there_is_a_wait(api) -> None:
    client = api()
    for _ in range(3):
        given = ask(client)
        send(client, given, answered(given, off=1))
    got = client.post(ADDRESS, {"kind": "riddle"})
    assert (got.status_code, got["Retry-After"]) == (429, "30")
    assert "Take a break" in got.json()["detail"]


def test_a_challenge_with_pictures_says_where_to_ask_for_one_without(solver) -> None:
    visitor = solver()
    assert visitor.client.post(visitor.ask()["without_pictures"], {"kind": "riddle"}).status_code == 201
