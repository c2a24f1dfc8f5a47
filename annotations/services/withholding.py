"""A verdict that is told one step later than the answer: as long as it isn't, the answer may be changed."""

from dataclasses import dataclass

from django.db import transaction

from annotations.models import Annotator, Challenge, WithheldVerdict
from annotations.selectors import faces_of
from annotations.services.streaks import streak_count


@dataclass(frozen=True)
class Told:
    """The verdict on one challenge: its state, and how many votes it first brought."""

    state: str
    votes: int


def verdict_withhold(*, challenge: Challenge, raw: object, votes: int) -> None:
    """Inside the answer's transaction."""
    WithheldVerdict.objects.create(challenge=challenge, annotator_id=challenge.annotator_id, raw=raw, votes=votes)


def verdicts_tell(*, annotator: Annotator, but: Challenge | None = None) -> list[Told]:
    """Tell this person what came of their answers, the first first; from then on they stand as they are. `but`: the
    one that is still to be told."""
    waiting = WithheldVerdict.objects.filter(annotator__in=faces_of(annotator)).select_related("challenge__annotator")
    if but is not None:
        waiting = waiting.exclude(pk=but.pk)
    return [told for row in waiting.order_by("challenge__answered_at") if (told := _tell(row))]


@transaction.atomic
def _tell(row: WithheldVerdict) -> Told | None:
    """Of two who ask at once, the conditional DELETE lets one through: a verdict counts once."""
    deleted, _ = WithheldVerdict.objects.filter(pk=row.pk).delete()
    challenge = row.challenge
    if not deleted or challenge.answered_at is None:
        return None
    streak_count(annotator=challenge.annotator, state=challenge.state, at=challenge.answered_at)
    return Told(challenge.state, row.votes)
