"""What the demo shows: a data set, its first model, and a queue of what is worth asking."""

from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from accounts.models import User
from gallery.models import DataSet, Tagging
from gallery.work import WorkState
from learning.demo import digits
from learning.demo.checks import CannotStart
from learning.demo.console import Console
from learning.models import Retag, SamplingRound, TrainingRun
from learning.selectors import champion_of
from learning.services.requests import run_request
from learning.services.sampling import round_execute
from learning.services.tagging import images_tag, retag_execute
from learning.services.training import run_execute

CHUNK = 512


def tables_make(console: Console) -> None:
    with console.step("Bringing the database up to date"):
        call_command("migrate", verbosity=0, interactive=False)


def digits_ready(owner: User, console: Console) -> DataSet:
    """In one transaction: a start that was cut short has left no rows behind, and the next one loads again."""
    if dataset := DataSet.objects.filter(owner=owner, name=digits.NAME).first():
        return dataset
    with console.step("Loading 1,797 handwritten digits"), transaction.atomic():
        return digits.digits_load(owner=owner, on_progress=lambda done, total: console.share(done / total))


def first_version_ready(dataset: DataSet, console: Console) -> None:
    _take_over(dataset)
    if not champion_of(dataset):
        with console.step("Training a first model on the few labels there are"):
            _train(dataset, console)
    if _behind(dataset):
        with console.step("Tagging every picture, choosing what to ask people"):
            _catch_up(dataset)


def _take_over(dataset: DataSet) -> None:
    """Nobody else works here, so whatever still claims to be running was cut short."""
    for work in (
        TrainingRun.objects.filter(dataset=dataset),
        Retag.objects.filter(version__dataset=dataset),
        SamplingRound.objects.filter(dataset=dataset),
        Tagging.objects.filter(image__dataset=dataset),
    ):
        work.filter(state=WorkState.RUNNING).update(state=WorkState.WAITING)


def _train(dataset: DataSet, console: Console) -> None:
    run = run_request(dataset=dataset, trigger="the demo's start")
    with console.watching(lambda: _progress(run)):
        run_execute(run.pk)
    run.refresh_from_db()
    if run.state == WorkState.FAILED:
        raise CannotStart(f"The first model could not be trained: {run.error}")


def _progress(run: TrainingRun) -> float:
    try:
        return TrainingRun.objects.filter(pk=run.pk).values_list("progress", flat=True).first() or 0.0
    except DatabaseError:
        return 0.0  # this time it wasn't to be had; how far it is doesn't matter enough to wait
    finally:
        connection.close()  # the watching thread's own


def _behind(dataset: DataSet) -> bool:
    retags = Retag.objects.due().filter(version__dataset=dataset)
    return retags.exists() or SamplingRound.objects.due().filter(dataset=dataset).exists()


def _catch_up(dataset: DataSet) -> None:
    """What the workers would do next, done here, so that the first page is not an empty one."""
    for pk in Retag.objects.due().filter(version__dataset=dataset).values_list("pk", flat=True):
        retag_execute(pk)
    # What the re-tag has left; the other way round every picture would be predicted twice.
    waiting = list(Tagging.objects.due().filter(image__dataset=dataset).values_list("image", flat=True))
    for start in range(0, len(waiting), CHUNK):
        images_tag(waiting[start : start + CHUNK])
    for pk in SamplingRound.objects.due().filter(dataset=dataset).values_list("pk", flat=True):
        round_execute(pk)
