"""Units of work as rows. The database is the truth of work, the broker a door-bell: a message only says «look»."""

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Event, Thread
from typing import Self

from celery import current_app
from django.db import DatabaseError, connection, models, transaction
from django.db.models import Q
from django.utils import timezone

SILENT_AFTER = timedelta(seconds=30)
BEAT = 8.0  # seconds between two signs of life during what can't tell of its progress
ATTEMPTS = 3
SILENCED = f"Its worker fell silent {ATTEMPTS} times."

logger = logging.getLogger(__name__)


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

    forgiven: models.F | int = 0  # attempts that ended well and are none of the few that it has

    objects = WorkQuerySet.as_manager()

    class Meta:
        abstract = True

    @classmethod
    def claim(cls, pk: int) -> Self | None:
        """Take one row, or None when another worker has it: of two claims, the conditional UPDATE lets one through."""
        mine = cls.objects.due().filter(pk=pk)
        if cls._end_spent(mine) or not cls._take(mine):
            return None
        return cls.objects.get(pk=pk)

    @classmethod
    def claim_many(cls, pks: Collection[int]) -> list[Self]:
        """Those of many rows that nobody else has or takes at the same time, in as many queries as for one."""
        with transaction.atomic():
            mine = cls.objects.due().filter(pk__in=pks)
            cls._end_spent(mine)
            got = list(mine.select_for_update(skip_locked=True).values_list("pk", flat=True))
            cls._take(cls.objects.filter(pk__in=got))
        return list(cls.objects.filter(pk__in=got))

    @classmethod
    def _end_spent(cls, mine: models.QuerySet["Work"]) -> int:
        """What took its worker down each time, as a picture too big for the memory would, must not do so for ever."""
        spent = mine.filter(state=WorkState.RUNNING, attempt__gte=cls.forgiven + ATTEMPTS)
        return spent.update(state=WorkState.FAILED, error=SILENCED)

    @staticmethod
    def _take(mine: models.QuerySet["Work"]) -> int:
        now = timezone.now()
        return mine.update(state=WorkState.RUNNING, attempt=models.F("attempt") + 1, heartbeat_at=now, error="")

    @classmethod
    def finish_many(cls, rows: Collection[Self]) -> None:
        """Those that nobody has taken over meanwhile."""
        for attempt in {row.attempt for row in rows}:
            mine = cls.objects.filter(pk__in=[row.pk for row in rows if row.attempt == attempt], attempt=attempt)
            mine.update(state=WorkState.DONE, heartbeat_at=timezone.now())

    @property
    def going(self) -> bool:
        return self.state in (WorkState.WAITING, WorkState.RUNNING)

    def beat(self) -> None:
        self._mine().update(heartbeat_at=timezone.now())

    def finish(self) -> None:
        self.finish_many([self])

    def fail(self, reason: str, *, final: bool = False) -> None:
        """Put the row back for another attempt, or end it after too many; the reason stays readable."""
        ended = final or self._mine().filter(attempt__gte=self.forgiven + ATTEMPTS).exists()
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
                try:
                    work.beat()
                except DatabaseError:  # busy, or away for a moment: one beat less is no silence yet
                    logger.warning("no sign of life of %s could be written", work, exc_info=True)
        finally:
            connection.close()  # this thread's own

    thread = Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def ring(task: str, *args: object, expires: float | None = None) -> None:
    """Tell the workers to look, once the rows are committed. Should the broker be away, the tick rings again.

    expires: seconds after which nobody need look any more.
    """
    # By name, because the task may live on a floor above the caller's.
    bell = current_app.signature(task, args=args)
    transaction.on_commit(lambda: bell.apply_async(retry=False, expires=expires), robust=True)
