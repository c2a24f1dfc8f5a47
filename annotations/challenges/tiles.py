"""The words of a challenge: what it is composed of, what was answered, how it was graded."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

AnswerKind = Literal["choice", "yes", "no"]
Form = Literal["select", "name", "series", "rows"]
"""How a person answers: by selecting tiles, by naming each of them, by a question a tile, or a question a row."""
Keys = Sequence[tuple[str, str]]
"""Per class index: the character that a person types for it ("" where there is none) and its name.

A class that is offered no more keeps its index, and has neither: ("", "").
"""


def offered_keys(keys: Keys) -> Keys:
    """The keys and names that people may choose among, without the classes that are offered no more."""
    return [(key, name) for key, name in keys if name]


class AnswerError(ValueError):
    """A raw answer that can't be read; the message, a `phrase`, is meant for the person who gave it."""


class NotEnough(ValueError):  # noqa: N818 - a state of the data set rather than a fault
    """There are too few controls (or too few controls and unknowns together) to compose a challenge."""


@dataclass(frozen=True)
class Candidate:
    """An image that may become a tile: a control where `truth` is a class index, an unknown where it is None.

    `guess` is the class that the model finds most probable for an unknown, or None, and `confidence` how probable;
    `likely` are the classes by their probability, the first first, where that is known.
    """

    image_id: int
    truth: int | None
    guess: int | None = None
    likely: tuple[int, ...] = ()
    confidence: float = 0.0


@dataclass(frozen=True)
class Composed:
    """A challenge: its tiles in reading order, and the class it asks for (None: it asks for more than one).

    `asked` are further classes that its questions are about, as its kind reads them. `reference` is a control that is
    shown beside the tiles, as an example of what is asked for: nobody is asked about it, and nothing is graded by it.
    """

    kind: str
    tiles: tuple[Candidate, ...]
    target: int | None
    asked: tuple[int, ...] = ()
    reference: Candidate | None = None

    @property
    def shown(self) -> tuple[Candidate, ...]:
        """Every picture, in the order of the sprite: the tiles, and after them the reference."""
        return self.tiles if self.reference is None else (*self.tiles, self.reference)


@dataclass(frozen=True)
class Option:
    """One answer to a question: what is sent, what it is called, and the key that gives it."""

    value: str
    label: str
    key: str


@dataclass(frozen=True)
class Question:
    """What is asked about one tile of a series, or about one row."""

    asks: str
    options: tuple[Option, ...]


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
