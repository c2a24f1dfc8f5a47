"""A person's streak: a small row that goes with each verdict, so that nobody counts a history at an answer."""

from dataclasses import asdict, fields
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from annotations.models import Annotator, Challenge, ChallengeState, Streak
from annotations.selectors import faces_of
from annotations.streaks import Run, run_of
from gallery.prepared import One, Prepared, PreparedUpdate

GRADED = (ChallengeState.PASSED, ChallengeState.FAILED)
LOCKED = Prepared(lambda several: Streak.objects.filter(annotator=One("person")).select_for_update())
STORE = PreparedUpdate(
    lambda several: Streak.objects.filter(annotator=One("person")), *(field.name for field in fields(Run))
)


def streak_of(annotator: Annotator) -> Run:
    """Over all faces of the person. Who has no row yet may have answered before there were any."""
    row = Streak.objects.filter(annotator=annotator.person_id).first()
    return _run(row) if row else _counted(annotator)


def streak_count(*, annotator: Annotator, state: str, at: datetime) -> None:
    """One verdict more. Written last in an answer's transaction: who holds this row waits for no other."""
    if state not in GRADED:
        return
    rows = LOCKED.objects(Streak, person=annotator.person_id)
    if not rows:
        streak_recount(annotator=annotator)
        return
    run = _run(rows[0]).after(passed=state == ChallengeState.PASSED, day=timezone.localdate(at))
    _store(annotator.person_id, run)


@transaction.atomic
def streak_recount(*, annotator: Annotator) -> None:
    """From the challenges themselves: who was two is one now."""
    _store(annotator.person_id, _counted(annotator))


def _counted(annotator: Annotator) -> Run:
    """Without the verdict that is still to be told."""
    told = Challenge.objects.filter(annotator__in=faces_of(annotator), state__in=GRADED, withheld=None)
    rows = told.exclude(answered_at=None).order_by("answered_at").values_list("state", "answered_at")
    verdicts = ((state == ChallengeState.PASSED, timezone.localdate(at)) for state, at in rows.iterator())
    return run_of(verdicts)


def _run(row: Streak) -> Run:
    return Run(row.run, row.best, row.days, row.best_days, row.last_day)


def _store(person: int, run: Run) -> None:
    if not STORE.run(person=person, **asdict(run)):
        Streak.objects.update_or_create(annotator_id=person, defaults=asdict(run))
