"""From ledger rows to the arrays that the consensus library reads."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from django.db.models import Count, Q, QuerySet

from annotations.consensus.votes import UNKNOWN, BoolArray, IntArray, Votes
from annotations.models import ControlAnswer, Vote
from annotations.selectors import PERSON, controls_counted, regraded
from gallery.models import DataSet


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
    n_classes: int | None = None,
) -> Ledger:
    """The whole ledger of a data set, or the votes on some images alone (then without control answers).

    `known`: image id → class index where the truth is known; `without`: people who have no say; `n_classes`: how
    many classes there are, where the caller knows.
    """
    n_classes = n_classes or dataset.classes.count()
    votes = _votes(dataset, images, without)
    controls = np.zeros((0, 4), dtype=np.int64)
    if images is None:
        controls = _controls(dataset, controls_counted(dataset, without=without), without)
    image_ids = np.union1d(votes[:, 1], np.array(sorted(images or ()), dtype=np.int64))
    people, person = np.unique(np.concatenate([votes[:, 0], controls[:, 0]]), return_inverse=True)
    item = np.concatenate([np.searchsorted(image_ids, votes[:, 1]), len(image_ids) + controls[:, 1]])
    clamped = [known.get(image, UNKNOWN) for image in image_ids.tolist()] + list(range(n_classes))
    rows = np.concatenate([votes, controls])
    arrays = Votes(person, item, rows[:, 3], rows[:, 2], len(people), len(clamped), n_classes)
    return Ledger(arrays, np.array(clamped), people.tolist(), image_ids.tolist())


def controls_of(dataset: DataSet, person: int, n_classes: int) -> Votes:
    """One person's control answers as votes on K items, of which item t is of class t."""
    theirs = controls_counted(dataset).filter(Q(annotator=person) | Q(annotator__same_as=person))
    rows = _controls(dataset, theirs, ())
    return Votes(np.zeros(len(rows)), rows[:, 1], rows[:, 3], rows[:, 2], 1, n_classes, n_classes)


def _votes(dataset: DataSet, images: Collection[int] | None, without: Collection[int]) -> IntArray:
    """(person, image, kind, answer), one vote a person and image, the latest: a person may have answered under two
    faces, or changed their mind."""
    rows = Vote.objects.filter(dataset=dataset).annotate(person=PERSON).order_by("id")
    if images is not None:
        rows = rows.filter(image__in=images)
    table = _table(rows.values_list("person", "image_id", "kind", "answer").iterator(), 4)
    table = table[~np.isin(table[:, 0], list(without))]
    _, latest = np.unique(table[::-1, :2], axis=0, return_index=True)
    return table[np.sort(len(table) - 1 - latest)]


def _controls(dataset: DataSet, answers: QuerySet[ControlAnswer], without: Collection[int]) -> IntArray:
    """(person, truth, kind, answer), an answer a row, by the truth that the control has by now."""
    rows = answers.annotate(person=PERSON)
    truth_of = regraded(dataset)
    table = _counted(rows.exclude(image__in=truth_of), "person", "truth", "kind", "answer")
    again = rows.filter(image__in=[image for image, truth in truth_of.items() if truth is not None])
    for who, image, kind, answer in again.values_list("person", "image_id", "kind", "answer"):
        table = np.vstack([table, [who, truth_of[image], kind, answer]])
    return table[~np.isin(table[:, 0], list(without))]


def _counted(rows: QuerySet[ControlAnswer], *names: str) -> IntArray:
    """Equal rows come from the database as one with its number."""
    grouped = rows.values_list(*names).annotate(n=Count("pk")).order_by(*names)
    table = _table(grouped, len(names) + 1)
    return np.repeat(table[:, :-1], table[:, -1], axis=0)


def _table(rows: "QuerySet[ControlAnswer] | Sequence[tuple[int, ...]]", width: int) -> IntArray:
    return np.fromiter(chain.from_iterable(rows), dtype=np.int64).reshape(-1, width)
