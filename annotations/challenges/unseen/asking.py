"""Questions without pictures: composed from a seed, read and graded. The verdict takes every answer to be right."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from annotations.challenges.share import STRANGER
from annotations.challenges.tiles import AnswerError, Option, Question
from annotations.challenges.words import counted, phrase

Way = Literal["work", "wait"]
"""What stands beside the questions: work that the browser does, or time that passes where it runs no scripts."""

OPTIONS = 4
BLIND = 1 / OPTIONS  # the right one is equally probable at each place, so any way of guessing is right so often
HUMAN_FLOOR = 0.8  # of people who are right in 97% of questions, so many must pass at least
PER_QUESTION = 0.97


@dataclass(frozen=True)
class Asked:
    """A question with the place of its right option. `sound`: what is listened to, where it is about a sound."""

    question: Question
    right: int
    sound: str | None = None


Compose = Callable[[int, np.random.Generator], list[Asked]]
"""So many different questions, drawn by a generator."""


def asked(
    question: str, right: str, others: Sequence[str], rng: np.random.Generator, sound: str | None = None
) -> Asked:
    """A question whose options stand in random order. An option is sent as its place."""
    labels = [right, *others]
    order = rng.permutation(len(labels))
    options = tuple(Option(str(place), labels[i], "") for place, i in enumerate(order))
    return Asked(Question(question, options), int(np.flatnonzero(order == 0)[0]), sound)


def questions_needed(way: Way) -> int:
    """As many as a stranger's verdict takes; where no work is done, as many as people can be expected to answer."""
    if way == "work":
        return STRANGER.controls_needed(BLIND)
    return max(n for n in range(1, 20) if honest_pass_rate(n) >= HUMAN_FLOOR)


def blind_pass_rate(n: int) -> float:
    """Probability that somebody passes who chooses without having heard or read."""
    return BLIND**n


def honest_pass_rate(n: int, per_question: float = PER_QUESTION) -> float:
    return per_question**n


def parse(raw: object, n: int) -> tuple[int, ...]:
    """The place that was chosen for each of n questions. Raises AnswerError for anything else."""
    if not isinstance(raw, list) or len(raw) != n:
        raise AnswerError(phrase("Send a list of %(size)s answers, one a question.", size=n))
    if missing := unanswered(raw):
        places = ", ".join(str(place + 1) for place in missing)
        raise AnswerError(
            counted(
                "Answer every question: %(places)s is still open.",
                "Answer every question: %(places)s are still open.",
                len(missing),
                places=places,
            )
        )
    known = {str(place): place for place in range(OPTIONS)}
    if unknown := [one for one in raw if str(one) not in known]:
        said = str(unknown[0])[:20]
        raise AnswerError(
            phrase("“%(said)s” is none of the options, which are sent as 0 to %(last)s.", said=said, last=OPTIONS - 1)
        )
    return tuple(known[str(one)] for one in raw)


def unanswered(raw: Sequence[object]) -> list[int]:
    return [place for place, one in enumerate(raw) if one is None or one == ""]


def passed(questions: Sequence[Asked], said: Sequence[int]) -> bool:
    return [question.right for question in questions] == list(said)
