"""How long somebody has to wait who fails one challenge after another: looking for controls by trial takes time."""

import math
from collections.abc import Iterable
from itertools import takewhile

from annotations.challenges.words import Words, counted

FREE = 3  # failures in a row that anybody may have: pictures are hard, and fingers slip
FIRST_PAUSE = 30.0  # seconds
LONGEST_PAUSE = 3600.0
MOST_LOOKED_AT = 20  # verdicts: more failures in a row than this make no pause longer


def failed_in_a_row(passed: Iterable[bool]) -> int:
    """How many of the verdicts, the latest first, are failures before the first pass."""
    return sum(1 for _ in takewhile(lambda verdict: not verdict, passed))


def pause(failed: int) -> float:
    """Seconds between the last of `failed` failures in a row and the next challenge.

    None below three; then 30 s, doubled by each further failure, up to an hour. Raises ValueError below 0.
    """
    if failed < 0:
        raise ValueError("failed must not be negative")
    if failed < FREE:
        return 0.0
    doublings = min(failed - FREE, math.ceil(math.log2(LONGEST_PAUSE / FIRST_PAUSE)))
    return min(FIRST_PAUSE * 2.0**doublings, LONGEST_PAUSE)


def seconds_left(failed: int, since: float) -> int:
    """Whole seconds, rounded up, that are still to be waited `since` seconds after the last failure; 0 when over."""
    return max(0, math.ceil(pause(failed) - since))


def in_words(seconds: int) -> Words:
    """«30 seconds», «1 minute», «12 minutes»: minutes are rounded up, so that nobody comes too early."""
    if seconds <= 90:
        return counted("%(n)s second", "%(n)s seconds", seconds)
    return counted("%(n)s minute", "%(n)s minutes", math.ceil(seconds / 60))
