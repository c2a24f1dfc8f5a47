"""From versions to the points of a line chart: percent of the plot, from its left and from its top. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25)  # between two lines of the accuracy axis
MOST_TICKS = 6


@dataclass(frozen=True)
class Point:
    """A version: what it learned from, how often it is right (a share), and its tooltip."""

    labels: int
    accuracy: float
    text: str


def accuracy_chart(points: Sequence[Point], *, chart_id: str = "accuracy") -> dict[str, Any] | None:
    """Accuracy over labels; None for fewer than two versions, which no line joins."""
    if len(points) < 2:
        return None
    ordered = sorted(points, key=lambda point: point.labels)
    ticks = accuracy_ticks([point.accuracy for point in ordered])
    first, last = ordered[0], ordered[-1]
    return {
        "id": chart_id,
        "title": "Accuracy by the number of labelled pictures",
        "description": f"From {first.accuracy:.1%} with {first.labels:,} labels to {last.accuracy:.1%} with "
        f"{last.labels:,}.",
        "y_ticks": [{"y": _from_top(tick, ticks), "text": f"{tick:.0%}"} for tick in ticks],
        "x_ticks": _label_ticks(first.labels, last.labels),
        "lines": [
            {
                "name": "Accuracy",
                "points": [
                    {
                        "x": _from_left(point.labels, first.labels, last.labels),
                        "y": _from_top(point.accuracy, ticks),
                        "text": point.text,
                    }
                    for point in ordered
                ],
            }
        ],
    }


def accuracy_ticks(shares: Sequence[float]) -> list[float]:
    """A few round shares in rising order, from at most the lowest to at least the highest; never beyond 0 and 1."""
    step = next((s for s in STEPS if _count(shares, s) <= MOST_TICKS), STEPS[-1])
    low = math.floor(round(min(shares) / step, 6))
    high = max(math.ceil(round(max(shares) / step, 6)), low + 1)
    if high * step > 1:
        low, high = low - 1, high - 1
    return [round(step * n, 4) for n in range(max(low, 0), high + 1)]


def _count(shares: Sequence[float], step: float) -> int:
    return math.ceil(max(shares) / step) - math.floor(min(shares) / step) + 1


def _label_ticks(low: int, high: int) -> list[dict[str, Any]]:
    """The ends and the middle; one tick where all versions learned from as much."""
    shown = [low] if low == high else sorted({low, (low + high) // 2, high})
    return [{"x": _from_left(n, low, high), "text": f"{n:,}"} for n in shown]


def _from_left(labels: int, low: int, high: int) -> float:
    return 50.0 if low == high else round(100 * (labels - low) / (high - low), 2)


def _from_top(share: float, ticks: Sequence[float]) -> float:
    low, high = ticks[0], ticks[-1]
    return round(100 * (high - share) / (high - low), 2)
