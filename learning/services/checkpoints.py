"""A run's checkpoint in storage: what another worker goes on from, should this one be killed."""

import logging

from django.core.files.base import ContentFile

from learning.engine.fit import Checkpoints
from learning.models import TrainingRun
from learning.services.turns import Turn

logger = logging.getLogger(__name__)


def checkpoints_of(run: TrainingRun) -> Checkpoints:
    turn = Turn(run)

    def keep(blob: bytes) -> None:
        if checkpoint_keep(run, blob):
            turn.offer()

    return Checkpoints(resume=_read(run), keep=keep)


def checkpoint_keep(run: TrainingRun, blob: bytes) -> bool:
    """The latest alone, and only of the attempt that has the run. Without room for it the run goes on without."""
    mine = TrainingRun.objects.filter(pk=run.pk, attempt=run.attempt)
    try:
        name = run.checkpoint.storage.save(f"checkpoints/{run.pk}-{run.attempt}.pt", ContentFile(blob))
    except OSError as error:
        logger.warning("no checkpoint of %s: %s", run, error)
        return False
    before = TrainingRun.objects.values_list("checkpoint", flat=True).get(pk=run.pk)
    kept = bool(mine.update(checkpoint=name))
    if superseded := before if kept else name:
        run.checkpoint.storage.delete(superseded)
    return kept


def checkpoint_drop(run: TrainingRun) -> None:
    if run.checkpoint:
        TrainingRun.objects.filter(pk=run.pk).update(checkpoint="")
        run.checkpoint.delete(save=False)


def _read(run: TrainingRun) -> bytes | None:
    if not run.checkpoint:
        return None
    try:
        with run.checkpoint.open("rb") as file:
            return bytes(file.read())
    except OSError as error:
        logger.warning("the checkpoint of %s can't be read, it starts over: %s", run, error)
        return None
