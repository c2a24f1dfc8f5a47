"""The one currency of truth inference: who answered what about which item, and what was made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

UNKNOWN = -1


class Kind(IntEnum):
    """What a vote for class c says."""

    CHOICE = 0  # names class c, out of all of them
    YES = 1  # asked whether it is c: it is
    NO = 2  # asked whether it is c: it is not


@dataclass(frozen=True, eq=False)
class Votes:
    """N votes of A annotators on I items with K classes, as four parallel arrays of shape (N,).

    `answer` is the class that the vote is about and `kind` what it says of that class (see `Kind`). Whoever
    votes twice on an item is counted twice: which of a person's votes count is the caller's decision. Raises
    ValueError on unequal lengths, on values that are not whole numbers, and on any outside its range.
    """

    annotator: IntArray
    item: IntArray
    answer: IntArray
    kind: IntArray
    n_annotators: int
    n_items: int
    n_classes: int

    def __post_init__(self) -> None:
        if self.n_annotators < 0 or self.n_items < 0 or self.n_classes < 1:
            raise ValueError("there must be at least one class, and no negative number of annotators or items")
        limits = {
            "annotator": self.n_annotators,
            "item": self.n_items,
            "answer": self.n_classes,
            "kind": len(Kind),
        }
        for name, limit in limits.items():
            values = whole_numbers(name, getattr(self, name))
            in_range(name, values, 0, limit)
            object.__setattr__(self, name, values)
        if len({len(getattr(self, name)) for name in limits}) > 1:
            raise ValueError("annotator, item, answer and kind must have one length")

    @classmethod
    def of(
        cls,
        annotator: npt.ArrayLike,
        item: npt.ArrayLike,
        answer: npt.ArrayLike,
        kind: npt.ArrayLike = Kind.CHOICE,
        *,
        n_annotators: int | None = None,
        n_items: int | None = None,
        n_classes: int | None = None,
    ) -> Votes:
        """Votes from any sequences; one `kind` may stand for all, and a size left out is the largest value +
        1."""
        people = whole_numbers("annotator", annotator)
        items = whole_numbers("item", item)
        answers = whole_numbers("answer", answer)
        kinds = np.asarray(kind)
        return cls(
            annotator=people,
            item=items,
            answer=answers,
            kind=whole_numbers("kind", np.full(len(items), kind) if kinds.ndim == 0 else kinds),
            n_annotators=_size(people) if n_annotators is None else n_annotators,
            n_items=_size(items) if n_items is None else n_items,
            n_classes=max(1, _size(answers)) if n_classes is None else n_classes,
        )

    def __len__(self) -> int:
        return len(self.item)

    def select(self, mask: npt.ArrayLike) -> Votes:
        """The votes that a boolean mask (N,) or an index array picks; the sizes A, I and K stay."""
        at = np.asarray(mask)
        return Votes(
            annotator=self.annotator[at],
            item=self.item[at],
            answer=self.answer[at],
            kind=self.kind[at],
            n_annotators=self.n_annotators,
            n_items=self.n_items,
            n_classes=self.n_classes,
        )

    def known(self, clamped: npt.ArrayLike | None) -> IntArray:
        """The true class of each item (I,), `UNKNOWN` where it is not given; ValueError if it doesn't fit."""
        if clamped is None:
            return np.full(self.n_items, UNKNOWN, dtype=np.int64)
        truth = whole_numbers("clamped", clamped)
        if len(truth) != self.n_items:
            raise ValueError(f"clamped must have one entry an item: {self.n_items}, not {len(truth)}")
        in_range("clamped", truth, UNKNOWN, self.n_classes)
        return truth

    def say(self, weights: npt.ArrayLike | None) -> FloatArray:
        """How much each annotator's word counts (A,), in [0, 1], 1 if not given; ValueError if it doesn't
        fit."""
        if weights is None:
            return np.ones(self.n_annotators)
        say = np.asarray(weights, dtype=np.float64)
        if say.shape != (self.n_annotators,):
            raise ValueError(f"weights must have one entry an annotator: {self.n_annotators}, not {say.shape}")
        if not bool(np.all((say >= 0) & (say <= 1))):
            raise ValueError("weights must lie in [0, 1]")
        return say


@dataclass(frozen=True, eq=False)
class Fit:
    """What a method made of the votes.

    `posterior` (I, K): belief in each item's class. `prior` (K,): share of each class. `accuracy` (A,): how often
    each annotator is right, as the method sees it. `parameters`: what else it learned, by the name that its paper
    uses; the first axis is the annotators', or the items' for a difficulty. `log_likelihood`: of the votes (or what
    the method climbs instead, where its docstring says so), one a round, in nats. `converged`: it stopped by itself.
    """

    posterior: FloatArray
    prior: FloatArray
    accuracy: FloatArray
    log_likelihood: tuple[float, ...]
    converged: bool
    parameters: Mapping[str, FloatArray] = field(default_factory=dict)

    @property
    def labels(self) -> IntArray:
        """The likeliest class of each item (I,); the lowest of equals."""
        best: IntArray = self.posterior.argmax(axis=1).astype(np.int64)
        return best

    @property
    def confidence(self) -> FloatArray:
        """The belief in that class (I,), from 1/K to 1."""
        best: FloatArray = self.posterior.max(axis=1)
        return best


def whole_numbers(name: str, values: npt.ArrayLike) -> IntArray:
    """One-dimensional int64 array of `values`; ValueError if any is not a whole number (NaN is none)."""
    array: npt.NDArray[Any] = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional, not of shape {array.shape}")
    if array.size == 0:
        return np.zeros(0, dtype=np.int64)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} must hold whole numbers, not {array.dtype}")
    if array.dtype.kind == "f" and not bool(np.all(np.isfinite(array) & (array == np.floor(array)))):
        raise ValueError(f"{name} must hold whole numbers, without NaN")
    return array.astype(np.int64)


def in_range(name: str, values: IntArray, lowest: int, limit: int) -> None:
    """ValueError unless lowest <= values < limit."""
    if values.size and (values.min() < lowest or values.max() >= limit):
        raise ValueError(f"{name} must lie in [{lowest}, {limit - 1}], not [{values.min()}, {values.max()}]")


def _size(values: IntArray) -> int:
    return int(values.max()) + 1 if values.size else 0
