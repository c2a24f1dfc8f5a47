"""The grid: three by three tiles, "select every c"."""

from collections.abc import Sequence

import numpy as np

from annotations.challenges import drawing, grading
from annotations.challenges.share import Check
from annotations.challenges.tiles import (
    Answered,
    AnswerError,
    Candidate,
    Composed,
    Graded,
    Keys,
    NotEnough,
    offered_keys,
)

COIN = 0.5  # with seven controls 2^-7 = 0.8% for who doesn't look, 0.97^7 = 81% for who does


class Grid:
    """Each control is a target with probability 1/2, independently, so who doesn't look passes with 2^-n.

    `compose` asks for a class that has as many control targets, and as many control non-targets, as the
    verdict needs: with fewer the coin would not be fair, and selecting nothing would pay.
    """

    name = "grid"
    size = 9
    columns = 3

    def fits(self, keys: Keys) -> bool:
        return len(offered_keys(keys)) >= 2

    def controls_needed(self, n_classes: int, check: Check) -> int:
        if n_classes < 2:
            raise NotEnough("a grid needs at least two classes")
        return check.controls_needed(COIN)

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
        n_controls, n_unknowns = drawing.split(self.size, needed, wanted, len(firm), len(open_))
        target = _pick_target(firm, open_, needed, rng)
        tiles = _flip_for_controls(firm, target, n_controls, rng)
        tiles += _draw_unknowns(open_, target, n_unknowns, rng)
        return Composed(self.name, tuple(drawing.sample(tiles, self.size, rng)), target)

    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """`raw` lists the selected positions, from 0, as integers or numerals; every other tile is a "no"."""
        if composed.target is None:
            raise ValueError("a grid asks for a class")
        selected = _read_positions(raw, len(composed.tiles))
        return tuple(
            Answered(position, "yes" if position in selected else "no", composed.target)
            for position in range(len(composed.tiles))
        )

    def grade(self, composed: Composed, answers: Sequence[Answered]) -> Graded:
        return grading.grade(composed, answers)

    def blind_pass_rate(self, n_controls: int, n_classes: int) -> float:
        """Against a fair coin, selecting with any probability p is right with p/2 + (1 - p)/2 = 1/2."""
        return COIN**n_controls

    def honest_pass_rate(self, n_controls: int, per_tile: float = 0.97) -> float:
        return per_tile**n_controls


def _pick_target(controls: list[Candidate], unknowns: list[Candidate], needed: int, rng: np.random.Generator) -> int:
    """A class that the coin can be fair for; one that the model guesses for an unknown where there is any."""
    sizes = {cls: len(group) for cls, group in drawing.by_class(controls).items()}
    fair = [cls for cls, n in sizes.items() if min(n, len(controls) - n) >= needed]
    if not fair:
        raise NotEnough(f"no class has {needed} controls with {needed} of other classes beside them")
    guessed = [c.guess for c in unknowns if c.guess is not None and c.guess in set(fair)]
    return int(rng.choice(guessed or fair))


def _flip_for_controls(controls: list[Candidate], target: int, n: int, rng: np.random.Generator) -> list[Candidate]:
    # Only controls beyond those that the verdict needs can find their side empty: see _pick_target.
    sides = [[c for c in controls if c.truth != target], [c for c in controls if c.truth == target]]
    return [drawing.take(sides[coin] or sides[1 - coin], rng) for coin in rng.integers(2, size=n).tolist()]


def _draw_unknowns(unknowns: list[Candidate], target: int, n: int, rng: np.random.Generator) -> list[Candidate]:
    # Those guessed to be the target come first: "is it c?" tells most where c is likely, and where the guess
    # is in doubt they are targets about as often as the controls are. The others would be a plain "no" nearly
    # always.
    likely = drawing.sample([c for c in unknowns if c.guess == target], n, rng)
    return likely + drawing.sample([c for c in unknowns if c.guess != target], n - len(likely), rng)


def _read_positions(raw: object, size: int) -> set[int]:
    if not isinstance(raw, list | tuple):
        raise AnswerError("Send the selected tiles as a list of positions.")
    positions = [_read_position(item, size) for item in raw[: size + 1]]
    if len(set(positions)) != len(positions):
        raise AnswerError("A tile is selected twice.")
    return set(positions)


def _read_position(item: object, size: int) -> int:
    # Looked up rather than converted: no true, no 3.0, no numeral of a thousand digits.
    numerals = {str(position): position for position in range(size)}
    position = numerals.get(item) if isinstance(item, str) else item
    if type(position) is not int or not 0 <= position < size:
        raise AnswerError(f"A selected position isn't on the grid: positions are whole numbers from 0 to {size - 1}.")
    return position
