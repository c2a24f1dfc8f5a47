"""Where in a map its largest value is: as a pixel, and in words for those who can't see it."""

import numpy as np

from learning.engine.arrays import Floats

_ROWS, _COLUMNS = ("top", "", "bottom"), ("left", "", "right")


def peak(values: Floats) -> tuple[int, int]:
    """(row, column) of the largest value of an (S, S) map; of several, the one that is nearest to their middle."""
    places = np.argwhere(values == values.max())
    from_middle = np.square(places - places.mean(axis=0)).sum(axis=1)
    row, column = places[from_middle.argmin()].tolist()
    return row, column


def place_of(values: Floats) -> str:
    """The third of the picture that the peak of an (S, S) map is in: “top left”, “right”, “middle”."""
    row, column = peak(values)
    height, width = values.shape
    return f"{_ROWS[3 * row // height]} {_COLUMNS[3 * column // width]}".strip() or "middle"
