"""The words of a challenge: what it is composed of, what was answered, how it was graded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from annotations.challenges.share import Check

AnswerKind = Literal["choice", "yes", "no"]
Keys = Sequence[tuple[str, str]]
"""Per class index: the character that a person types for it ("" where there is none) and its name.

A class that is offered no more keeps its index, and has neither: ("", "").
"""


def offered_keys(keys: Keys) -> Keys:
    """The keys and names that people may choose among, without the classes that are offered no more."""
    return [(key, name) for key, name in keys if name]


class AnswerError(ValueError):
    """A raw answer that can't be read; the message is meant for the person who gave it."""


class NotEnough(ValueError):  # noqa: N818 - a state of the data set rather than a fault
    """There are too few controls (or too few controls and unknowns together) to compose a challenge."""


@dataclass(frozen=True)
class Candidate:
    """An image that may become a tile: a control where `truth` is a class index, an unknown where it is None.

    `guess` is the class that the model finds most probable for an unknown, or None.
    """

    image_id: int
    truth: int | None
    guess: int | None = None


@dataclass(frozen=True)
class Composed:
    """A challenge: its tiles in reading order, and the class it asks for (None: it asks for every class)."""

    kind: str
    tiles: tuple[Candidate, ...]
    target: int | None


@dataclass(frozen=True)
class Answered:
    """What a person said of the tile at `position` (from 0): it is `cls` (choice, yes), or it is not (no)."""

    position: int
    kind: AnswerKind
    cls: int


@dataclass(frozen=True)
class Graded:
    """The verdict, the answers on controls with whether each was right, and the answers on unknowns."""

    passed: bool
    controls: tuple[tuple[Answered, bool], ...]
    votes: tuple[Answered, ...]


class Kind(Protocol):
    """One kind of challenge. `size` tiles are laid out in rows of `columns`."""

    name: str
    size: int
    columns: int

    def fits(self, keys: Keys) -> bool:
        """Whether people can answer this kind for a data set with these classes."""

    def controls_needed(self, n_classes: int, check: Check) -> int:
        """Fewest controls for a verdict about somebody who is checked so closely.

        Raises NotEnough with fewer than two classes: a question with one possible answer tells nothing.
        """

    def compose(
        self,
        controls: Sequence[Candidate],
        unknowns: Sequence[Candidate],
        n_classes: int,
        check: Check,
        rng: np.random.Generator,
    ) -> Composed:
        """Draw a challenge of `size` tiles, no image twice; the same generator state gives the same one.

        `controls` come in the order of preference: of each class the first `size` are drawn from. As many
        become tiles as the verdict needs, or as make up the share of `check`; missing unknowns are made up for
        with more. Raises NotEnough where the controls don't suffice for the verdict.
        """

    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """Read what a client sent. Raises AnswerError. A tile that the person couldn't tell has no answer."""

    def grade(self, composed: Composed, answers: Sequence[Answered]) -> Graded:
        """The verdict from the controls alone, and the votes from the unknowns alone."""

    def blind_pass_rate(self, n_controls: int, n_classes: int) -> float:
        """Probability that the best blind player passes: all, none, any random rate, a constant class."""

    def honest_pass_rate(self, n_controls: int, per_tile: float = 0.97) -> float:
        """Probability that a person who gets each tile right with probability `per_tile` passes."""
