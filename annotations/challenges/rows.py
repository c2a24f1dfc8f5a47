"""Rows of pictures of one class, but perhaps one: how they are drawn, and what an answer to one is worth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from annotations.challenges import drawing, grading
from annotations.challenges.tiles import Answered, Candidate, Composed, Graded, NotEnough

IN_A_ROW = 4
SAME = 1 / (IN_A_ROW + 1)  # probability that all show the same: each place is odd as often as none is
Groups = Mapping[int, list[Candidate]]  # controls that are left, by class


@dataclass(frozen=True)
class Row:
    """The tiles from position `start` on, and the class that all show but perhaps one."""

    start: int
    tiles: tuple[Candidate, ...]
    cls: int

    @property
    def is_checked(self) -> bool:
        return all(tile.truth is not None for tile in self.tiles)


def rows_of(composed: Composed) -> list[Row]:
    starts = range(0, len(composed.tiles), IN_A_ROW)
    return [
        Row(start, composed.tiles[start : start + IN_A_ROW], cls)
        for start, cls in zip(starts, composed.asked, strict=True)
    ]


def check_row(groups: Groups, classes: Sequence[int], about: Sequence[int], rng: np.random.Generator) -> Row:
    """Of controls alone; the one that may be odd shows one of the classes that unknowns are taken for.

    Raises NotEnough where not every answer could be the right one: so what is left never moves the odds.
    """
    left = _left(groups, classes)
    one = int(rng.choice([cls for cls in about if cls in left] or left))
    cls = _class_beside(one, left, rng)
    return _row(groups, drawing.take(groups[one], rng), cls, rng)


def ask_row(groups: Groups, classes: Sequence[int], unknown: Candidate, rng: np.random.Generator) -> Row:
    return _row(groups, unknown, _class_beside(unknown.guess, _left(groups, classes), rng), rng)


def _left(groups: Groups, classes: Sequence[int]) -> list[int]:
    rich = [cls for cls, group in groups.items() if len(group) >= IN_A_ROW]
    # Of any class where these have run short: neither depends on what the row is for.
    left = [cls for cls in classes if cls in rich]
    left = left if len(left) >= 2 else rich
    if len(left) < 2:
        raise NotEnough(f"fewer than two classes have {IN_A_ROW} controls for a row")
    return left


def _class_beside(one: int | None, left: Sequence[int], rng: np.random.Generator) -> int:
    """The class of the others in the row: that of this `one` as often as each place is to be odd."""
    if one is not None and one in left and rng.random() < SAME:
        return one
    return int(rng.choice([cls for cls in left if cls != one]))


def _row(groups: Groups, one: Candidate, cls: int, rng: np.random.Generator) -> Row:
    tiles = [one, *(drawing.take(groups[cls], rng) for _ in range(IN_A_ROW - 1))]
    return Row(0, tuple(drawing.sample(tiles, IN_A_ROW, rng)), cls)


def subject(row: Row) -> int:
    """Which place in the row it is about, where nobody is picked: the unknown, or the odd one, or just any.

    Any is the picture with the lowest id, which stands where chance has put it.
    """
    places = range(len(row.tiles))
    odd = [place for place in places if row.tiles[place].truth != row.cls]
    return odd[0] if odd else min(places, key=lambda place: row.tiles[place].image_id)


def graded(composed: Composed, answers: Sequence[Answered]) -> Graded:
    """All rows of controls alone must be answered rightly. In a row that asks, who picks a control was wrong about it,
    which is recorded, votes for nothing, and leaves the verdict alone: that is as strict as the odds say."""
    all_of_them = grading.grade(composed, answers)
    right = {answer.position // IN_A_ROW for answer, is_right in all_of_them.controls if is_right}
    checked = {row.start // IN_A_ROW for row in rows_of(composed) if row.is_checked}
    return Graded(bool(checked) and checked <= right, all_of_them.controls, all_of_them.votes)
