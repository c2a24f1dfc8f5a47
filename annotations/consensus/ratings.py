"""What agreement is measured on: at most one answer of a person to a question.

To choose a class is one question an item, with K answers. A yes/no tile is a question of its own for each class: "is
item i of class c?" is the unit (i, c), with the answers no (0) and yes (1); somebody who denies a cat and somebody who
affirms a dog have not been asked the same. So choices and tiles are never pooled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from annotations.consensus.votes import IntArray, Kind, Votes, in_range


@dataclass(frozen=True, eq=False)
class Ratings:
    """N answers, sorted by unit and then by annotator, as three parallel arrays (N,).

    `value` lies below `n_values`. `item` (U,): the item that each of the U units asks about.
    """

    annotator: IntArray
    unit: IntArray
    value: IntArray
    item: IntArray
    n_annotators: int
    n_values: int

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def n_units(self) -> int:
        return len(self.item)


def choices(votes: Votes) -> Ratings:
    """The CHOICE votes: a unit an item, a value a class.

    Somebody who chose twice for one item is heard once, with the later vote in the order of `votes`: people don't
    agree with themselves.
    """
    chosen = votes.select(votes.kind == Kind.CHOICE)
    return _ratings(chosen, chosen.item, chosen.answer, np.arange(votes.n_items), votes.n_classes)


def tiles(votes: Votes, asked: int | None = None) -> Ratings:
    """The YES/NO votes: a unit a pair of item and class asked; values 0 for no, 1 for yes.

    With `asked`, only the question about that class. Of two votes on one tile the later counts. Raises ValueError on a
    class that there is not.
    """
    said = votes.kind != Kind.CHOICE
    if asked is not None:
        in_range("asked", np.array([asked]), 0, votes.n_classes)
        said &= votes.answer == asked
    told = votes.select(said)
    questions, unit = np.unique(told.item * votes.n_classes + told.answer, return_inverse=True)
    return _ratings(told, unit, np.where(told.kind == Kind.YES, 1, 0), questions // votes.n_classes, 2)


def pairs_within(group: IntArray, rows: int = 1_000_000) -> Iterator[tuple[IntArray, IntArray]]:
    """All pairs of positions in one group, as (left, right) with left < right, about `rows` pairs at a time.

    `group` (N,) must be sorted.
    """
    following = np.searchsorted(group, group, side="right") - np.arange(len(group)) - 1
    chunk = np.cumsum(following) // rows
    for start, stop in _spans(chunk):
        count = following[start:stop]
        left = np.repeat(np.arange(start, stop), count)
        step = np.arange(len(left)) - np.repeat(np.cumsum(count) - count, count)
        yield left, left + 1 + step


def thinned(group: IntArray, most: int, rng: np.random.Generator) -> IntArray:
    """Positions that leave at most `most` of each group, chosen at random, in ascending order; `group` is sorted."""
    start = np.searchsorted(group, group)
    if not len(group) or int((np.arange(len(group)) - start).max()) < most:
        return np.arange(len(group))
    shuffled = np.lexsort((rng.random(len(group)), group))
    kept: IntArray = np.sort(shuffled[np.arange(len(group)) - start < most])
    return kept


def _ratings(votes: Votes, unit: IntArray, value: IntArray, item: IntArray, n_values: int) -> Ratings:
    key = unit * votes.n_annotators + votes.annotator
    backwards = len(key) - 1 - np.unique(key[::-1], return_index=True)[1]
    return Ratings(
        annotator=votes.annotator[backwards],
        unit=unit[backwards],
        value=value[backwards],
        item=item,
        n_annotators=votes.n_annotators,
        n_values=n_values,
    )


def _spans(label: IntArray) -> Iterator[tuple[int, int]]:
    """(start, stop) of each stretch of equal labels; `label` is sorted."""
    edges = np.flatnonzero(np.diff(label)) + 1
    bounds = [0, *edges.tolist(), len(label)] if len(label) else [0]
    yield from pairwise(bounds)
