"""Rows of answers that no attentive person gives: always the same, always there, one after the other in turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from annotations.consensus.votes import FloatArray, IntArray

MINIMUM = 30  # answers, without which nothing is reported
LEANING = 0.3  # how much of the way to "always the same" an honest person's share of an answer may be moved
POSITIONAL = 0.1  # the same of a position
PERIODS = (2, 3, 4, 5, 6)  # lengths of a cycle of answers that are looked for


@dataclass(frozen=True)
class Finding:
    """`statistic` of `n` answers, and how likely an honest person reaches one as extreme."""

    statistic: float
    p_value: float
    n: int


def always_there(position: IntArray, n_positions: int, minimum: int = MINIMUM) -> Finding | None:
    """The largest share of a position among shuffled ones (n,): a binomial tail, times the number of positions."""
    n = len(position)
    if n < minimum or n_positions < 2:
        return None
    counts = np.bincount(position, minlength=n_positions)
    if len(counts) > n_positions:
        raise ValueError(f"position must lie below {n_positions}")
    chance = _moved(np.array(1 / n_positions), POSITIONAL)
    tail = float(binom.sf(counts.max() - 1, n, chance))
    return Finding(float(counts.max()) / n, min(1.0, n_positions * tail), n)


def sequence(
    answer: IntArray, expected: FloatArray, minimum: int = MINIMUM
) -> tuple[Finding | None, Finding | None, Finding | None]:
    """The longest run, the largest share and the clearest cycle of answers (n,) in time order.

    `expected` (n, K): how likely each answer is by the item. An honest person may lean towards an answer, which then
    has `LEANING` of the other answers' share too.
    """
    if len(answer) < minimum or expected.shape[1] < 2:
        return None, None, None
    likely = _moved(expected, LEANING)
    return _longest_run(answer, likely), _largest_share(answer, likely), _clearest_cycle(answer, expected.shape[1])


def _longest_run(answer: IntArray, likely: FloatArray) -> Finding:
    """Bounded by how many runs of that length are expected to begin, whatever the class: at most their probability.

    Windows of n - L + 1 places; a run is counted where it begins, after an answer that differs.
    """
    n = len(answer)
    edges = np.flatnonzero(np.diff(answer)) + 1
    longest = int(np.diff(np.concatenate([[0], edges, [n]])).max())
    logs = np.concatenate([np.zeros((1, likely.shape[1])), np.log(likely).cumsum(axis=0)])
    windows = np.exp(logs[longest:] - logs[:-longest])
    windows[1:] *= 1 - likely[: n - longest]
    return Finding(float(longest), float(min(1.0, windows.sum())), n)


def _largest_share(answer: IntArray, likely: FloatArray) -> Finding:
    """The least binomial tail over answers, times their number.

    Chances differ between items: beyond the mean their tail is at most that of a binomial with the mean chance (W.
    Hoeffding, Annals of Mathematical Statistics 27 (1956) 713–721).
    """
    n, K = likely.shape
    counts = np.bincount(answer, minlength=K)
    tails = binom.sf(counts - 1, n, likely.mean(axis=0))
    best = int(tails.argmin())
    return Finding(float(counts[best]) / n, float(min(1.0, K * tails[best])), n)


def _clearest_cycle(answer: IntArray, n_values: int) -> Finding:
    """Answers that repeat the one a period before but not the last, against a random order of the same answers.

    A binomial tail, times the number of periods; the chance is enlarged, since neighbours aren't independent.
    """
    share = np.bincount(answer, minlength=n_values) / len(answer)
    chance = float(_moved(np.array((share**2 * (1 - share)).sum()), LEANING))
    found = []
    for period in PERIODS:
        here, last, before = answer[period:], answer[period - 1 : -1], answer[:-period]
        repeats, n = int(((here == before) & (here != last)).sum()), len(here)
        found.append((float(binom.sf(repeats - 1, n, chance)), repeats / n, n))
    tail, statistic, n = min(found)
    return Finding(statistic, min(1.0, len(PERIODS) * tail), n)


def _moved(share: FloatArray, towards_all: float) -> FloatArray:
    moved: FloatArray = share + towards_all * (1 - share)
    return moved
