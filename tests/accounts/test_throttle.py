"""Guessing takes time: twenty tries a minute from one address, whichever door is tried."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from accounts.doors import PerAddress

DOORS = [
    ("login", {"username": "alice@example.org", "password": "no"}),
    ("signup", {"email": "x"}),
    ("password_reset", {"email": "alice@example.org"}),
    ("admin:login", {"username": "alice@example.org", "password": "no"}),
]


@pytest.mark.parametrize(("door", "sent"), DOORS)
def test_the_twenty_first_try_in_a_minute_is_told_when_to_come_back(client, alice, door, sent):
    tries = [client.post(reverse(door), sent) for _ in range(21)]
    assert 429 not in [response.status_code for response in tries[:20]]
    assert tries[20].status_code == 429
    assert 1 <= int(tries[20]["Retry-After"]) <= 60
    assert "Too many tries" in tries[20].content.decode()


def test_looking_is_free_and_others_are_not_held_up(client, alice):
    for _ in range(25):
        assert client.get(reverse("login")).status_code == 200
    right = {"username": "alice@example.org", "password": "tessera-alice"}
    for _ in range(21):
        client.post(reverse("login"), right | {"password": "no"})
    assert client.post(reverse("login"), right, REMOTE_ADDR="10.0.0.9").status_code == 302


def test_the_doors_share_one_count(client, alice):
    for _ in range(20):
        client.post("/api/v1/tokens/", {"email": "alice@example.org", "password": "no"})
    assert client.post(reverse("login"), {"username": "alice@example.org", "password": "no"}).status_code == 429


def test_who_is_logged_in_counts_too(client, alice):
    client.force_login(alice)
    codes = [client.post(reverse("password_reset"), {"email": "bob@example.org"}).status_code for _ in range(21)]
    assert codes == [302] * 20 + [429]


def test_the_minute_passes(client, alice, monkeypatch):
    for _ in range(21):
        client.post(reverse("login"), {"username": "alice@example.org", "password": "no"})
    later = PerAddress.timer() + 61
    monkeypatch.setattr(PerAddress, "timer", lambda throttle: later)
    assert client.post(reverse("login"), {"username": "alice@example.org", "password": "no"}).status_code == 200


def test_the_address_itself_is_not_kept(rf):
    request = rf.post("/", REMOTE_ADDR="192.0.2.7")
    assert PerAddress().allow_request(request, None)
    key = PerAddress().get_cache_key(request)
    assert cache.get(key)
    assert "192.0.2.7" not in key
