"""Whether a probability means what it says."""

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


def ece(probabilities: Floats, labels: Integers, bins: int = 15) -> float:
    """Expected calibration error in [0, 1], over bins of equal mass; rows of equal confidence share a bin.

    probabilities: (N, K); labels: (N,) class indices. Raises ValueError when there is no row or no bin.
    """
    if len(probabilities) == 0 or len(probabilities) != len(labels) or bins < 1:
        raise ValueError("calibration needs at least one row, a label for each, and at least one bin")
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    edges = np.quantile(confidence, np.arange(1, bins) / bins)
    bin_of = np.searchsorted(edges, confidence, side="right")
    # |mean confidence − accuracy| times a bin's share of the rows is |sum of the differences| / N.
    gaps = np.bincount(bin_of, weights=confidence - correct)
    return float(np.abs(gaps).sum() / len(labels))
