"""Two models on the same rows. NumPy alone, so that a web process can ask."""

from dataclasses import dataclass

import numpy as np

from learning.engine.arrays import Booleans, Floats

ROUNDING = 1e-9  # sums of floats are not exact: nine points is not more than nine points
_A_POINT = 0.01


@dataclass(frozen=True)
class Comparison:
    """A challenger against a champion on the same rows; all as shares, 0.01 is a point."""

    p_better: float
    p_worse_by_point: float
    gain: float
    gain_low: float  # 2.5th percentile
    gain_high: float  # 97.5th percentile


def paired_bootstrap(
    champion_correct: Booleans | Floats, challenger_correct: Booleans | Floats, n: int = 2000, seed: int = 0
) -> Comparison:
    """Compare two models by resampling the rows they were both judged on (Efron & Tibshirani 1993).

    Both arrays are (N,): right or wrong on each row, or the posterior's share in [0, 1] where the truth is
    soft. `n` resamples. Raises ValueError when the arrays differ in length or are empty.
    """
    if len(champion_correct) == 0 or np.shape(champion_correct) != np.shape(challenger_correct):
        raise ValueError("a comparison needs both models' verdicts on the same rows, and at least one row")
    difference = challenger_correct.astype(np.float64) - champion_correct.astype(np.float64)
    # Rows with equal differences are exchangeable: how often each value is drawn is all there is to resample.
    values, counts = np.unique(difference, return_counts=True)
    rows = len(difference)
    drawn = np.random.default_rng(seed).multinomial(rows, counts / rows, size=n)
    gains = drawn @ values / rows
    low, high = np.quantile(gains, [0.025, 0.975])
    return Comparison(
        p_better=float((gains > ROUNDING).mean()),
        p_worse_by_point=float((gains < -_A_POINT - ROUNDING).mean()),
        gain=float(difference.mean()),
        gain_low=float(low),
        gain_high=float(high),
    )
