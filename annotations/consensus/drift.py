"""Whether somebody has become worse than they were: a CUSUM over their graded answers in time order.

E. S. Page, "Continuous Inspection Schemes", Biometrika 41 (1954) 100–115, for Bernoulli observations: the sum of the
log-likelihood ratios of "worse" to "as before", never below 0, raises an alarm when it passes a threshold. "As before"
is the person's own first answers, "worse" the same with the odds of being right divided by `SHIFT`. The threshold comes
from the run length, how many answers of somebody unchanged pass on average before a false alarm, solved as a Markov
chain (D. Brook and D. A. Evans, "An approach to the probability distribution of cusum run length", Biometrika 59 (1972)
539–549). Only a fall is looked for: nobody is suspect for getting better.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from annotations.consensus.votes import FloatArray, IntArray, Kind, Votes

WARM_UP = 50  # answers that the baseline is learned from, and after which the watch begins
SHIFT = 4.0  # the fall looked for: odds of being right divided by this, from 90% to 69%, from 70% to 37%
RUN_LENGTH = 200_000.0  # of 1000 answers 950 are watched: one honest person of 200 would raise an alarm
DOUBT = 0.05  # the baseline is this quantile of its posterior: 50 answers can flatter
EDGES = (0.05, 0.98)  # baselines beyond are held here: someone without a fault would be suspect after two
CELLS = 300  # of the Markov chain


@dataclass(frozen=True, eq=False)
class Drift:
    """The path of the sum and what it shows.

    `path` (n,): the sum after each answer, 0 in the warm-up. `threshold`: what it must pass. `baseline`, `worse`: the
    accuracies compared. `alarm`: the index of the answer that first passes it, None without. `since`: where the fall
    seems to begin, the first answer of the climb that led to the alarm.
    """

    path: FloatArray
    threshold: float
    baseline: float
    worse: float
    alarm: int | None
    since: int | None


def drift(
    right: npt.ArrayLike,
    *,
    n_classes: int = 2,
    baseline: float | None = None,
    warm_up: int = WARM_UP,
    shift: float = SHIFT,
    run_length: float = RUN_LENGTH,
) -> Drift:
    """The CUSUM of `right` (n,): for each answer in time order the probability that it was right, in [0, 1].

    1 and 0 are for answers to controls. Where the truth is inferred it must come from the others (`reliability.
    leave_one_out`); an answer of which it says nothing, 1 / `n_classes`, leaves the sum as it is. The baseline is
    learned from the first `warm_up` answers, on the careful side, unless given; with fewer answers nothing is watched.
    Raises ValueError on values outside [0, 1] and on a `shift` of at most 1.
    """
    graded = np.asarray(right, dtype=np.float64)
    if graded.ndim != 1 or not bool(np.all((graded >= 0) & (graded <= 1))):
        raise ValueError("right must be one-dimensional and lie in [0, 1]")
    if shift <= 1 or warm_up < 0 or n_classes < 2:
        raise ValueError("shift must exceed 1, warm_up can't be negative, and there must be two classes")
    before = _baseline(graded[:warm_up]) if baseline is None else float(np.clip(baseline, *EDGES))
    worse = before / (before + (1 - before) * shift)
    limit = threshold(before, worse, run_length)
    watched = graded[warm_up:]
    path = np.concatenate([np.zeros(min(warm_up, len(graded))), _cusum(_ratios(watched, before, worse, n_classes))])
    passed = np.flatnonzero(path > limit)
    alarm = int(passed[0]) if len(passed) else None
    return Drift(path, limit, before, worse, alarm, None if alarm is None else _start(path, alarm, warm_up))


def answered_right(votes: Votes, truth: FloatArray) -> FloatArray:
    """P(each answer is right), (N,), by a truth (N, K) given for each vote: what `drift` reads, one person at a time.

    Of a tile it is right to say yes if it is the class, and no if it is not.
    """
    named = truth[np.arange(len(votes)), votes.answer]
    return np.where(votes.kind == Kind.NO, 1 - named, named)


@lru_cache(maxsize=4096)
def threshold(before: float, worse: float, run_length: float) -> float:
    """The sum that somebody of accuracy `before` passes once in `run_length` answers on average."""
    low, high = 0.0, float(np.log(run_length)) + 3  # e^h bounds the run length from below
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if average_run_length(middle, before, worse) < run_length else (low, middle)
    return high


def average_run_length(limit: float, before: float, worse: float, accuracy: float | None = None) -> float:
    """Answers until the sum passes `limit`, on average, from 0, of somebody of the given `accuracy` (or `before`).

    The sum is held to a grid; a step that falls between two points is shared among them, so that its mean is kept.
    """
    right = before if accuracy is None else accuracy
    steps = np.log([worse / before, (1 - worse) / (1 - before)])
    width = max(limit, 1e-9) / CELLS
    at = np.arange(CELLS + 1)
    stay = np.zeros((CELLS + 1, CELLS + 1))
    for step, chance in zip(steps, (right, 1 - right), strict=True):
        target = np.maximum(at + step / width, 0)
        lower = np.floor(target).astype(np.int64)
        for point, share in ((lower, 1 - (target - lower)), (lower + 1, target - lower)):
            inside = point <= CELLS
            np.add.at(stay, (at[inside], point[inside]), chance * share[inside])
    return float(np.linalg.solve(np.eye(CELLS + 1) - stay, np.ones(CELLS + 1))[0])


def _baseline(graded: FloatArray) -> float:
    """A lower bound of the accuracy that the answers show, on a grid, so that thresholds are worked out once each."""
    right = graded.sum()
    bound = betaincinv(1 + right, 1 + len(graded) - right, DOUBT)
    return float(np.clip(np.floor(bound * 100) / 100, *EDGES))


def _ratios(graded: FloatArray, before: float, worse: float, n_classes: int) -> FloatArray:
    """Log-likelihood ratio of each answer, its truth summed out: wrong answers fall on any of the other classes."""
    wrong = (1 - graded) / (n_classes - 1)
    ratio: FloatArray = np.log(graded * worse + wrong * (1 - worse)) - np.log(graded * before + wrong * (1 - before))
    return ratio


def _cusum(ratios: FloatArray) -> FloatArray:
    """S_t = max(0, S_{t-1} + ratio_t): the sum less its lowest so far, or less 0."""
    total = np.cumsum(ratios)
    path: FloatArray = total - np.minimum(np.minimum.accumulate(total), 0)
    return path


def _start(path: FloatArray, alarm: int, warm_up: int) -> int:
    """The answer after the last one at which the sum was 0, short of rounding."""
    zeros: IntArray = np.flatnonzero(path[:alarm] <= 1e-12)
    return int(zeros[-1]) + 1 if len(zeros) else warm_up
