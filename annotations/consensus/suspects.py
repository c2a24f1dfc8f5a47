"""Items of known answer whose known answer may itself be wrong: people who are right elsewhere mostly contradict it.

The error of trusted people on one item has a uniform prior; n answers, of which w contradict the known class, make
its posterior Beta(1 + w, 1 + n - w).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import betaincinv

from annotations.consensus.votes import BoolArray, FloatArray

ENOUGH = 5  # answers of trusted people
MOSTLY = 0.5  # an error rate above it is no longer theirs


def error_interval(answered: npt.ArrayLike, wrong: npt.ArrayLike, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Both ends of the central interval of the error, each (I,), in [0, 1].

    `answered`, `wrong` (I,): answers of trusted people on each item, and those that contradict its known class.
    Raises ValueError unless 0 <= wrong <= answered and 0 < level < 1.
    """
    n, w = np.asarray(answered, dtype=np.float64), np.asarray(wrong, dtype=np.float64)
    if not bool(np.all((w >= 0) & (w <= n))):
        raise ValueError("wrong must lie between 0 and answered")
    if not 0 < level < 1:
        raise ValueError("level must lie in (0, 1)")
    tail = (1 - level) / 2
    low, high = (np.asarray(betaincinv(1 + w, 1 + n - w, q), dtype=np.float64) for q in (tail, 1 - tail))
    return low, high


def suspect(
    answered: npt.ArrayLike, wrong: npt.ArrayLike, *, minimum: int = ENOUGH, bound: float = MOSTLY
) -> BoolArray:
    """Which items to look at again (I,): `minimum` answers of trusted people at least, and the lower end of the 95%
    interval of their error above `bound`. Five of five do, or seven of eight; four of five don't.
    """
    low, _ = error_interval(answered, wrong)
    return np.asarray((np.asarray(answered) >= minimum) & (low > bound), dtype=np.bool_)
