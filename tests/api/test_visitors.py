from rest_framework.test import APIClient

from annotations.identity import COOKIE
from annotations.models import Annotator, Vote


def own(somebody) -> list[str]:
    return [row["id"] for row in somebody.client.get(somebody.address()).json()["results"]]


def test_two_visitors_do_not_see_each_others_challenges(solver):
    one, other = solver(), solver()
    given = one.ask()
    other.ask()
    assert own(one) == [given["id"]]
    assert given["id"] not in own(other)


def test_anothers_challenge_is_not_there_for_visitor_stranger_owner_or_reviewer(solver, bob, charlie, alice, rita):
    person = solver(bob)
    given = person.ask()
    answer = person.right(given)
    for other in (solver(), solver(charlie), solver(alice), solver(rita)):
        assert other.client.get(person.address(given)).status_code == 404
        assert other.client.get(given["sprite"]).status_code == 404
        assert other.answer(given, answer).status_code == 404
        assert other.client.post(person.address(given, "report/"), {"position": 0}).status_code == 404
    person.answer(given, answer)
    for other in (solver(), solver(charlie), solver(alice), solver(rita)):
        assert other.client.get(person.address(given, "answer/")).status_code == 404


def test_a_visitor_needs_no_account_and_no_form_token(published):
    strict = APIClient(enforce_csrf_checks=True)
    got = strict.post(f"/api/v1/datasets/{published.pk}/challenges/")
    assert got.status_code == 201
    assert got.cookies[COOKIE]["httponly"]


def test_a_session_without_a_form_token_writes_nothing(published, bob):
    strict = APIClient(enforce_csrf_checks=True)
    strict.force_login(bob)
    assert strict.post(f"/api/v1/datasets/{published.pk}/challenges/").status_code == 403


def test_a_cookie_that_was_tampered_with_is_a_new_visitor(solver):
    visitor = solver()
    visitor.ask()
    visitor.client.cookies[COOKIE] = visitor.client.cookies[COOKIE].value[:-1] + "!"
    assert own(visitor) == []


def test_logging_in_joins_the_answers_and_changes_no_vote(solver, bob):
    visitor = solver()
    given = visitor.solve()
    before = list(Vote.objects.order_by("pk").values())
    visitor.client.force_login(bob)
    assert own(visitor) == [given["id"]]
    assert list(Vote.objects.order_by("pk").values()) == before
    assert before
    face = Annotator.objects.get(user=None)
    assert face.same_as == bob.annotator


def test_a_challenge_from_before_the_log_in_can_be_answered_after_it(solver, bob):
    visitor = solver()
    given = visitor.ask()
    visitor.client.force_login(bob)
    assert visitor.answer(given, visitor.right(given)).json()["passed"] is True


def test_an_old_copy_of_the_cookie_opens_nothing_of_the_accounts(solver, bob):
    visitor, person, thief = solver(), solver(bob), solver()
    visitor.solve()
    thief.client.cookies[COOKIE] = visitor.client.cookies[COOKIE].value
    visitor.client.force_login(bob)
    mine = person.solve()
    assert mine["id"] in own(visitor)
    assert mine["id"] not in own(thief)
    assert thief.client.get("/api/v1/reliability/").json()["results"] == []


def test_my_reliability_is_mine_and_tells_no_answers(solver, bob, charlie):
    person, stranger = solver(bob), solver(charlie)
    person.solve("strip")  # a grid whose controls all fall on one side shows nothing of a person
    rows = person.client.get("/api/v1/reliability/").json()["results"]
    assert len(rows) == 1
    assert set(rows[0]) == {"dataset", "name", "accuracy", "low", "high", "weight", "evidence"}
    assert rows[0]["evidence"] > 0
    assert stranger.client.get("/api/v1/reliability/").json()["results"] == []
