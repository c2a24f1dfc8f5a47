"""How many challenges somebody may pass over: some are hard to make out, and none may be picked for being easy."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

WINDOW = 600.0  # seconds in which skips are counted
MOST = 20  # in that time
FREE = 3  # «can't tell» that often in a row is an answer; from then on it is a skip like others

Ending = Literal["answered", "unsure", "skipped"]


def counted(endings: Iterable[tuple[Ending, float]]) -> list[float]:
    """When those challenges began that count as skips; `endings` come with their times, the first first."""
    times, unsure = [], 0
    for ending, began in endings:
        unsure = unsure + 1 if ending == "unsure" else 0 if ending == "answered" else unsure
        if ending == "skipped" or unsure > FREE:
            times.append(began)
    return times


def seconds_left(skips: Sequence[float], now: float) -> int:
    """Whole seconds, rounded up, until so many of the skips are old enough that another is allowed; 0 when it is."""
    recent = sorted(began for began in skips if began > now - WINDOW)
    return max(0, math.ceil(recent[-MOST] + WINDOW - now)) if len(recent) >= MOST else 0
