"""From what a person's answers show to what a page draws: a CUSUM's path, and who coincides with whom. Pure.

Places are in the units of the templates' view boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, sin
from typing import Any

import numpy as np

from annotations.consensus.drift import WARM_UP, Drift

POINTS = 200  # of a path: more can't be told apart
MOST_DRAWN = 12  # partners on the circle: the table has all of them
WIDEST, WIDTHS = 8.0, 40.0  # of an edge; and of all around the circle, so that many edges leave gaps
CENTRE, RADIUS = (232.0, 130.0), 90.0  # of 464 × 260: names of 15 letters fit beside it


def drift_plot(one: Drift, *, plot_id: str, asked: str) -> dict[str, Any]:
    """The path in percent of the plot, its top the larger of path and threshold with a tenth to spare."""
    top = 1.1 * max(float(one.path.max(initial=0)), one.threshold)
    n = len(one.path)
    kept = _peaks(one.path)
    return {
        "id": plot_id,
        "title": f"Drift over {n} graded answers: {asked}",
        "text": drift_words(one),
        "path": " ".join(f"{_x(i, n):.2f},{_y(float(one.path[i]), top):.2f}" for i in kept),
        "threshold": round(_y(one.threshold, top), 2),
        "warm_up": round(_x(min(WARM_UP, n) - 1, n), 2),
        "alarm": None
        if one.alarm is None
        else {"x": round(_x(one.alarm, n), 2), "y": round(_y(float(one.path[one.alarm]), top), 2), "at": one.alarm + 1},
        "ticks": [{"x": round(_x(at - 1, n), 2), "text": str(at)} for at in (1, (n + 1) // 2, n)],
    }


def drift_words(one: Drift) -> str:
    n, started = len(one.path), f"They began with {one.baseline:.0%} right at least"
    if one.alarm is None:
        return f"{started}; over {n} answers nothing speaks for a fall to {one.worse:.0%}."
    since = 1 + (one.since or 0)
    return f"{started}; the sum passes its threshold at answer {one.alarm + 1}, after a fall that begins at {since}."


def circle(names: Sequence[str], edges: Sequence[tuple[int, int, float]]) -> dict[str, Any]:
    """People on a circle, the first on top, and edges (place, place, identical wrong answers) as wide as there are.

    The first one's edges come last, to be drawn over the others'.
    """
    places = [_place(index, len(names)) for index in range(len(names))]
    scale = min(WIDEST, WIDTHS / max(len(names), 1)) / max((identical for *_, identical in edges), default=1.0)
    return {
        "nodes": [
            {"x": round(x, 1), "y": round(y, 1), "name": name, "is_self": index == 0, **_label(x, y)}
            for index, (name, (x, y)) in enumerate(zip(names, places, strict=True))
        ],
        "edges": [
            {**_edge(places[a], places[b], identical * scale), "is_own": 0 in (a, b)}
            for a, b, identical in sorted(edges, key=lambda edge: 0 in edge[:2])
        ],
    }


@dataclass(frozen=True)
class Pair:
    """One row of the table beside the circle."""

    pk: int
    name: str
    identical: str
    expected: str
    chance: str


def _edge(one: tuple[float, float], other: tuple[float, float], width: float) -> dict[str, float]:
    (x1, y1), (x2, y2) = one, other
    ends = {"x1": round(x1, 1), "y1": round(y1, 1), "x2": round(x2, 1), "y2": round(y2, 1)}
    return {**ends, "width": round(max(1.0, width), 1)}


def _place(index: int, n: int) -> tuple[float, float]:
    angle = 2 * pi * index / max(n, 1)
    return CENTRE[0] + RADIUS * sin(angle), CENTRE[1] - RADIUS * cos(angle)


def _label(x: float, y: float) -> dict[str, Any]:
    """Outside the circle, away from the edges."""
    side = (x > CENTRE[0] + 1) - (x < CENTRE[0] - 1)
    anchor = {-1: "end", 0: "middle", 1: "start"}[side]
    above = -14 if side == 0 and y < CENTRE[1] else 22 if side == 0 else 4
    return {"anchor": anchor, "label_x": round(x + 12 * side, 1), "label_y": round(y + above, 1)}


def _peaks(path: Any) -> list[int]:
    """At most so many places, in each stretch of the path the highest, and both ends."""
    edges = np.unique(np.linspace(0, len(path), min(POINTS, len(path)) + 1).astype(int))
    highest = [int(a + path[a:b].argmax()) for a, b in pairwise(edges.tolist())]
    return sorted({0, *highest, len(path) - 1})


def _x(index: int, n: int) -> float:
    return 100 * index / max(n - 1, 1)


def _y(value: float, top: float) -> float:
    return 100 * (1 - value / top)
