"""Questions without pictures: ask them, and judge the answers once. Nothing here moves anybody's reliability."""

import math
import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import get_language, gettext

from annotations.challenges import patience
from annotations.challenges.tiles import AnswerError
from annotations.challenges.unseen import asking, work
from annotations.models import Annotator, ChallengeState, Unseen, UnseenWay
from annotations.selectors_unseen import questions_of, unseen_verdicts, work_of
from annotations.services.refusals import ChallengeGone, TooManyTries
from annotations.spoken import spoken

LIFETIME = timedelta(hours=24)  # nobody has to hurry: it is a limit of more than twenty hours, as WCAG 2.2.1 has it
WAIT = timedelta(seconds=45)
SEED_BITS = 62  # too many to try them all for the one whose questions these are


class TooEarly(AnswerError):  # noqa: N818
    """Some time has to pass first; the questions stay open. `seconds` are left."""

    def __init__(self, seconds: int) -> None:
        words = gettext("Wait %(wait)s more, then send the same answers again.")
        super().__init__(words % {"wait": spoken(patience.in_words(seconds))})
        self.seconds = seconds


@transaction.atomic
def unseen_issue(
    *, annotator: Annotator, kind: str, way: str, in_place_of: UUID | None = None, beside: int = 0
) -> Unseen:
    """Ask this person, in place of what they were asked before, but for the `beside` latest that it isn't asked
    `in_place_of`. It takes no data set, and who is blocked is asked too: what was stopped are votes, and these are
    none. Raises TooManyTries."""
    _have_patience(annotator)
    mine = Unseen.objects.filter(annotator=annotator, state=ChallengeState.OPEN)
    kept = list(mine.exclude(pk=in_place_of).values_list("pk", flat=True)[:beside])
    mine.exclude(pk__in=kept).update(state=ChallengeState.REPLACED)
    now = timezone.now()
    return Unseen.objects.create(
        annotator=annotator,
        kind=kind,
        way=way,
        language=get_language() or settings.LANGUAGE_CODE,
        seed=secrets.randbits(SEED_BITS),
        issued_at=now,
        opens_at=now + WAIT if way == UnseenWay.WAIT else now,
        expires_at=now + LIFETIME,
    )


def unseen_answer(*, unseen: Unseen, said: object, done: object) -> bool:
    """Judge the answers, once: whether they are all right. `done`: the numbers that prove the work.

    Raises AnswerError while they can't be judged, which tells nothing about them, and leaves the questions open.
    """
    questions = questions_of(unseen)
    places = asking.parse(said, len(questions))
    if (left := (unseen.opens_at - timezone.now()).total_seconds()) > 0:
        raise TooEarly(math.ceil(left))
    if (asked_for := work_of(unseen)) is not None:
        work.check(asked_for, done)
    passed = asking.passed(questions, places)
    _claim(unseen, passed)
    return passed


def is_open(unseen: Unseen) -> bool:
    return bool(unseen.state == ChallengeState.OPEN and unseen.expires_at > timezone.now())


def _claim(unseen: Unseen, passed: bool) -> None:
    """Of two answers that race, the conditional UPDATE lets one through."""
    now = timezone.now()
    mine = Unseen.objects.filter(pk=unseen.pk, state=ChallengeState.OPEN, expires_at__gt=now)
    if not mine.update(state=ChallengeState.PASSED if passed else ChallengeState.FAILED, answered_at=now):
        raise ChallengeGone(gettext("These questions were answered or replaced already."))


def _have_patience(annotator: Annotator) -> None:
    """Failures with pictures don't count here: who fails those because they can't see them isn't made to wait."""
    rows = unseen_verdicts(annotator)
    failed = patience.failed_in_a_row(state == ChallengeState.PASSED for state, _ in rows)
    since = (timezone.now() - rows[0][1]).total_seconds() if rows else 0.0
    if seconds := patience.seconds_left(failed, since):
        raise TooManyTries(seconds)
