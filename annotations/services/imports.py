"""Votes that were gathered elsewhere become rows of the ledger."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from annotations import imported
from annotations.consensus.votes import IntArray
from annotations.crowd_columns import BadRows
from annotations.crowd_files import VoteTable
from annotations.models import Annotator, Campaign, ImportedAnnotator, Vote
from annotations.selectors import campaign_of
from annotations.services.consensus import Refit, consensus_refit
from gallery.models import DataSet

BATCH = 2000


@dataclass(frozen=True)
class Imported:
    """What an import did, or would do: votes added, votes that were there, workers behind both, those of them met for
    the first time, rows left out, and the fit that followed, if any."""

    added: int
    repeated: int
    workers: int
    strangers: int
    bad: BadRows
    refit: Refit | None = None


@dataclass(frozen=True, eq=False)
class Plan:
    """V votes to write: worker (a place in the table), image id, kind and class index, each (V,)."""

    worker: IntArray
    image: IntArray
    kind: IntArray
    answer: IntArray
    people: dict[str, int]
    strangers: list[str]
    workers: int
    repeated: int
    bad: BadRows


def votes_import(*, dataset: DataSet, table: VoteTable, by: User | None = None, dry_run: bool = False) -> Imported:
    """Add what the ledger hasn't got yet, then fit everybody anew. Running it twice adds nothing twice.

    Workers are people nobody knows; who they are in this data set is kept in `ImportedAnnotator`. What a worker says
    last of an image, in the file that was imported last, is what counts.
    """
    plan = _plan(dataset, table) if dry_run else _write(dataset, table, by)
    return Imported(
        added=len(plan.image),
        repeated=plan.repeated,
        workers=plan.workers,
        strangers=len(plan.strangers),
        bad=plan.bad,
        # Even where nothing was added: the import before may have been stopped in between.
        refit=None if dry_run else consensus_refit(dataset=dataset),
    )


@transaction.atomic
def _write(dataset: DataSet, table: VoteTable, by: User | None) -> Plan:
    # Of two imports at once the second waits here, and then sees the votes of the first.
    Campaign.objects.select_for_update().get(pk=campaign_of(dataset).pk)
    plan = _plan(dataset, table)
    people = plan.people | _meet(dataset, plan.strangers)
    names = table.workers
    for start in range(0, len(plan.image), BATCH):
        columns = (plan.worker, plan.image, plan.kind, plan.answer)
        batch = zip(*(column[start : start + BATCH].tolist() for column in columns), strict=True)
        Vote.objects.bulk_create(
            Vote(dataset=dataset, annotator_id=people[names[worker]], image_id=image, kind=kind, answer=answer)
            for worker, image, kind, answer in batch
        )
    if len(plan.image):
        audit(by, "imported votes into", dataset, votes=len(plan.image), workers=plan.workers, left_out=plan.bad.count)
    return plan


def _meet(dataset: DataSet, names: Sequence[str]) -> dict[str, int]:
    annotators = Annotator.objects.bulk_create((Annotator() for _ in names), batch_size=BATCH)
    people = {name: annotator.pk for name, annotator in zip(names, annotators, strict=True)}
    ImportedAnnotator.objects.bulk_create(
        (ImportedAnnotator(dataset=dataset, name=name, annotator_id=pk) for name, pk in people.items()),
        batch_size=BATCH,
    )
    return people


def _plan(dataset: DataSet, table: VoteTable) -> Plan:
    image, cls = imported.images(dataset, table.tasks), imported.classes(dataset, table.labels)
    wrong, bad = imported.left_out(table, image, cls, imported.workers(table.workers))
    people = dict(dataset.imported_annotators.values_list("name", "annotator_id"))
    place = {people[name]: i for i, name in enumerate(table.workers) if name in people}
    columns = (table.worker, image.of(table.task), table.kind, cls.of(table.label))
    worker, images, kind, answer = (column[~wrong] for column in columns)
    fresh = imported.unsaid(worker, images, kind, answer, imported.spoken(dataset, place))
    present = [table.workers[i] for i in np.unique(worker).tolist()]
    return Plan(
        worker[fresh],
        images[fresh],
        kind[fresh],
        answer[fresh],
        people=people,
        strangers=[name for name in present if name not in people],
        workers=len(present),
        repeated=len(worker) - len(fresh),
        bad=table.bad + bad,
    )
