"""Counting in moving windows: who asks too often waits, and a store that is down holds nobody up."""

import os
import socket
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from annotations.limits import Door, Window
from annotations.services import counting
from annotations.services.counting import ANNOTATOR, NETWORK, SITE, TooMany, count, counted, wait

THREE = Window("asks", 3, 60)
REDIS = os.environ.get("REDIS_URL", "")


@pytest.fixture(params=["memory", "redis"])
def whose(request, settings) -> str:
    """Somebody whom nobody has counted yet, in either store."""
    if request.param == "redis":
        if not REDIS:
            pytest.skip("REDIS_URL is not set: what is counted in Redis goes untested")
        settings.LIMITS_STORE = REDIS
        counting.store.cache_clear()
    return uuid4().hex


@pytest.fixture
def later(monkeypatch) -> Callable[[float], None]:
    begin = float(int(time.time()))  # whole seconds: Redis rounds the others a little
    return lambda seconds: monkeypatch.setattr(time, "time", lambda: begin + seconds)


@pytest.fixture
def silent(settings) -> Iterator[Callable[[str], None]]:
    """Point at a store that is not there."""

    def point(address: str) -> None:
        settings.LIMITS_STORE = address
        counting.store.cache_clear()

    yield point
    counting.store.cache_clear()


def test_the_fourth_waits_until_the_first_is_a_minute_old(whose: str, later) -> None:
    waits = []
    for seconds in (0, 10, 20, 30, 59):
        later(seconds)
        waits.append(wait(THREE, whose))
    assert waits == [0, 0, 0, 30, 1]
    later(61)
    assert wait(THREE, whose) == 0
    later(62)
    assert wait(THREE, whose) == 8


def test_who_is_refused_is_not_counted(whose: str) -> None:
    for _ in range(10):
        wait(THREE, whose)
    assert count(THREE, whose) == 3


def test_what_is_counted_is_forgotten_by_and_by(whose: str, later) -> None:
    for seconds in (0, 30):
        later(seconds)
        wait(THREE, whose)
    found = []
    for seconds in (31, 61, 91):
        later(seconds)
        found.append(count(THREE, whose))
    assert found == [2, 1, 0]


def test_nobody_waits_for_another_nor_for_what_else_they_asked(whose: str) -> None:
    for _ in range(3):
        wait(THREE, whose)
    assert wait(THREE, f"{whose}, another") == 0
    assert wait(Window("answers", 3, 60), whose) == 0


def test_each_side_of_a_door_has_its_own_count(settings) -> None:
    settings.NETWORK_LIMITS = True
    door = Door(network=(Window("asks", 2, 60),), annotator=(Window("asks", 1, 60),), site=(Window("asks", 3, 60),))

    def side(annotator: int, network: str, site: int = 1) -> str:
        try:
            counted(door, annotator=annotator, network=network, site=site)
        except TooMany as many:
            assert 1 <= many.seconds <= 60 and str(many)
            return many.side
        return ""

    assert [side(1, "a"), side(1, "a")] == ["", ANNOTATOR]
    assert [side(2, "a"), side(3, "a"), side(3, "b")] == ["", NETWORK, ANNOTATOR]
    assert [side(4, "b"), side(5, "b"), side(6, "c", site=2)] == ["", SITE, ""]


def test_without_limits_by_network_the_other_sides_still_count(settings) -> None:
    settings.NETWORK_LIMITS = False
    door = Door(network=(Window("asks", 1, 60),), annotator=(Window("asks", 2, 60),))
    for _ in range(2):
        counted(door, annotator=1, network="a")
    with pytest.raises(TooMany):
        counted(door, annotator=1, network="a")


def test_a_store_that_refuses_holds_nobody_up(silent, caplog) -> None:
    silent("redis://127.0.0.1:1/0")
    assert [wait(THREE, "a") for _ in range(5)] == [0] * 5
    assert count(THREE, "a") == 0
    assert len([record for record in caplog.records if "doesn't answer" in record.message]) == 1


def test_a_store_that_says_nothing_is_not_waited_for_again_and_again(silent) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        silent(f"redis://127.0.0.1:{deaf.getsockname()[1]}/0")
        began = time.monotonic()
        assert [wait(THREE, "a") for _ in range(5)] == [0] * 5
        assert time.monotonic() - began < 2


def test_once_it_answers_again_it_is_asked_again(silent, monkeypatch) -> None:
    silent("redis://127.0.0.1:1/0")
    wait(THREE, "a")
    kept = counting.store()
    monkeypatch.setattr(kept, "limiter", counting.Store("memory://").limiter)
    assert wait(THREE, "a") == 0 and count(THREE, "a") == 0
    kept.silent_until = time.monotonic()
    assert [wait(THREE, "a") for _ in range(3)] == [0, 0, 0]
    assert wait(THREE, "a") > 0
