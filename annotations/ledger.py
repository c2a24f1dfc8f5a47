"""From ledger rows to the arrays that the consensus library reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from django.db.models import Count, Q, QuerySet

from annotations.consensus.votes import UNKNOWN, BoolArray, IntArray, Votes
from annotations.models import Annotator, ControlAnswer, Vote
from annotations.selectors import ANY, PERSON, Corrections, controls_counted, regraded
from gallery.models import DataSet, LabelClass
from gallery.prepared import One, Prepared

VOTES_ON = Prepared(lambda several: _said(Vote.objects.filter(dataset=One("dataset"), image__in=several("images"))))
CONTROLS_OF = Prepared(
    lambda several: _grouped(
        ControlAnswer.objects.filter(annotator__in=_faces(One("person")), dataset=One("dataset")),
        *("truth", "kind", "answer"),
    )
)


@dataclass(frozen=True, eq=False)
class Ledger:
    """Votes on images, then control answers as votes on K extra items, one clamped to each class.

    So an answer to a control tells of the person, and touches no image's posterior.
    """

    votes: Votes
    clamped: IntArray
    people: list[int]
    images: list[int]

    @property
    def on_images(self) -> BoolArray:
        return np.asarray(self.votes.item < len(self.images))


def read(
    dataset: DataSet,
    *,
    known: dict[int, int],
    without: Collection[int] = (),
    images: Collection[int] | None = None,
    classes: Sequence[LabelClass] = (),
) -> Ledger:
    """The whole ledger of a data set, or the votes on some images alone (then without control answers).

    `known`: image id → class index where the truth is known; `without`: people who have no say; `classes`: all of the
    data set's, where the caller has them. What was said of one that was removed is left out.
    """
    classes = classes or list(dataset.classes.all())
    n_classes = len(classes)
    votes = _votes(dataset, images, without)
    votes = votes[~np.isin(votes[:, 3], [cls.index for cls in classes if cls.removed_at])]
    controls = np.zeros((0, 4), dtype=np.int64)
    if images is None:
        controls = _controls(controls_counted(dataset, without=without), without, regraded(dataset))
    image_ids = np.union1d(votes[:, 1], np.array(sorted(images or ()), dtype=np.int64))
    people, person = np.unique(np.concatenate([votes[:, 0], controls[:, 0]]), return_inverse=True)
    item = np.concatenate([np.searchsorted(image_ids, votes[:, 1]), len(image_ids) + controls[:, 1]])
    clamped = [known.get(image, UNKNOWN) for image in image_ids.tolist()] + list(range(n_classes))
    rows = np.concatenate([votes, controls])
    arrays = Votes(person, item, rows[:, 3], rows[:, 2], len(people), len(clamped), n_classes)
    return Ledger(arrays, np.array(clamped), people.tolist(), image_ids.tolist())


def controls_of(dataset: DataSet, person: int, n_classes: int, corrections: Corrections = ANY) -> Votes:
    """One person's control answers as votes on K items, of which item t is of class t."""
    if corrections.contradicted or corrections.regraded:
        theirs = controls_counted(dataset, corrections=corrections).filter(annotator__in=_faces(person))
        rows = _controls(theirs, (), regraded(dataset) if corrections.regraded else {})[:, 1:]
    else:
        rows = _repeated(_table(CONTROLS_OF.all(dataset=dataset.pk, person=person), 4))
    truth, kind, answer = rows.T
    return Votes(np.zeros(len(rows)), truth, answer, kind, 1, n_classes, n_classes)


def _faces(person: int | One) -> QuerySet[Annotator]:
    return Annotator.objects.filter(Q(pk=person) | Q(same_as=person))


def _votes(dataset: DataSet, images: Collection[int] | None, without: Collection[int]) -> IntArray:
    """(person, image, kind, answer), one vote a person and image, the latest: a person may have answered under two
    faces, or changed their mind. None where the latest takes their word back."""
    if images is None:
        table = _table(_said(Vote.objects.filter(dataset=dataset)).iterator(), 5)
    else:
        table = _table(VOTES_ON.all(dataset=dataset.pk, images=set(images)), 5)
    table = table[~np.isin(table[:, 0], list(without))]
    _, latest = np.unique(table[::-1, :2], axis=0, return_index=True)
    table = table[np.sort(len(table) - 1 - latest)]
    return table[table[:, 4] == 0, :4]


def _said(votes: QuerySet[Vote]) -> QuerySet[Any, Any]:
    rows = votes.annotate(person=PERSON).order_by("id")
    return rows.values_list("person", "image_id", "kind", "answer", "withdrawn")


def _controls(answers: QuerySet[ControlAnswer], without: Collection[int], truth_of: dict[int, int | None]) -> IntArray:
    """(person, truth, kind, answer), an answer a row, by the truth that the control has by now: `truth_of` says it of
    those that were re-graded."""
    rows = answers.annotate(person=PERSON)
    table = _counted(rows.exclude(image__in=truth_of), "person", "truth", "kind", "answer")
    if not truth_of:
        return table[~np.isin(table[:, 0], list(without))]
    again = rows.filter(image__in=[image for image, truth in truth_of.items() if truth is not None])
    for who, image, kind, answer in again.values_list("person", "image_id", "kind", "answer"):
        table = np.vstack([table, [who, truth_of[image], kind, answer]])
    return table[~np.isin(table[:, 0], list(without))]


def _counted(rows: QuerySet[ControlAnswer], *names: str) -> IntArray:
    """Equal rows come from the database as one with its number."""
    return _repeated(_table(_grouped(rows, *names), len(names) + 1))


def _grouped(rows: QuerySet[ControlAnswer], *names: str) -> QuerySet[Any, Any]:
    return rows.values_list(*names).annotate(n=Count("pk")).order_by(*names)


def _repeated(table: IntArray) -> IntArray:
    return np.repeat(table[:, :-1], table[:, -1], axis=0)


def _table(rows: "QuerySet[ControlAnswer] | Sequence[tuple[int, ...]]", width: int) -> IntArray:
    return np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, width)
