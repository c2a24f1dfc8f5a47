"""From ledger rows to the arrays that the consensus library reads."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
from django.db.models import Q

from annotations.consensus.votes import UNKNOWN, BoolArray, IntArray, Votes
from annotations.models import ControlAnswer, Vote
from annotations.selectors import PERSON
from gallery.models import DataSet

Row = tuple[int, int, int, int]  # person, item, kind, answer


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
) -> Ledger:
    """The whole ledger of a data set, or the votes on some images alone (then without control answers).

    `known`: image id → class index where the truth is known; `without`: people who have no say.
    """
    n_classes = dataset.classes.count()
    votes = _latest(_votes(dataset, images), without)
    controls = _controls(dataset, without) if images is None else []
    image_ids = sorted({item for _, item, _, _ in votes} | set(images or ()))
    item_of = {image: index for index, image in enumerate(image_ids)}
    people = sorted({person for person, *_ in votes} | {person for person, *_ in controls})
    rows = [(p, item_of[i], k, a) for p, i, k, a in votes]
    rows += [(p, len(image_ids) + truth, k, a) for p, truth, k, a in controls]
    clamped = [known.get(image, UNKNOWN) for image in image_ids] + list(range(n_classes))
    return Ledger(_arrays(rows, people, len(clamped), n_classes), np.array(clamped), people, image_ids)


def controls_of(dataset: DataSet, person: int) -> Votes:
    """One person's control answers as votes on K items, of which item t is of class t."""
    n_classes = dataset.classes.count()
    return _arrays(_controls(dataset, (), person), [person], n_classes, n_classes)


def _votes(dataset: DataSet, images: Collection[int] | None) -> Iterable[Row]:
    rows = Vote.objects.filter(dataset=dataset).annotate(person=PERSON).order_by("id")
    if images is not None:
        rows = rows.filter(image__in=images)
    return rows.values_list("person", "image_id", "kind", "answer")


def _controls(dataset: DataSet, without: Collection[int], person: int | None = None) -> list[Row]:
    rows = ControlAnswer.objects.filter(dataset=dataset).annotate(person=PERSON).order_by("id")
    if person is not None:
        rows = rows.filter(Q(annotator=person) | Q(annotator__same_as=person))
    found = rows.values_list("person", "truth", "kind", "answer")
    return [row for row in found if row[0] not in without]


def _latest(rows: Iterable[Row], without: Collection[int]) -> list[Row]:
    """One vote a person and image, the latest: a person may have answered under two faces."""
    latest = {(row[0], row[1]): row for row in rows if row[0] not in without}
    return list(latest.values())


def _arrays(rows: list[Row], people: list[int], n_items: int, n_classes: int) -> Votes:
    index = {person: i for i, person in enumerate(people)}
    columns = np.array([(index[p], i, k, a) for p, i, k, a in rows], dtype=np.int64).reshape(-1, 4).T
    return Votes(
        annotator=columns[0],
        item=columns[1],
        kind=columns[2],
        answer=columns[3],
        n_annotators=len(people),
        n_items=n_items,
        n_classes=n_classes,
    )
