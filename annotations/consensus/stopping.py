"""When an item has been asked often enough."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from annotations.consensus.votes import FloatArray


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


def further(
    confidence: npt.ArrayLike,
    trusted_votes: npt.ArrayLike,
    n_votes: npt.ArrayLike,
    rule: StoppingRule,
    *,
    accuracy: float,
    trusted_share: float,
    n_classes: int,
) -> FloatArray:
    """How many more votes each item is expected to take until it is accepted or its cap is reached, (I,).

    A further vote is a typical annotator's, right with `accuracy`, by somebody trusted with probability
    `trusted_share`. It moves the log-odds of the leading class by the same step up or down (a random walk between two
    barriers: A. Wald, Sequential Analysis (1947), ch. 3), here with the number of votes that are left as well, and so
    worked out exactly, backwards from the cap. An item waits for its trusted votes too, whichever takes longer.
    """
    accuracy = float(np.clip(accuracy, 1 / n_classes + 0.05, 0.99))
    start = logit(np.clip(np.asarray(confidence, dtype=np.float64), 1e-6, 1 - 1e-6))
    needed = np.maximum(rule.minimum_trusted - np.asarray(trusted_votes, dtype=np.float64), 0)
    left = np.maximum(np.ceil(rule.cap - np.asarray(n_votes, dtype=np.float64)), 0)
    until_sure = _walk(start, rule, accuracy, n_classes)[np.minimum(left, rule.cap).astype(int), np.arange(len(start))]
    until_trusted = needed / max(trusted_share, 1e-3)
    expected: FloatArray = np.minimum(np.maximum(until_sure, until_trusted), left)
    return expected


def _walk(start: FloatArray, rule: StoppingRule, accuracy: float, n_classes: int) -> FloatArray:
    """Expected votes until the threshold when at most n are left, (cap + 1, I), by dynamic programming."""
    step = np.log(accuracy * (n_classes - 1) / (1 - accuracy)) if n_classes > 1 else 1.0
    steps = np.arange(-rule.cap, rule.cap + 1)
    odds = start[None, :] + step * steps[:, None]
    going = odds < logit(min(rule.threshold, 1 - 1e-6))
    belief = expit(odds)
    agrees = belief * accuracy + (1 - belief) * (1 - accuracy) / max(n_classes - 1, 1)
    expected = np.zeros((rule.cap + 1, len(start)))
    ahead = np.zeros_like(odds)
    for n in range(1, rule.cap + 1):
        up, down = np.roll(ahead, -1, axis=0), np.roll(ahead, 1, axis=0)
        ahead = np.where(going, 1 + agrees * up + (1 - agrees) * down, 0.0)
        expected[n] = ahead[rule.cap]
    return expected


def review_value(posterior: FloatArray, voter_doubt: FloatArray) -> FloatArray:
    """What a reviewer's word on each item is worth, in bits, (I,): what is not known of its class, from the posterior
    (I, K), and what the answer tells of its voters (I,), the bits by which each one's answer is in doubt, added up."""
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = -np.where(posterior > 0, posterior * np.log2(posterior), 0.0).sum(axis=1)
    value: FloatArray = entropy + voter_doubt
    return value
