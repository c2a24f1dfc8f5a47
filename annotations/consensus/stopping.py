"""When an item has been asked often enough."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt


class State(StrEnum):
    """What is to be done with an item."""

    OPEN = "open"  # ask again
    ACCEPTED = "accepted"  # the crowd has answered
    CONTESTED = "contested"  # the crowd can't agree: a reviewer decides


@dataclass(frozen=True)
class StoppingRule:
    """How sure is sure enough, and when to give up. Raises ValueError on values that can't be met."""

    threshold: float = 0.95  # the belief in the likeliest class that accepts an item
    minimum_trusted: int = 2  # votes of trusted people, without which no belief accepts it
    cap: int = 7  # votes after which asking stops

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError("threshold must lie in (0, 1]")
        if self.minimum_trusted < 0 or self.cap < 1:
            raise ValueError("minimum_trusted can't be negative, and cap must be at least 1")


def decide(
    confidence: npt.ArrayLike,
    trusted_votes: npt.ArrayLike,
    n_votes: npt.ArrayLike,
    rule: StoppingRule,
) -> npt.NDArray[np.object_]:
    """The `State` of each item, (I,), from its confidence, its votes by trusted people and its votes in all,
    each (I,).

    Raises ValueError if a confidence is not a number from 0 to 1.
    """
    sure = np.asarray(confidence, dtype=np.float64)
    if not bool(np.all((sure >= 0) & (sure <= 1))):
        raise ValueError("confidence must lie in [0, 1]")
    accepted = (sure >= rule.threshold) & (np.asarray(trusted_votes) >= rule.minimum_trusted)
    states = np.empty(sure.shape, dtype=np.object_)
    states[:] = State.OPEN  # np.full would make plain strings of it
    states[np.asarray(n_votes) >= rule.cap] = State.CONTESTED
    states[accepted] = State.ACCEPTED
    return states
