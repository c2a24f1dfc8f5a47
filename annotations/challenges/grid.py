"""The grid: three by three tiles, "select every c", of which there may be none."""

from collections.abc import Sequence

import numpy as np

from annotations.challenges import drawing
from annotations.challenges.kind import Kind
from annotations.challenges.share import Check
from annotations.challenges.tiles import Answered, AnswerError, Candidate, Composed, Keys
from annotations.challenges.words import phrase

NONE = "none"  # the answer that no tile shows it


class Grid(Kind):
    """Each control is a target with probability 1/2, independently, so who doesn't look passes with 2^-n.

    `compose` asks for a class that has as many control targets, and as many control non-targets, as the
    verdict needs: with fewer the coin would not be fair, and selecting nothing would pay.
    """

    name = "grid"
    title = phrase("Choose among nine pictures")
    form = "select"
    size = 9
    columns = 3
    places = 9

    def chance(self, n_classes: int) -> float:
        """A tile that is selected with any probability p is right with p/2 + (1 - p)/2."""
        return 1 / 2

    def compose(
        self,
        controls: Sequence[Candidate],
        unknowns: Sequence[Candidate],
        n_classes: int,
        check: Check,
        rng: np.random.Generator,
    ) -> Composed:
        needed = self.controls_needed(n_classes, check)
        firm, open_ = drawing.distinct(controls, unknowns, n_classes)
        firm, wanted = drawing.foremost(firm, self.size), check.controls_wanted(needed, self.size)
        n_firm = len(firm) - self.references
        n_controls, n_unknowns = drawing.split(self.size, needed, wanted, n_firm, len(open_))
        target = _pick_target(drawing.fair_classes(firm, needed, self.references), open_, rng)
        reference = self._refer(firm, target, rng)
        tiles = _flip_for_controls(firm, target, n_controls, rng)
        # "Is it c?" tells most where c is likely, and where the guess is in doubt they are targets about as often as
        # the controls are. The others would be a plain "no" nearly always.
        tiles += drawing.likely_first(open_, [target], n_unknowns, rng)
        return Composed(self.name, tuple(drawing.sample(tiles, self.size, rng)), target, reference=reference)

    def _refer(self, controls: list[Candidate], target: int, rng: np.random.Generator) -> Candidate | None:
        """A grid names what it asks for. A kind that shows it takes its example from `controls` here."""
        return None

    def prompt(self, composed: Composed, keys: Keys) -> str:
        return phrase("Select every %(name)s", name=keys[_target(composed)][1])

    def say(self, composed: Composed, seen: Sequence[int]) -> object:
        tiles = range(len(composed.tiles))
        return [position for position, cls in zip(tiles, seen, strict=False) if cls == composed.target] or NONE

    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """`raw` lists the selected positions, from 0, as integers or numerals; every other tile is a "no".

        "none", or an empty list, says that no tile shows the class: a "no" for each of them.
        """
        target = _target(composed)
        selected = set() if raw == NONE else _read_positions(raw, len(composed.tiles))
        return tuple(
            Answered(position, "yes" if position in selected else "no", target)
            for position in range(len(composed.tiles))
        )


def _target(composed: Composed) -> int:
    if composed.target is None:
        raise ValueError("a grid asks for a class")
    return composed.target


def _pick_target(fair: list[int], unknowns: list[Candidate], rng: np.random.Generator) -> int:
    """One that the model guesses for an unknown, where there is any; else any that the coin can be fair for."""
    guessed = [c.guess for c in unknowns if c.guess is not None and c.guess in fair]
    return int(rng.choice(guessed or fair))


def _flip_for_controls(controls: list[Candidate], target: int, n: int, rng: np.random.Generator) -> list[Candidate]:
    # Only controls beyond those that the verdict needs can find their side empty: see fair_classes.
    sides = [[c for c in controls if c.truth != target], [c for c in controls if c.truth == target]]
    return [drawing.take(sides[coin] or sides[1 - coin], rng) for coin in rng.integers(2, size=n).tolist()]


def _read_positions(raw: object, size: int) -> set[int]:
    if not isinstance(raw, list | tuple):
        raise AnswerError(phrase("Send the selected tiles as a list of positions, or “none”."))
    positions = [_read_position(item, size) for item in raw[: size + 1]]
    if len(set(positions)) != len(positions):
        raise AnswerError(phrase("A tile is selected twice."))
    return set(positions)


def _read_position(item: object, size: int) -> int:
    # Looked up rather than converted: no true, no 3.0, no numeral of a thousand digits.
    numerals = {str(position): position for position in range(size)}
    position = numerals.get(item) if isinstance(item, str) else item
    if type(position) is not int or not 0 <= position < size:
        raise AnswerError(
            phrase(
                "A selected position isn't on the grid: positions are whole numbers from 0 to %(last)s.", last=size - 1
            )
        )
    return position


KIND: Kind = Grid()
