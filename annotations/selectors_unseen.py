"""Reads about the questions without pictures: what was asked, and how often somebody failed."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np

from annotations.challenges import patience
from annotations.challenges.unseen import riddles, sounds
from annotations.challenges.unseen.asking import Asked, Compose, questions_needed
from annotations.challenges.unseen.languages import lexicon_of
from annotations.challenges.unseen.work import BITS, Work
from annotations.models import Annotator, ChallengeState, Unseen, UnseenKind, UnseenWay
from annotations.selectors import faces_of

Verdicts = list[tuple[str, datetime]]
"""Passed or failed and when, the latest first."""


def compose_of(unseen: Unseen) -> Compose:
    """Sounds are translated where they are shown; riddles are made of the words of one language from the start."""
    if unseen.kind == UnseenKind.SOUND:
        return sounds.compose
    return partial(riddles.compose, words=lexicon_of(unseen.language))


def questions_of(unseen: Unseen) -> list[Asked]:
    """The same each time they are read: they are a function of the row."""
    return compose_of(unseen)(questions_needed(unseen.way), np.random.default_rng(unseen.seed))


def sound_of(unseen: Unseen, place: int) -> bytes:
    """What the question at this place lets somebody hear. Raises LookupError where there is nothing to hear."""
    if (name := questions_of(unseen)[place].sound) is None:
        raise LookupError(f"question {place} is not about a sound")
    return sounds.wav(name, seed=unseen.seed ^ place + 1)


def work_of(unseen: Unseen) -> Work | None:
    """Bound to these questions by their id, and so to the one person who may answer them, once."""
    return Work(unseen.id.hex, BITS) if unseen.way == UnseenWay.WORK else None


def unseen_verdicts(annotator: Annotator) -> Verdicts:
    graded = Unseen.objects.filter(annotator__in=faces_of(annotator), answered_at__isnull=False)
    return list(graded.order_by("-answered_at").values_list("state", "answered_at")[: patience.MOST_LOOKED_AT])


def with_unseen_failures(verdicts: Sequence[tuple[Any, ...]], annotator: Annotator) -> Verdicts:
    """Failures without pictures count beside those with them, once there is one of those: who has failed none with
    pictures isn't held up, nor looked up. That somebody passes without pictures doesn't end a row of failures with
    them: else it would pay to look for controls by trial, and to answer a riddle in between."""
    if not verdicts or verdicts[0][0] == ChallengeState.PASSED:
        return [(state, at) for state, at in verdicts if at is not None]
    failed = [row for row in unseen_verdicts(annotator) if row[0] == ChallengeState.FAILED]
    known = [(state, at) for state, at in verdicts if at is not None]
    return sorted([*known, *failed], key=lambda row: row[1], reverse=True)[: patience.MOST_LOOKED_AT]
