"""From counts to the parts that pages draw: a confusion matrix, an interval, a histogram. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

MOST_CLASSES = 30  # more columns than this can't be read
BINS = (
    (0, 2, "under 2 s"),
    (2, 5, "2–5 s"),
    (5, 10, "5–10 s"),
    (10, 20, "10–20 s"),
    (20, 40, "20–40 s"),
    (40, 121, "over 40 s"),
)


@dataclass(frozen=True)
class Interval:
    """Shares as whole percents, from `low` over `mean` to `high`."""

    low: int
    mean: int
    high: int

    @property
    def width(self) -> int:
        return max(1, self.high - self.low)


def interval(low: float, mean: float, high: float) -> Interval:
    return Interval(round(100 * low), round(100 * mean), round(100 * high))


def confusion(
    counts: Sequence[Sequence[float]], names: Sequence[str], *, matrix_id: str, caption: str
) -> dict[str, Any]:
    """The component's matrix from (K, K) counts, row the true class; with many classes only those with mistakes."""
    kept = _most_confused(counts)
    worst = max((counts[t][j] for t in kept for j in kept if t != j), default=0)
    decimals = 0 if all(float(round(counts[t][j], 1)).is_integer() for t in kept for j in kept) else 1
    rows = [{"name": names[t], "cells": [_cell(counts, t, j, worst, decimals) for j in kept]} for t in kept]
    return {"id": matrix_id, "caption": caption, "columns": [names[j] for j in kept], "rows": rows}


def _cell(counts: Sequence[Sequence[float]], t: int, j: int, worst: float, decimals: int) -> dict[str, Any]:
    whole, count = sum(counts[t]) if t == j else worst, counts[t][j]
    return {
        "count": f"{count:.{decimals}f}" if count >= 0.05 else "",
        "shade": round(10 * count / whole) if whole else 0,
        "is_diagonal": t == j,
    }


def _most_confused(counts: Sequence[Sequence[float]]) -> list[int]:
    """All classes in their order, or the ones with the most mistakes, as true class or as answer."""
    size = len(counts)
    mistakes = [sum(counts[c]) + sum(row[c] for row in counts) - 2 * counts[c][c] for c in range(size)]
    return sorted(sorted(range(size), key=lambda c: -mistakes[c])[:MOST_CLASSES])


def dense(sparse: dict[str, float], n_classes: int) -> list[list[float]]:
    """A reliability's {"true,answered": count} as (K, K), without classes that are no more and what a "no" hid."""
    counts = [[0.0] * n_classes for _ in range(n_classes)]
    for cell, count in sparse.items():
        t, j = (int(index) for index in cell.split(","))
        if t < n_classes and 0 <= j < n_classes:
            counts[t][j] = count
    return counts


def answer_times(seconds: Sequence[float]) -> dict[str, Any] | None:
    """Bars of how long answers took, with their median in the title; None without answers."""
    if not seconds:
        return None
    counts = [sum(low <= s < high for s in seconds) for low, high, _ in BINS]
    return {
        "title": f"Seconds a challenge took; half took under {median(seconds):.1f}",
        "rows": [
            {
                "name": name,
                "percent": round(100 * count / max(counts)) if max(counts) else 0,
                "text": str(count),
                "attention": high <= 2 and count > 0,
            }
            for (_, high, name), count in zip(BINS, counts, strict=True)
        ],
    }


def share_bars(title: str, shares: Sequence[float], names: Sequence[str], *, most: int = 5) -> dict[str, Any]:
    """The most probable classes as bars."""
    order = sorted(range(len(shares)), key=lambda c: -shares[c])[:most]
    rows = [
        {"name": names[c], "percent": round(100 * shares[c]), "text": f"{shares[c]:.0%}"}
        for c in order
        if shares[c] >= 0.005
    ]
    return {"title": title, "rows": rows}
