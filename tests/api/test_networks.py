"""Who drops the cookie with which they failed is a stranger again, and waits with the strangers of their network."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings as conf
from django.test import RequestFactory
from django.urls import reverse

from accounts.doors import network_of
from annotations.identity import COOKIE
from annotations.limits import ASK, FAILED, PASSED, PEOPLE
from annotations.models import Annotator, Unseen
from annotations.selectors_unseen import questions_of
from annotations.services.annotators import annotator_for
from annotations.services.counting import count, wait
from annotations.services.networks import network_key, network_noted

BACK_OFF = 3 * PEOPLE  # failures of a network after which its strangers wait


@pytest.fixture(autouse=True)
def limits(settings) -> None:
    settings.NETWORK_LIMITS = True


@pytest.fixture
def network(db) -> str:
    """Where the clients of all these tests come from."""
    return network_of(RequestFactory().get("/"))


@pytest.fixture
def failing(network: str) -> Callable[[int], None]:
    """Let so many strangers fail, each of them once."""

    def fail(n: int) -> None:
        for _ in range(n):
            network_noted(network=network, annotator=Annotator(), passed=False)

    return fail


def ask(solver):
    return solver.client.post(solver.address())


def test_answers_through_the_api_are_counted_by_what_became_of_them(solver, network):
    visitor = solver()
    for answer in (visitor.wrong, visitor.right):
        given = visitor.ask("grid")
        visitor.answer(given, answer(given))
    visitor.answer(visitor.ask("grid"), "?")
    assert (count(FAILED, network_key(network)), count(PASSED, network_key(network))) == (1, 1)


def test_answers_on_the_page_are_counted_before_they_are_told(client, published, network):
    client.get(reverse("solve"), {"kind": "grid"})
    challenge = Annotator.objects.get().challenges.get()
    client.post(reverse("solve_answer", args=[challenge.pk]), {"none": "1"})
    assert count(FAILED, network_key(network)) + count(PASSED, network_key(network)) == 1


def test_strangers_of_a_network_that_fails_get_one_challenge_in_a_while(solver, failing):
    failing(BACK_OFF)
    assert ask(solver()).status_code == 201
    refused = ask(solver())
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 30
    assert "network" in refused.json()["detail"] and "log in" in refused.json()["detail"]


def test_the_page_says_so_too_and_when_to_come_back(client, published, failing):
    failing(BACK_OFF)
    client.get(reverse("solve"))
    client.cookies.pop(COOKIE)
    page = client.get(reverse("solve"))
    assert page.status_code == 429
    assert 1 <= int(page["Retry-After"]) <= 30
    assert "Many answers from your network" in page.content.decode()


def test_fewer_failures_hold_nobody_up_nor_do_those_that_passes_make_up_for(solver, failing, network):
    failing(BACK_OFF - 1)
    assert [ask(solver()).status_code for _ in range(2)] == [201, 201]
    network_noted(network=network, annotator=Annotator(), passed=True)
    failing(1)
    assert [ask(solver()).status_code for _ in range(2)] == [201, 201]


def test_who_is_signed_in_or_relied_on_is_let_in(solver, bob, failing, relied_on):
    known = solver()
    ask(known)
    relied_on(Annotator.objects.get(user=None))
    failing(BACK_OFF)
    ask(solver())
    assert ask(solver()).status_code == 429
    assert ask(known).status_code == 201
    assert ask(solver(bob)).status_code == 201


def test_another_network_is_not_held_up(solver, failing):
    failing(BACK_OFF)
    ask(solver())
    elsewhere = solver()
    assert elsewhere.client.post(elsewhere.address(), REMOTE_ADDR="192.0.2.7").status_code == 201


def test_who_is_signed_in_does_not_count_against_their_network(solver, bob, network):
    network_noted(network=network, annotator=annotator_for(bob), passed=False)
    assert count(FAILED, network_key(network)) == 0


def test_so_many_challenges_a_minute_and_no_more(solver, network):
    for _ in range(ASK.network[0].most):
        wait(ASK.network[0], network_key(network))
    assert ask(solver()).status_code == 429


def test_without_pictures_a_network_is_held_to_as_many_but_not_for_what_others_fail(client, network, failing):
    """For who can't see them, it may be the only way."""

    def start(path: str):
        client.cookies.pop(COOKIE, None)
        return client.post(path, {"kind": "riddle", "way": "work"})

    paths = reverse("unseen_start"), reverse("api-unseen")
    failing(BACK_OFF)
    assert [start(path).status_code for path in paths for _ in range(2)] == [302, 302, 201, 201]
    for _ in range(ASK.network[0].most):
        wait(ASK.network[0], network_key(network))
    for path in paths:
        refused = start(path)
        assert refused.status_code == 429 and 1 <= int(refused["Retry-After"]) <= 60


def test_questions_answered_wrong_speak_against_a_network(client, network, monkeypatch):
    monkeypatch.setattr("annotations.services.unseen.WAIT", timedelta(0))
    client.post(reverse("unseen_start"), {"kind": "riddle", "way": "wait"})
    asked = Unseen.objects.get()
    said = {f"question-{place}": str(1 - min(one.right, 1)) for place, one in enumerate(questions_of(asked))}
    client.post(reverse("unseen_answer", args=[asked.pk]), said)
    assert (count(FAILED, network_key(network)), count(PASSED, network_key(network))) == (1, 0)


def test_where_limits_by_network_are_off_nothing_is_counted(solver, settings, failing, network):
    settings.NETWORK_LIMITS = False
    failing(10 * BACK_OFF)
    assert [ask(solver()).status_code for _ in range(3)] == [201] * 3
    assert count(FAILED, network_key(network)) == 0


@pytest.mark.parametrize(
    ("environment", "on"),
    [
        ({}, False),
        ({"REDIS_URL": "redis://127.0.0.1:6379/0"}, True),
        ({"DATABASE_URL": "postgres://somebody@127.0.0.1/tessera"}, True),
        ({"REDIS_URL": "redis://127.0.0.1:6379/0", "TESSERA_NETWORK_LIMITS": "0"}, False),
        ({"TESSERA_NETWORK_LIMITS": "1"}, True),
    ],
)
def test_they_are_on_with_servers_and_off_where_all_is_embedded(environment, on, tmp_path) -> None:
    code = "from config import settings; print(settings.NETWORK_LIMITS)"
    usual = {"PYTHONPATH": "platform:.", "PATH": "/usr/bin:/bin", "TESSERA_VAR_DIR": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=conf.BASE_DIR, env=usual | environment, capture_output=True, text=True
    )
    assert ended.stdout.strip() == str(on), ended.stderr
