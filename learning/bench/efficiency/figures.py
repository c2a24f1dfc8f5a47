"""From curves to figures: area, what is reached, and with how many labels what random reaches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ttest_1samp

from learning.bench.efficiency.plans import DEFAULT, RANDOM

SIGNIFICANT = 0.05
EXACT = 1e-9  # figures that differ by less are the same


@dataclass(frozen=True, eq=False)
class Curves:
    """One strategy's on one set: `x` (P,) labels or votes, `scores` (S, P) of every seed."""

    x: NDArray[np.float64]
    scores: NDArray[np.float64]

    @classmethod
    def of(cls, seeds: Sequence[Sequence[Sequence[float]]], measure: int = 1) -> "Curves":
        """`seeds`: the points of each, all with the same x. A crowd that has no votes left ends early: so do all."""
        least = min(len(points) for points in seeds)
        x = np.array([point[0] for point in seeds[0][:least]], dtype=np.float64)
        return cls(x, np.array([[point[measure] for point in points[:least]] for points in seeds]))

    @property
    def mean(self) -> NDArray[np.float64]:
        return np.asarray(self.scores.mean(axis=0))

    @property
    def areas(self) -> NDArray[np.float64]:
        """(S,): the mean score over the labels."""
        span = self.x[-1] - self.x[0]
        return np.asarray(np.trapezoid(self.scores, self.x, axis=1) / span if span else self.scores[:, 0])


def figures(curves: Curves, of_random: Curves | None) -> dict[str, object]:
    rows: dict[str, object] = {
        "aulc": round(float(curves.areas.mean()), 4),
        "aulc_se": round(_error(curves.areas), 4),
        "final": round(float(curves.mean[-1]), 4),
        "labels_to_random_final": None if of_random is None else labels_to(curves, float(of_random.mean[-1])),
        "seeds": len(curves.scores),
        "curve": [
            [float(x), round(float(mean), 4), round(_error(scores), 4)]
            for x, mean, scores in zip(curves.x, curves.mean, curves.scores.T, strict=True)
        ],
    }
    if of_random is not None and of_random is not curves:
        rows |= against(curves, of_random)
    return rows


def labels_to(curves: Curves, score: float) -> float | None:
    """Where the mean curve first reaches a score, along straight lines between its points; None where it doesn't."""
    reached = np.flatnonzero(curves.mean >= score)
    if not len(reached):
        return None
    at = int(reached[0])
    if at == 0:
        return float(curves.x[0])
    low, high = curves.mean[at - 1], curves.mean[at]
    return round(float(curves.x[at - 1] + (score - low) / (high - low) * (curves.x[at] - curves.x[at - 1])), 1)


def against(curves: Curves, of_random: Curves) -> dict[str, object]:
    """The gain in area, and whether it is significant, by a paired t-test: a seed has the same start for all."""
    n = min(len(curves.areas), len(of_random.areas))
    gains = curves.areas[:n] - of_random.areas[:n]
    verdict = "level" if _p_value(gains) >= SIGNIFICANT else "above" if gains.mean() > 0 else "below"
    return {"gain": round(float(gains.mean()), 4), "gain_se": round(_error(gains), 4), "against_random": verdict}


def _p_value(gains: NDArray[np.float64]) -> float:
    """That there is no gain. Of one seed nothing can be said; where all gain alike there is nothing to doubt."""
    if len(gains) < 2 or np.abs(gains).max() < EXACT:
        return 1.0
    return float(ttest_1samp(gains, 0).pvalue) if np.ptp(gains) > EXACT else 0.0


def summary(sets: Mapping[str, Mapping[str, Mapping[str, object]]]) -> dict[str, object]:
    """The figures that are promised, of what was measured. `sets`: figures by set and strategy."""
    of_default = {name: rows[DEFAULT] for name, rows in sets.items() if DEFAULT in rows and RANDOM in rows}
    by_truth = {name: row for name, row in of_default.items() if "_crowd" not in name}
    result: dict[str, object] = {
        "datasets_above": sum(row.get("against_random") == "above" for row in by_truth.values()),
        "datasets_below": sum(row.get("against_random") == "below" for row in by_truth.values()),
    }
    for field, name in (("label_ratio_digits", "digits"), ("label_ratio_longtail", "cifar10_longtail")):
        if name in of_default:
            result[field] = _ratio(of_default[name])
    # Of the model and of all labels. What is agreed is of other pictures with every strategy: shown, not compared.
    crowd = [row["gain"] for name, row in of_default.items() if name.endswith(("_crowd", "_crowd_consensus"))]
    return result | ({"crowd_gain": min(crowd)} if crowd else {})


def _ratio(row: Mapping[str, object]) -> float | None:
    """Of the labels that random was given."""
    needed, curve = row["labels_to_random_final"], row["curve"]
    return None if needed is None else round(float(needed) / float(curve[-1][0]), 3)


def _error(values: NDArray[np.float64]) -> float:
    """The standard error of the mean."""
    return float(values.std(ddof=1) / np.sqrt(len(values))) if len(values) > 1 else 0.0
