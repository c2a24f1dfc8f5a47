"""What the names in a file of votes stand for in a data set, and which of its votes the ledger hasn't got yet."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from annotations.consensus.votes import BoolArray, IntArray
from annotations.crowd_columns import SHOWN, BadRows
from annotations.crowd_files import VoteTable
from annotations.models import ImportedAnnotator, Vote
from gallery.models import DataSet

LONGEST = ImportedAnnotator._meta.get_field("name").max_length or 0
BY_ID = re.compile(r"id:(\d{1,18})")
NOTHING = -1


@dataclass(frozen=True, eq=False)
class Meaning:
    """What each name of a column stands for, `NOTHING` where `reasons` say why it stands for none."""

    ids: IntArray
    reasons: dict[int, str]

    def of(self, column: IntArray) -> IntArray:
        return self.ids[column]


def images(dataset: DataSet, tasks: Sequence[str]) -> Meaning:
    """An image by its name, where one alone has it, or by id:NUMBER."""
    ids: set[int] = set()
    named: dict[str, list[int]] = defaultdict(list)
    for pk, name in dataset.images.present().order_by("pk").values_list("pk", "name").iterator():
        ids.add(pk)
        named[name].append(pk)

    def find(task: str) -> int | str:
        if by_id := BY_ID.fullmatch(task):
            return int(by_id[1]) if int(by_id[1]) in ids else f"there is no image {task} in this data set"
        found = named.get(task, [])
        if len(found) > 1:
            return f"{len(found)} images are called {task[:40]!r}: say which by its number, such as id:{found[0]}"
        return found[0] if found else f"there is no image {task[:40]!r} in this data set"

    return _meaning([find(task) for task in tasks])


def classes(dataset: DataSet, labels: Sequence[str]) -> Meaning:
    """A class by its name or, where no class is called so, by its key; in any case. What was removed is none."""
    rows = list(dataset.classes.filter(removed_at=None))
    index = {row.key.casefold(): row.index for row in rows if row.key} | {
        row.name.casefold(): row.index for row in rows
    }
    return _meaning([index.get(label.casefold(), f"there is no class {label[:40]!r}") for label in labels])


def workers(names: Sequence[str]) -> Meaning:
    """A worker by their place in the file; a name must fit into its row."""
    too_long = f"the worker's name is longer than {LONGEST} characters"
    return _meaning([i if len(name) <= LONGEST else too_long for i, name in enumerate(names)])


def left_out(table: VoteTable, image: Meaning, cls: Meaning, worker: Meaning) -> tuple[BoolArray, BadRows]:
    """Which rows (N,) hold a name that stands for nothing, and the first of them by line."""
    columns = [(table.task, image), (table.label, cls), (table.worker, worker)]
    wrong = np.logical_or.reduce([meaning.of(column) == NOTHING for column, meaning in columns])
    bad = BadRows(count=int(wrong.sum()))
    for row in np.flatnonzero(wrong)[:SHOWN]:
        found = (meaning.reasons.get(int(column[row])) for column, meaning in columns)
        bad.first.append((int(table.line[row]), next(reason for reason in found if reason)))
    return wrong, bad


Pair = tuple[int, int]
Word = tuple[int, int]


def spoken(dataset: DataSet, people: Mapping[int, int]) -> dict[Pair, list[Word]]:
    """(worker, image) → what they have said in the ledger, (kind, class), in its order. `people`: annotator →
    worker."""
    said: dict[Pair, list[Word]] = defaultdict(list)
    rows = Vote.objects.filter(dataset=dataset, annotator__imported__dataset=dataset).order_by("id")
    for annotator, image, kind, answer in rows.values_list("annotator", "image", "kind", "answer").iterator():
        if annotator in people:
            said[people[annotator], image].append((kind, answer))
    return said


def unsaid(
    worker: IntArray, image: IntArray, kind: IntArray, answer: IntArray, said: Mapping[Pair, list[Word]]
) -> IntArray:
    """The places, in order, of those of N words that the ledger hasn't got: (worker, image) by (worker, image), what
    goes on behind its last words there."""
    words = list(zip(kind.tolist(), answer.tolist(), strict=True))
    pairs = list(zip(worker.tolist(), image.tolist(), strict=True))
    by_pair = groupby(np.lexsort((image, worker)).tolist(), key=pairs.__getitem__)
    places = [
        place for pair, group in by_pair for place in _behind(said.get(pair, []), list(_changes(group, words)), words)
    ]
    return np.array(sorted(places), dtype=np.int64)


def _changes(places: Iterator[int], words: Sequence[Word]) -> Iterator[int]:
    """Without those that say again what was said just before."""
    return (next(same) for _, same in groupby(places, key=words.__getitem__))


def _behind(before: Sequence[Word], places: Sequence[int], words: Sequence[Word]) -> Sequence[int]:
    """What is left of `places` when as many of the first as possible are the last of `before`."""
    now = [words[place] for place in places]
    overlaps = range(min(len(before), len(now)), 0, -1)
    return places[next((n for n in overlaps if list(before[-n:]) == now[:n]), 0) :]


def _meaning(found: Sequence[int | str]) -> Meaning:
    ids = np.array([NOTHING if isinstance(one, str) else one for one in found], dtype=np.int64)
    return Meaning(ids, {i: one for i, one in enumerate(found) if isinstance(one, str)})
