import pytest
from rest_framework.test import APIClient

from accounts.models import User

LOG_IN = {"email": "bob@example.org", "password": "tessera-bob"}


def test_a_token_opens_the_account_until_it_is_given_back(bob, api):
    got = api().post("/api/v1/tokens/", LOG_IN)
    assert got.status_code == 201
    assert set(got.json()) == {"token", "expiry"}
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {got.json()['token']}")
    assert client.get("/api/v1/me/").json()["email"] == "bob@example.org"
    assert client.delete("/api/v1/tokens/current/").status_code == 204
    assert client.get("/api/v1/me/").status_code == 401


def test_the_address_is_the_same_in_capitals(bob, api):
    assert api().post("/api/v1/tokens/", {**LOG_IN, "email": "BOB@Example.org"}).status_code == 201


@pytest.mark.parametrize("wrong", [{"password": "tessera"}, {"email": "nobody@example.org"}, {"password": ""}])
def test_a_wrong_password_gets_no_token(bob, api, wrong):
    got = api().post("/api/v1/tokens/", LOG_IN | wrong)
    assert got.status_code == 400
    assert got["Content-Type"] == "application/problem+json"
    assert got.json()["errors"]["password"] or got.json()["errors"]["email"]


def test_who_was_switched_off_gets_no_token(bob, api):
    User.objects.filter(pk=bob.pk).update(is_active=False)
    assert api().post("/api/v1/tokens/", LOG_IN).status_code == 400


def test_guessing_passwords_is_slowed_down_whatever_proxy_the_guesser_makes_up(bob, api):
    client = api()
    guesses = [
        client.post("/api/v1/tokens/", {**LOG_IN, "password": "no"}, HTTP_X_FORWARDED_FOR=f"10.0.0.{n}")
        for n in range(21)
    ]
    assert [guess.status_code for guess in guesses] == [400] * 20 + [429]


@pytest.mark.parametrize("header", ["\xff", "a\x00b", "a" * 10_000, "-", "", "two words", "0" * 64])
def test_a_token_that_cannot_be_one_is_a_401(bob, header):
    got = APIClient(raise_request_exception=False).get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {header}")
    assert got.status_code == 401
    assert got["Content-Type"] == "application/problem+json"


def test_a_session_has_no_token_to_give_back(bob, api):
    client = api()
    client.force_login(bob)
    assert client.delete("/api/v1/tokens/current/").status_code == 404
