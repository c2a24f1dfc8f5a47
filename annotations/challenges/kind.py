"""What a kind of challenge is, and what a verdict by any of them is worth."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from annotations.challenges import grading
from annotations.challenges.share import Check
from annotations.challenges.tiles import (
    Answered,
    AnswerKind,
    Candidate,
    Composed,
    Form,
    Graded,
    Keys,
    NotEnough,
    Question,
    offered_keys,
)
from annotations.challenges.words import phrase


class Kind(ABC):
    """One kind of challenge. `size` tiles are laid out in rows of `columns`.

    `title` says what is to be done to whoever chooses among kinds, `form` how it is answered. A question is about
    `per_question` tiles, and `references` pictures beside the tiles show what is meant.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    form: ClassVar[Form]
    size: ClassVar[int]
    columns: ClassVar[int]
    per_question: ClassVar[int] = 1
    references: ClassVar[int] = 0
    weighs_rivals: ClassVar[bool] = False  # it composes better where the first unknown comes with its `likely` classes
    for_known: ClassVar[bool] = False  # asked of nobody else: a stranger's verdict takes more questions than it has
    places: ClassVar[int] = 0  # among which an answer points at one, each as often right as another; 0: it doesn't
    pointed: ClassVar[AnswerKind] = "yes"  # what is said of the tile that is pointed at

    @property
    def n_questions(self) -> int:
        return self.size // self.per_question

    def misfit(self, keys: Keys) -> str:
        """Why people can't answer this kind for a data set with these classes; empty where they can."""
        return "" if len(offered_keys(keys)) >= 2 else phrase("A question takes two classes at least.")

    @abstractmethod
    def chance(self, n_classes: int) -> float:
        """Probability that the best player who doesn't look is right in a question that counts: all, none, any random
        rate, a constant answer."""

    def controls_needed(self, n_classes: int, check: Check) -> int:
        """Fewest questions with a known answer for a verdict about somebody who is checked so closely.

        Raises NotEnough with fewer than two classes: a question with one possible answer tells nothing.
        """
        if n_classes < 2:
            raise NotEnough("a question needs at least two classes")
        return check.controls_needed(self.chance(n_classes))

    def blind_pass_rate(self, n_controls: int, n_classes: int) -> float:
        """Probability that the best blind player passes: controls are independent of each other."""
        return self.chance(n_classes) ** n_controls

    def honest_pass_rate(self, n_controls: int, per_question: float = 0.97) -> float:
        """Probability that a person passes who gets each question right with probability `per_question`."""
        return per_question**n_controls

    @abstractmethod
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
        questions have a known answer as the verdict needs, or as make up the share of `check`; missing unknowns are
        made up for with more. Raises NotEnough where the controls don't suffice for the verdict.
        """

    def checked(self, composed: Composed) -> int:
        """Questions with a known answer: those that the verdict goes by."""
        return sum(tile.truth is not None for tile in composed.tiles)

    @abstractmethod
    def prompt(self, composed: Composed, keys: Keys) -> str:
        """What is asked, in words for a client that draws its own page."""

    def questions(self, composed: Composed, keys: Keys) -> Sequence[Question]:
        """What is asked one by one; nothing in forms without questions. Whether a tile is a control has no part in
        it."""
        return []

    @abstractmethod
    def say(self, composed: Composed, seen: Sequence[int]) -> object:
        """The raw answer of somebody who takes the tile at each position for the class `seen` there."""

    @abstractmethod
    def parse(self, raw: object, composed: Composed, keys: Keys) -> tuple[Answered, ...]:
        """Read what a client sent. Raises AnswerError. What the person couldn't tell has no answer."""

    def grade(self, composed: Composed, answers: Sequence[Answered]) -> Graded:
        """The verdict from the controls alone, and the votes from the unknowns alone."""
        return grading.grade(composed, answers)
