"""From a version's figures to line charts of shares over shares: how far it can be trusted. Pure."""

from collections.abc import Sequence
from typing import Any

from learning.charts import accuracy_ticks

QUARTERS = (0.0, 0.25, 0.5, 0.75, 1.0)

Point = tuple[float, float, str]  # from the left and from below, as shares, and its tooltip


def coverage_chart(curve: Sequence[dict[str, float]]) -> dict[str, Any] | None:
    """Accuracy over coverage; None for fewer than two points, which no line joins."""
    if len(curve) < 2:
        return None
    points = [(one["coverage"], one["accuracy"], _covered(one)) for one in curve]
    first, last = curve[0], curve[-1]
    return _chart(
        "coverage",
        "Right, by the share of pictures that it names, the surest first",
        f"From {first['accuracy']:.1%} on the surest {first['coverage']:.0%} to {last['accuracy']:.1%} on all.",
        accuracy_ticks([one["accuracy"] for one in curve]),
        [("Right", points)],
    )


def reliability_chart(bins: Sequence[dict[str, float]]) -> dict[str, Any] | None:
    """Accuracy over confidence, beside the line where both are the same; None for fewer than two bins."""
    if len(bins) < 2:
        return None
    points = [(one["confidence"], one["accuracy"], _kept(one)) for one in bins]
    low = min(min(x, y) for x, y, _ in points)
    ticks = accuracy_ticks([low, 1.0])
    worst = max(bins, key=lambda one: abs(one["confidence"] - one["accuracy"]))
    return _chart(
        "reliability",
        "Right, by how sure it is",
        f"Farthest off where it is {worst['confidence']:.0%} sure: it is right on {worst['accuracy']:.0%} there.",
        ticks,
        [("This version", points), ("As sure as it is right", [(ticks[0], ticks[0], ""), (1.0, 1.0, "")])],
        x_ticks=ticks,
    )


def _covered(one: dict[str, float]) -> str:
    return f"{one['accuracy']:.1%} right on the surest {one['coverage']:.0%}, from {one['threshold']:.0%} sure on"


def _kept(one: dict[str, float]) -> str:
    return f"{one['confidence']:.0%} sure, {one['accuracy']:.0%} right, {one['n']:,} pictures"


def _chart(
    chart_id: str,
    title: str,
    description: str,
    y_ticks: Sequence[float],
    lines: Sequence[tuple[str, Sequence[Point]]],
    *,
    x_ticks: Sequence[float] = QUARTERS,
) -> dict[str, Any]:
    def place(point: Point) -> dict[str, Any]:
        x, y, text = point
        return {"x": _percent(x, x_ticks), "y": round(100 - _percent(y, y_ticks), 2), "text": text}

    return {
        "id": chart_id,
        "title": title,
        "description": description,
        "y_ticks": [{"y": round(100 - _percent(tick, y_ticks), 2), "text": f"{tick:.0%}"} for tick in y_ticks],
        "x_ticks": [{"x": _percent(tick, x_ticks), "text": f"{tick:.0%}"} for tick in x_ticks],
        "lines": [{"name": name, "points": [place(point) for point in points]} for name, points in lines],
    }


def _percent(share: float, ticks: Sequence[float]) -> float:
    low, high = ticks[0], ticks[-1]
    return round(100 * (share - low) / (high - low), 2)
