"""Units of work as rows. The database is the truth of work, the broker a door-bell: a message only says «look»."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Self

from celery import current_app
from django.db import connection, models, transaction
from django.db.models import Q
from django.utils import timezone

SILENT_AFTER = timedelta(seconds=30)
BEAT = 8.0  # seconds between two signs of life during what can't tell of its progress
ATTEMPTS = 3
SILENCED = f"Its worker fell silent {ATTEMPTS} times."


class WorkState(models.TextChoices):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class WorkQuerySet(models.QuerySet["Work"]):
    def due(self) -> Self:
        """Rows that wait, and rows whose worker has been silent for too long."""
        return self.filter(
            Q(state=WorkState.WAITING) | Q(state=WorkState.RUNNING, heartbeat_at__lt=timezone.now() - SILENT_AFTER)
        )


class Work(models.Model):
    state = models.CharField(max_length=8, choices=WorkState.choices, default=WorkState.WAITING)
    attempt = models.PositiveSmallIntegerField(default=0)
    heartbeat_at = models.DateTimeField(null=True, editable=False)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = WorkQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def claim(cls, pk: int) -> Self | None:
        """Take one row, or None when another worker has it: of two claims, the conditional UPDATE lets one through."""
        mine = cls.objects.due().filter(pk=pk)
        # What took its worker down each time, as a picture too big for the memory would, must not do so for ever.
        if mine.filter(state=WorkState.RUNNING, attempt__gte=ATTEMPTS).update(state=WorkState.FAILED, error=SILENCED):
            return None
        if not mine.update(
            state=WorkState.RUNNING, attempt=models.F("attempt") + 1, heartbeat_at=timezone.now(), error=""
        ):
            return None
        return cls.objects.get(pk=pk)

    @property
    def going(self) -> bool:
        return self.state in (WorkState.WAITING, WorkState.RUNNING)

    def beat(self) -> None:
        self._mine().update(heartbeat_at=timezone.now())

    def finish(self) -> None:
        self._mine().update(state=WorkState.DONE, heartbeat_at=timezone.now())

    def fail(self, reason: str, *, final: bool = False) -> None:
        """Put the row back for another attempt, or end it after too many; the reason stays readable."""
        ended = final or self.attempt >= ATTEMPTS
        self._mine().update(
            state=WorkState.FAILED if ended else WorkState.WAITING, error=reason, heartbeat_at=timezone.now()
        )

    def _mine(self) -> models.QuerySet["Work"]:
        """The row, unless another worker has taken it since this one was silent for too long."""
        return type(self).objects.filter(pk=self.pk, attempt=self.attempt)


@contextmanager
def beating(work: Work) -> Iterator[None]:
    """Signs of life from beside a long computation, which nobody else shall take up meanwhile."""
    ended = Event()

    def beat() -> None:
        try:
            while not ended.wait(BEAT):
                work.beat()
        finally:
            connection.close()  # this thread's own

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def ring(task: str, *args: object) -> None:
    """Tell the workers to look, once the rows are committed. Should the broker be away, the tick rings again."""
    # By name, because the task may live on a floor above the caller's.
    transaction.on_commit(lambda: current_app.signature(task, args=args).apply_async(retry=False), robust=True)
