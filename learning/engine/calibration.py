"""Whether a probability means what it says."""

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from learning.engine.arrays import Floats, Integers

_HOTTEST = 20.0


def fit_temperature(logits: Floats, targets: Floats) -> float:
    """The temperature in [0.05, 20] at which softmax(logits / T) best explains the targets (Guo et al. 2017).

    logits: (N, K), of rows the network was not trained on. targets: (N, K) distributions. No rows give 1.0.
    Raises ValueError when the shapes differ or a value is not a number.
    """
    if logits.shape != targets.shape or logits.ndim != 2:
        raise ValueError(f"logits {logits.shape} and targets {targets.shape} must both be (N, K)")
    if not (np.isfinite(logits).all() and np.isfinite(targets).all()):
        raise ValueError("logits and targets must be finite")
    if len(logits) == 0:
        return 1.0

    def surprise(log_temperature: float) -> float:
        scores = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return float(-(targets * scores).sum(axis=1).mean())

    # Over the logarithm, where halving and doubling are equally far.
    bound = float(np.log(_HOTTEST))
    return float(np.exp(minimize_scalar(surprise, bounds=(-bound, bound), method="bounded").x))


class Bin(NamedTuple):
    """Rows of like confidence: what they promise, and what they keep."""

    confidence: float  # mean, a share
    accuracy: float  # a share
    n: int  # rows


def reliability(probabilities: Floats, labels: Integers, bins: int = 15) -> list[Bin]:
    """A reliability diagram (DeGroot & Fienberg 1983) over bins of equal mass, in rising order of confidence.

    probabilities: (N, K); labels: (N,) class indices. Rows of equal confidence share a bin, and bins that none fall
    into are left out, so there can be fewer than `bins`. Raises ValueError when there is no row or no bin.
    """
    if len(probabilities) == 0 or len(probabilities) != len(labels) or bins < 1:
        raise ValueError("calibration needs at least one row, a label for each, and at least one bin")
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    edges = np.quantile(confidence, np.arange(1, bins) / bins)
    bin_of = np.searchsorted(edges, confidence, side="right")
    counts = np.bincount(bin_of, minlength=bins)
    promised, kept = (np.bincount(bin_of, weights=values, minlength=bins) for values in (confidence, correct))
    rows = zip(promised.tolist(), kept.tolist(), counts.tolist(), strict=True)
    return [Bin(total / n, right / n, n) for total, right, n in rows if n]


def ece(probabilities: Floats, labels: Integers, bins: int = 15) -> float:
    """Expected calibration error in [0, 1]: by how much the bins of `reliability` miss, weighted by their rows.

    Takes and raises what `reliability` does.
    """
    missed = sum(one.n * abs(one.confidence - one.accuracy) for one in reliability(probabilities, labels, bins))
    return missed / len(labels)
