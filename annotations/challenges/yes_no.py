"""Yes or no: one picture and one class at a time, ten of them in a row."""

from collections.abc import Sequence

import numpy as np

from annotations.challenges import drawing
from annotations.challenges.kind import Kind
from annotations.challenges.share import Check
from annotations.challenges.tiles import Answered, AnswerError, AnswerKind, Candidate, Composed, Keys, Option, Question
from annotations.challenges.words import phrase

CANT_TELL = "?"
ANSWERS = (
    Option("yes", phrase("Yes"), "y"),
    Option("no", phrase("No"), "n"),
    Option(CANT_TELL, phrase("Can’t tell"), "0"),
)
Asked = tuple[Candidate, int]  # a tile and the class that it is asked about


class YesNo(Kind):
    """Each control shows the class that it is asked about with probability 1/2, independently: 2^-n without looking.

    The classes asked about are those that the model takes the unknowns for; controls draw theirs from the same, so
    that a question doesn't tell what it is for. Only classes are asked about for which the coin can be fair.
    """

    name = "yes-no"
    title = phrase("Say yes or no to ten pictures")
    form = "series"
    size = 10
    columns = 5

    def chance(self, n_classes: int) -> float:
        """Yes with any probability p is right with p/2 + (1 - p)/2; no answer never is."""
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
        n_controls, n_unknowns = drawing.split(self.size, needed, wanted, len(firm), len(open_))
        fair = drawing.fair_classes(firm, needed)
        about = [c.guess for c in open_ if c.guess is not None and c.guess in fair] or fair
        asked = [_toss(firm, int(cls), rng) for cls in rng.choice(about, size=n_controls)]
        asked += [_ask(unknown, about, rng) for unknown in drawing.likely_first(open_, about, n_unknowns, rng)]
        asked = [asked[i] for i in rng.permutation(self.size)]
        return Composed(self.name, tuple(tile for tile, _ in asked), None, tuple(cls for _, cls in asked))

    def prompt(self, composed: Composed, keys: Keys) -> str:
        size = len(composed.tiles)
        return phrase("Say yes or no to each of the %(size)s questions, or ? where you can't tell", size=size)

    def questions(self, composed: Composed, keys: Keys) -> Sequence[Question]:
        return [Question(phrase("Does it show %(name)s?", name=keys[cls][1]), ANSWERS) for cls in composed.asked]

    def say(self, composed: Composed, seen: Sequence[int]) -> object:
        return ["yes" if cls == asked else "no" for cls, asked in zip(seen, composed.asked, strict=True)]

    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """`raw` is a list with "yes", "no" or "?" a tile; "?" answers nothing."""
        size = len(composed.tiles)
        if not isinstance(raw, list | tuple) or len(raw) != size:
            raise AnswerError(phrase("Send a list of %(size)s answers, one a picture: yes, no or ?.", size=size))
        said = [_read(item) for item in raw]
        return tuple(Answered(i, kind, composed.asked[i]) for i, kind in enumerate(said) if kind is not None)


def _toss(controls: list[Candidate], cls: int, rng: np.random.Generator) -> Asked:
    """A control, removed from `controls`, that shows `cls` or does not, each with probability 1/2."""
    sides = [[c for c in controls if c.truth != cls], [c for c in controls if c.truth == cls]]
    coin = int(rng.integers(2))
    # Only controls beyond those that the verdict needs can find their side empty: see fair_classes.
    control = drawing.take(sides[coin] or sides[1 - coin], rng)
    controls.remove(control)
    return control, cls


def _ask(unknown: Candidate, about: Sequence[int], rng: np.random.Generator) -> Asked:
    """Whether it is what the model takes it for; where controls aren't asked about that, any class that they are."""
    guess = unknown.guess
    return unknown, guess if guess is not None and guess in about else int(rng.choice(about))


def _read(item: object) -> AnswerKind | None:
    said = item.strip().casefold() if isinstance(item, str) else item
    if said == "yes":
        return "yes"
    if said == "no":
        return "no"
    if said is None or said == CANT_TELL:
        return None
    raise AnswerError(phrase("Say yes or no to each picture, or ? where you can't tell."))


KIND: Kind = YesNo()
