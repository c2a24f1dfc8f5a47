"""Response times that no attentive person has: too quick, or too even."""

from __future__ import annotations

import numpy as np
from scipy.stats import binom, chi2

from annotations.consensus.sequences import MINIMUM, Finding
from annotations.consensus.votes import FloatArray

HUMAN = 0.3  # seconds to see a picture, decide and move; choice reactions take 0.35 and more
QUICK = 0.02  # share of an honest person's times below that: double clicks, clocks
SPREAD = 0.15  # standard deviation of log seconds that an honest person exceeds; people have about 0.3 to 0.6


def timing(seconds: FloatArray, minimum: int = MINIMUM) -> tuple[Finding | None, Finding | None]:
    """Answers quicker than is humanly possible, and times without any spread; (n,) seconds, NaN where unknown.

    Quick ones: a binomial tail against a share of `QUICK`. Spread: the lower tail of chi-square for the variance of log
    seconds against `SPREAD`², times below 1 ms taken as that. Raises ValueError on a negative time.
    """
    known = seconds[~np.isnan(seconds)]
    n = len(known)
    if bool(np.any(known < 0)):
        raise ValueError("seconds can't be negative")
    if n < max(minimum, 2):
        return None, None
    quick = int((known < HUMAN).sum())
    deviation = float(np.log(np.maximum(known, 1e-3)).std(ddof=1))
    return (
        Finding(quick / n, float(binom.sf(quick - 1, n, QUICK)), n),
        Finding(deviation, float(chi2.cdf((n - 1) * (deviation / SPREAD) ** 2, n - 1)), n),
    )
