"""Counting in moving windows of time. In Redis where there is one, so that all web processes count together; else in
the memory of this one.

A store that doesn't answer holds nobody up: then nothing is counted, which stands in the log.
"""

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from math import ceil
from typing import Any, TypeVar

from django.conf import settings
from django.utils.translation import gettext
from limits import RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from redis.backoff import NoBackoff
from redis.retry import Retry

from annotations.challenges import patience
from annotations.limits import Door, Window
from annotations.services.refusals import NoChallenge, TooManyTries
from annotations.spoken import spoken

PATIENCE = 0.25  # seconds that a request waits for the store
RESPITE = 10.0  # seconds for which one that didn't answer isn't asked again
NAMESPACE = "tessera"
ANNOTATOR, NETWORK, SITE = "annotator", "network", "site"  # sides of a door
T = TypeVar("T")
log = logging.getLogger(__name__)


class TooMany(TooManyTries):
    """Too much in too short a time; `seconds` are to be waited. `side`: who has used it up. `words` have room for the
    wait, as %(wait)s."""

    def __init__(self, seconds: int, side: str, words: str = "") -> None:
        words = words or gettext("Too many tries in a short time. You can go on in %(wait)s.")
        NoChallenge.__init__(self, words % {"wait": spoken(patience.in_words(seconds))})
        self.seconds, self.side = seconds, side


class Store:
    """The library's counter, and since when it doesn't answer."""

    def __init__(self, address: str) -> None:
        options: dict[str, Any] = {}
        if not address.startswith("memory"):
            # Again at once, for a connection that was closed meanwhile. The client's own way is to wait for seconds.
            options = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "retry": Retry(NoBackoff(), 1)}
        self.limiter = MovingWindowRateLimiter(storage_from_string(address, wrap_exceptions=True, **options))
        self.silent_until = 0.0

    def ask(self, question: Callable[[MovingWindowRateLimiter], T], otherwise: T) -> T:
        if time.monotonic() < self.silent_until:
            return otherwise
        try:
            return question(self.limiter)
        except StorageError as error:
            self.silent_until = time.monotonic() + RESPITE
            log.warning("limits are off for %.0f s: the store doesn't answer (%s)", RESPITE, error)
            return otherwise


@lru_cache(maxsize=1)
def store() -> Store:
    return Store(settings.LIMITS_STORE)


def wait(window: Window, whose: object) -> int:
    """Count one more. Where there is no room for it: the whole seconds until there is, and nothing is counted."""

    def question(limiter: MovingWindowRateLimiter) -> int:
        item, key = _item(window), _key(window, whose)
        if limiter.hit(item, *key):
            return 0
        return max(1, ceil(limiter.get_window_stats(item, *key).reset_time - time.time()))

    return store().ask(question, 0)


def count(window: Window, whose: object) -> int:
    """How many there were in the window; no more than it holds."""
    item, key = _item(window), _key(window, whose)
    return store().ask(lambda limiter: item.amount - limiter.get_window_stats(item, *key).remaining, 0)


def counted(door: Door, *, annotator: int | None = None, network: str = "", site: int | None = None) -> None:
    """Count one who comes to this door, for each of those that are given. Raises TooMany.

    Who is refused isn't counted for what comes after: somebody's haste doesn't use up what others of their network may
    ask, nor a network's what a site's visitors may.
    """
    sides = (ANNOTATOR, door.annotator, annotator), (NETWORK, door.network, network), (SITE, door.site, site)
    for side, windows, whose in sides:
        if not whose or (side == NETWORK and not settings.NETWORK_LIMITS):
            continue
        for window in windows:
            if seconds := wait(window, f"{side}:{whose}"):
                raise TooMany(seconds, side)


def _item(window: Window) -> RateLimitItemPerSecond:
    return RateLimitItemPerSecond(window.most, window.seconds, namespace=NAMESPACE)


def _key(window: Window, whose: object) -> tuple[str, str]:
    return window.name, str(whose)
