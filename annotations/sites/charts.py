"""From a site's days to the points of a line chart: percent of the plot, from its left and from its top. Pure."""

from collections.abc import Sequence
from typing import Any

from annotations.sites.figures import Day

MOST_TICKS = 5


def days_chart(days: Sequence[Day]) -> dict[str, Any] | None:
    """None where nothing happened on any day."""
    passed, labels = [day.figures.passed for day in days], [day.figures.labels for day in days]
    if not any(passed) and not any(labels):
        return None
    top = ticks_up_to(max(*passed, *labels))[-1]
    return {
        "id": "days",
        "title": "Labels and people who passed, day by day",
        "description": f"{sum(labels):,} labels and {sum(passed):,} passed in {len(days)} days. The most on a day: "
        f"{max(labels):,} labels, {max(passed):,} passed.",
        "y_ticks": [{"y": _from_top(tick, top), "text": f"{tick:,}"} for tick in ticks_up_to(top)],
        "x_ticks": [
            {"x": _from_left(place, days), "text": _said(days[place])} for place in (0, len(days) // 2, len(days) - 1)
        ],
        "lines": [_line("Labels", labels, days, top), _line("Passed", passed, days, top)],
    }


def ticks_up_to(most: int) -> list[int]:
    """A few round whole numbers from 0 to at least the highest."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if step * MOST_TICKS >= most:
                return list(range(0, max(-(-most // step), 1) * step + 1, step))
        size *= 10


def _line(name: str, counts: Sequence[int], days: Sequence[Day], top: int) -> dict[str, Any]:
    points = [
        {
            "x": _from_left(place, days),
            "y": _from_top(count, top),
            "text": f"{_said(days[place])}: {count:,} {name.lower()}" if count else "",
        }
        for place, count in enumerate(counts)
    ]
    return {"name": name, "points": points}


def _from_left(place: int, days: Sequence[Day]) -> float:
    return round(100 * place / max(len(days) - 1, 1), 2)


def _from_top(count: int, top: int) -> float:
    return round(100 * (top - count) / top, 2)


def _said(day: Day) -> str:
    return f"{day.date.day} {day.date:%b}"
