"""Odd one out: five rows of four pictures, in each of which one may show something else than the others."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from annotations.challenges import drawing
from annotations.challenges.kind import Kind
from annotations.challenges.rows import Row, ask_row, check_row, graded, rows_of, subject
from annotations.challenges.share import Check
from annotations.challenges.tiles import (
    Answered,
    AnswerError,
    Candidate,
    Composed,
    Graded,
    Keys,
    NotEnough,
    Option,
    Question,
)
from annotations.challenges.words import phrase

CLASSES = 4  # that the rows are made of: few, so that “not this one” rules out what the model holds probable
NONE, CANT_TELL = "none", "?"
PLACES = ("1", "2", "3", "4")
PLACE_OF: dict[str | int, int] = {one: at for at, place in enumerate(PLACES) for one in (place, int(place))}


class OddOneOut(Kind):
    """A row that is checked is of controls alone: which is odd, or that none is, is uniform over k = 5 answers.

    In a row that asks, an unknown stands for the picture that may be odd. By what the model takes it for, it is odd as
    often as that of a row that is checked, and among the same classes; so not even a player who knows what the model
    would say can tell the rows apart.
    """

    name = "odd-one-out"
    title = phrase("Find the odd one out in five rows")
    form = "rows"
    size = 20
    columns = 4
    per_question = 4
    weighs_rivals = True
    places = 4
    pointed = "no"

    def chance(self, n_classes: int) -> float:
        """A constant place, “none”, a random answer and any mixture are each right with 1/5; "?" never is."""
        return 1 / (self.per_question + 1)

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
        groups = drawing.by_class(drawing.foremost(firm, self.size))
        rich = [cls for cls, group in groups.items() if len(group) >= self.per_question]
        if len(rich) < 2:
            raise NotEnough(f"there must be two classes with {self.per_question} controls")
        classes = drawing.probable_classes(open_, rich, CLASSES, rng)
        n_firm, wanted = sum(map(len, groups.values())), check.controls_wanted(needed, self.n_questions)
        n_checked, n_asked = drawing.split(self.n_questions, needed, wanted, n_firm // self.per_question, len(open_))
        about = [c.guess for c in open_ if c.guess in classes and c.guess is not None] or classes
        asked: list[Candidate | None] = [*drawing.likely_first(open_, classes, n_asked, rng), *[None] * n_checked]
        rows = [
            check_row(groups, classes, about, rng) if one is None else ask_row(groups, classes, one, rng)
            for one in (asked[i] for i in rng.permutation(self.n_questions))
        ]
        tiles = tuple(tile for row in rows for tile in row.tiles)
        return Composed(self.name, tiles, None, tuple(row.cls for row in rows))

    def checked(self, composed: Composed) -> int:
        return sum(row.is_checked for row in rows_of(composed))

    def prompt(self, composed: Composed, keys: Keys) -> str:
        return phrase(
            "In each row of %(n)s pictures, pick the one that shows something else than the others, by "
            "its number, or none where all show the same, or ? where you can't tell",
            n=self.per_question,
        )

    def questions(self, composed: Composed, keys: Keys) -> Sequence[Question]:
        places = [Option(place, phrase("Picture %(n)s", n=place), place) for place in PLACES]
        options = (*places, Option(NONE, phrase("All the same"), "a"), Option(CANT_TELL, phrase("Can’t tell"), "0"))
        return [Question(phrase("Which shows something else?"), options)] * self.n_questions

    def say(self, composed: Composed, seen: Sequence[int]) -> object:
        starts = range(0, self.size, self.per_question)
        return [_seen_odd(seen[start : start + self.per_question]) for start in starts]

    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """`raw` is a list with an answer a row: the number of the odd picture from 1, "none", or "?".

        Each is about one tile: which was picked, that it isn't of the row's class; where none was, that the subject
        is. Which tile that is doesn't tell what a row is for.
        """
        if not isinstance(raw, list | tuple) or len(raw) != self.n_questions:
            raise AnswerError(
                phrase("Send a list of %(size)s answers, one a row: 1 to 4, none or ?.", size=self.n_questions)
            )
        said = [_read(item) for item in raw]
        return tuple(_answered(row, one) for row, one in zip(rows_of(composed), said, strict=True) if one is not None)

    def grade(self, composed: Composed, answers: Sequence[Answered]) -> Graded:
        return graded(composed, answers)


def _seen_odd(seen: Sequence[int]) -> str:
    """What somebody says who sees these classes in a row: where not just one is odd, that they can't tell."""
    [(cls, n), *_] = Counter(seen).most_common()
    if n == len(seen):
        return NONE
    return PLACES[next(place for place, one in enumerate(seen) if one != cls)] if n == len(seen) - 1 else CANT_TELL


def _read(item: object) -> int | str | None:
    """The place that was picked, from 0; or none; None for somebody who can't tell."""
    said = item.strip().casefold() if isinstance(item, str) else item
    if isinstance(said, str | int) and not isinstance(said, bool) and said in PLACE_OF:
        return PLACE_OF[said]
    if said == NONE:
        return NONE
    if said is None or said == CANT_TELL:
        return None
    raise AnswerError(phrase("Say of each row which picture is odd, from 1 to 4, or none, or ? where you can't tell."))


def _answered(row: Row, said: int | str) -> Answered:
    if isinstance(said, int):
        return Answered(row.start + said, "no", row.cls)
    return Answered(row.start + subject(row), "yes", row.cls)


KIND: Kind = OddOneOut()
