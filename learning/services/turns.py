"""Whose turn it is: a long run gives way, at a checkpoint, to what other data sets wait for."""

from datetime import timedelta
from time import monotonic

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from gallery.work import WorkState, ring
from learning.models import Retag, SamplingRound, TrainingRun

WAITS = timedelta(seconds=5)  # by which a worker that is free would have taken it


class GaveWay(Exception):  # noqa: N818
    """A run stopped to go on later from its checkpoint."""


class Turn:
    """The time from when a run begins to learn until others may have theirs."""

    def __init__(self, run: TrainingRun) -> None:
        self.run, self.began = run, monotonic()

    def offer(self) -> None:
        """Called with a checkpoint in store. Raises GaveWay where somebody else waits."""
        if monotonic() - self.began >= settings.TRAIN_SLICE and _others_wait(self.run):
            raise GaveWay


def next_run() -> int | None:
    """The due run that has had its turn longest ago; what never had one comes first."""
    due = TrainingRun.objects.due().filter(due_at__lte=timezone.now())
    return due.order_by(F("heartbeat_at").asc(nulls_first=True), "due_at").values_list("pk", flat=True).first()


def run_give_way(run: TrainingRun) -> None:
    """It waits again, at the end of the line; no attempt was lost."""
    mine = TrainingRun.objects.filter(pk=run.pk, attempt=run.attempt)
    if mine.update(state=WorkState.WAITING, turns=F("turns") + 1, heartbeat_at=timezone.now(), error=""):
        ring("learning.train", run.pk)


def waited(run: TrainingRun) -> float:
    """Seconds since a run that is about to go on gave way."""
    gave_way = run.turns and run.state == WorkState.WAITING and not run.error
    return (timezone.now() - run.heartbeat_at).total_seconds() if gave_way and run.heartbeat_at else 0.0


def _others_wait(run: TrainingRun) -> bool:
    since = timezone.now() - WAITS
    runs = TrainingRun.objects.due().filter(due_at__lte=since).exclude(pk=run.pk)
    work = (model.objects.due().filter(created_at__lte=since) for model in (Retag, SamplingRound))
    return runs.exists() or any(rows.exists() for rows in work)
