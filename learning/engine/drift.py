"""Whether new pictures look, to a model, like those before: black-box shift detection.

Lipton, Wang & Smola 2018 look at a model's outputs in place of the pictures; Rabanser, Günnemann & Lipton 2019
(«Failing Loudly») found two-sample Kolmogorov-Smirnov tests on each softmax output, corrected by Bonferroni, to be
among the best of such tests. SciPy's tests are loaded when they are run: a web process reads the constants alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Floats

RISK = 0.05  # probability, at most, to call pictures unlike that are not
_ROUNDING = 1e-9  # outputs that never vary still differ in their last digits
ENOUGH = 50  # pictures of either kind; with fewer only a landslide would be seen


@dataclass(frozen=True)
class ClassShare:
    """How much of either sample the model takes for a class: the mean of its probabilities, all shares."""

    before: float
    now: float
    change: int  # 1: surely more often than before, -1: less often, 0: can't be told
    p_value: float  # that its outputs come from one distribution; not corrected


@dataclass(frozen=True)
class Shift:
    shifted: bool
    p_value: float  # the smallest of all classes', corrected for their number; at most 1
    classes: tuple[ClassShare, ...]


def shift(reference: Floats, current: Floats, *, risk: float = RISK, enough: int = ENOUGH) -> Shift | None:
    """Compare a model's probabilities on two samples of pictures, none of which it has learned from.

    reference: (M, K), current: (N, K), rows summing to 1. None where either has fewer than `enough` rows. Raises
    ValueError for samples of different classes and for a risk outside (0, 1).
    """
    if reference.ndim != 2 or current.ndim != 2 or reference.shape[1] != current.shape[1]:
        raise ValueError(f"two samples of the same classes are compared, not {reference.shape} with {current.shape}")
    if not 0 < risk < 1:
        raise ValueError(f"a risk lies between 0 and 1, not {risk}")
    if min(len(reference), len(current)) < enough:
        return None
    p_values = _ks(reference, current)
    corrected = min(1.0, len(p_values) * min(p_values))
    shares = zip(
        reference.mean(axis=0).tolist(),
        current.mean(axis=0).tolist(),
        _changes(reference, current, risk).tolist(),
        p_values,
        strict=True,
    )
    return Shift(corrected < risk, corrected, tuple(ClassShare(*share) for share in shares))


def _ks(reference: Floats, current: Floats) -> list[float]:
    """A test a class. The limit's formula errs to the careful side on small samples; the exact one takes far longer."""
    from scipy.stats import ks_2samp

    columns = zip(reference.T, current.T, strict=True)
    return [float(ks_2samp(before, now, method="asymp").pvalue) for before, now in columns]


def _changes(reference: Floats, current: Floats, risk: float) -> NDArray[np.int64]:
    """(K,) 1, 0 or -1. A class's outputs may differ in other ways than its share does, so the means are compared on
    their own: by the normal interval of their difference, as wide as so many classes ask for."""
    from scipy.stats import norm

    before, now = reference.astype(np.float64), current.astype(np.float64)
    difference = now.mean(axis=0) - before.mean(axis=0)
    error = np.sqrt(before.var(axis=0, ddof=1) / len(before) + now.var(axis=0, ddof=1) / len(now))
    width = norm.isf(risk / (2 * before.shape[1])) * error
    return np.where(np.abs(difference) > width + _ROUNDING, np.sign(difference), 0).astype(np.int64)
