"""Scores of images in CSV files: what an outside tool says is worth asking about first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from annotations.crowd_columns import BadRows, BadValue, Column, Names
from annotations.crowd_rows import numbers

HEADER = ("image", "score")


@dataclass(frozen=True, eq=False)
class ScoreTable:
    """N scores, the images by their place in `images`, and the line of each, from 1."""

    image: NDArray[np.int64]
    score: NDArray[np.float64]
    line: NDArray[np.int64]
    images: list[str]
    bad: BadRows


class _Scores(dict[str, int]):
    """What a column says → its place in `numbers`."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers: list[float] = []

    def __missing__(self, raw: str) -> int:
        try:
            value = float(raw)
        except ValueError:
            raise BadValue(f"score is {raw.strip()[:40]!r}, which is no number") from None
        if not math.isfinite(value):
            raise BadValue(f"score is {raw.strip()}, by which nothing can be ranked")
        self.numbers.append(value)
        self[raw] = len(self.numbers) - 1
        return self[raw]


def read_scores(path: Path) -> ScoreTable:
    """From columns image (or name) and score (or entropy_value). Of two rows on one image the first holds.

    Raises BadFile.
    """
    bad, images, scores = BadRows(), Names("image"), _Scores()
    columns = [Column(("image", "name"), images), Column(("score", "entropy_value"), scores)]
    table = numbers(path, columns, bad).astype(np.int64)
    values = np.array(scores.numbers)[table[:, 2]] if len(table) else np.zeros(0)
    return _first(table[:, 1], values, table[:, 0], images.names, bad)


def from_pairs(pairs: Sequence[tuple[str, float]]) -> ScoreTable:
    """From (image, finite score); a line is a pair's number, from 1."""
    images = Names("image")
    place = np.array([images[name] for name, _ in pairs], dtype=np.int64)
    return _first(place, np.array([score for _, score in pairs]), np.arange(1, len(pairs) + 1), images.names, BadRows())


def _first(
    image: NDArray[np.int64], score: NDArray[np.float64], line: NDArray[np.int64], images: list[str], bad: BadRows
) -> ScoreTable:
    """Without the rows on an image that was scored further up."""
    _, first = np.unique(image, return_index=True)
    for row in np.setdiff1d(np.arange(len(image)), first).tolist():
        bad.add(int(line[row]), f"image {images[image[row]][:40]!r} has another score further up")
    kept = np.sort(first)
    return ScoreTable(image[kept], score[kept], line[kept], images, bad)
