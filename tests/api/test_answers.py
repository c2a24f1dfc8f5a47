from datetime import timedelta

import pytest
from django.utils import timezone

from annotations.models import Challenge, ControlAnswer, Vote


@pytest.mark.parametrize("kind", ["grid", "strip"])
def test_right_controls_pass_and_the_rest_are_votes(solver, kind):
    visitor = solver()
    given = visitor.ask(kind)
    got = visitor.answer(given, visitor.right(given))
    assert got.status_code == 200
    assert got.json() == {"passed": True, "votes": Vote.objects.filter(challenge=given["id"]).count()}


@pytest.mark.parametrize("kind", ["grid", "strip"])
def test_wrong_controls_fail(solver, kind):
    visitor = solver()
    given = visitor.ask(kind)
    assert visitor.answer(given, visitor.wrong(given)).json()["passed"] is False


def test_a_strip_can_be_named_instead_of_typed(solver):
    visitor = solver()
    given = visitor.ask("strip")
    names = [{"d": "dark", "m": "middle", "l": "light"}[key] for key in visitor.right(given)]
    assert visitor.answer(given, names).json()["passed"] is True


def test_what_a_client_says_of_truth_and_verdict_changes_nothing(solver):
    visitor = solver()
    given = visitor.ask("grid")
    lies = {"passed": True, "verdict": "passed", "truth": [0] * 9, "control": [], "controls": [], "target": 0}
    assert visitor.answer(given, visitor.wrong(given), **lies).json()["passed"] is False
    row = Challenge.objects.get(pk=given["id"])
    assert row.state == "failed"
    assert not ControlAnswer.objects.filter(challenge=row, correct=True).exists()


@pytest.mark.parametrize("answer", ["zzzzzzzzzz", "d", [99], [0, 0], [True], {"0": 1}, 5, [[]]])
def test_an_answer_that_cannot_be_read_leaves_the_challenge_open(solver, answer):
    visitor = solver()
    given = visitor.ask("strip")
    got = visitor.answer(given, answer)
    assert got.status_code == 400
    assert got.json()["detail"]
    assert visitor.answer(given, visitor.right(given)).json()["passed"] is True


def test_half_a_character_is_refused_in_words_that_can_be_written(solver):
    visitor = solver()
    given = visitor.ask("strip")
    body = '{"answer": "' + 10 * r"\ud800" + '"}'
    got = visitor.client.post(visitor.address(given, "answer/"), body, content_type="application/json")
    assert got.status_code == 400
    assert "isn't one of the keys" in got.json()["detail"]


@pytest.mark.parametrize("body", [{}, {"answer": None}, []])
def test_no_answer_is_no_answer(solver, body):
    visitor = solver()
    given = visitor.ask()
    assert visitor.client.post(visitor.address(given, "answer/"), body).status_code == 400


def test_it_is_good_for_one_answer(solver):
    visitor = solver()
    given = visitor.ask()
    right = visitor.right(given)
    visitor.answer(given, right)
    votes = Vote.objects.count()
    got = visitor.answer(given, right)
    assert got.status_code == 409
    assert got["Content-Type"] == "application/problem+json"
    assert Vote.objects.count() == votes


def test_it_is_gone_when_time_is_up(solver):
    visitor = solver()
    given = visitor.ask()
    Challenge.objects.filter(pk=given["id"]).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert visitor.answer(given, visitor.right(given)).status_code == 409
    assert not Vote.objects.exists()


@pytest.mark.parametrize(("kind", "size"), [("grid", 9), ("strip", 10)])
def test_looking_back_shows_every_tile_alike(solver, kind, size):
    """Controls and unknowns stand in two ledgers; here they can't be told apart."""
    visitor = solver()
    given = visitor.ask(kind)
    assert visitor.client.get(visitor.address(given, "answer/")).status_code == 404
    visitor.answer(given, visitor.right(given))
    said = visitor.client.get(visitor.address(given, "answer/")).json()
    assert [tile["position"] for tile in said] == list(range(size))
    assert {frozenset(tile) for tile in said} == {frozenset({"position", "said", "label"})}


def test_looking_back_shows_what_was_said(solver):
    visitor = solver()
    given = visitor.ask("grid")
    visitor.answer(given, visitor.right(given))
    said = visitor.client.get(visitor.address(given, "answer/")).json()
    assert [tile["position"] for tile in said if tile["said"] == "is"] == visitor.right(given)
    assert {tile["label"] for tile in said} == {given["target"]}


def test_none_of_these_is_said_in_a_word_or_by_an_empty_list(solver):
    for none in ("none", []):
        visitor = solver()
        given = visitor.ask("grid")
        row = Challenge.objects.get(pk=given["id"])
        row.tiles.filter(truth=row.target).update(truth=(row.target + 1) % 3)
        assert visitor.answer(given, none).json()["passed"] is True
        said = visitor.client.get(visitor.address(given, "answer/")).json()
        assert {tile["said"] for tile in said} == {"is not"}


def test_a_picture_not_fit_to_show_is_withdrawn_at_once(solver):
    visitor = solver()
    given = visitor.ask()
    got = visitor.client.post(visitor.address(given, "report/"), {"position": 4})
    assert got.status_code == 201
    assert got.json() == {"position": 4}
    tiles = Challenge.objects.get(pk=given["id"]).tiles.select_related("image")
    assert [tile.position for tile in tiles if tile.image.withdrawn_at] == [4]


@pytest.mark.parametrize(("position", "status"), [(50, 404), (-1, 400), ("x", 400)])
def test_a_tile_that_is_not_there_cannot_be_reported(solver, position, status):
    visitor = solver()
    given = visitor.ask()
    assert visitor.client.post(visitor.address(given, "report/"), {"position": position}).status_code == status


def test_after_a_report_nobody_is_judged_by_what_is_left(solver):
    visitor = solver()
    given = visitor.ask()
    right = visitor.right(given)
    visitor.client.post(visitor.address(given, "report/"), {"position": 0})
    assert visitor.answer(given, right).status_code == 409
    assert not ControlAnswer.objects.exists()
