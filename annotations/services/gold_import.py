"""Gold from a file: a line a picture, its name or id:N, and its class. A bad line is reported and costs no other."""

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from accounts.models import User
from annotations.services.gold import gold_add
from gallery.models import DataSet, Image, LabelClass

LARGEST = 5 * 2**20  # bytes of a file
MOST_LINES = 50_000
BATCH = 500
HEADS = ({"image", "picture", "name", "id", "file"}, {"class", "label", "truth", "key"})
LONGEST_SHOWN = 60


class BadFile(ValueError):  # noqa: N818 - the message is for the person who sent it
    """The file as a whole can't be read."""


@dataclass
class Imported:
    """How many pictures became gold, and by line why others didn't."""

    added: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Line:
    number: int
    image: str
    label: str


@transaction.atomic
def gold_import(*, dataset: DataSet, data: bytes, by: User) -> Imported:
    """Columns: the picture (its name, or id:N) and the class (its name, or its key); a first line of headings may
    stand above. Raises BadFile for one that isn't text, or is too large."""
    report = Imported()
    chosen: list[tuple[Image, LabelClass]] = []
    line_of: dict[int, int] = {}
    lines = list(_lines(_text(data), report))
    images, classes = _images(dataset, [line.image for line in lines]), _classes(dataset)
    for line in lines:
        found, label = images.get(line.image, []), classes.get(line.label.casefold())
        if reason := _trouble(line, found, label):
            report.refused.append((line.number, reason))
        elif found[0].pk in line_of:
            report.refused.append((line.number, f"The picture stands on line {line_of[found[0].pk]} already."))
        elif label:
            line_of[found[0].pk] = line.number
            chosen.append((found[0], label))
    added = gold_add(dataset=dataset, labels=chosen, by=by)
    report.added = len(added.images)
    report.refused += [(line_of[image.pk], reason) for image, reason in added.refused]
    report.refused.sort()
    return report


def _text(data: bytes) -> str:
    if len(data) > LARGEST:
        raise BadFile(f"The file is larger than {LARGEST // 2**20} MB. Send it in parts.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadFile("The file isn't text in UTF-8. Save it as CSV in UTF-8.") from None


def _lines(text: str, report: Imported) -> Iterator[Line]:
    reader = csv.reader(text.splitlines())
    for number, cells in enumerate(_rows(reader, report), start=1):
        cells = [cell.strip() for cell in cells]
        if number > MOST_LINES:
            report.refused.append((reader.line_num, f"Lines after {MOST_LINES} are left out."))
            return
        if not any(cells) or (number == 1 and _is_head(cells)):
            continue
        if len(cells) < 2 or not cells[0] or not cells[1]:
            report.refused.append((reader.line_num, "A picture and a class are needed, with a comma between."))
        else:
            yield Line(reader.line_num, cells[0], cells[1])


def _rows(reader: Any, report: Imported) -> Iterator[list[str]]:
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.refused.append((reader.line_num, f"The line can't be read: {error}."))


def _is_head(cells: list[str]) -> bool:
    return len(cells) >= 2 and all(cell.casefold() in names for cell, names in zip(cells, HEADS, strict=False))


def _images(dataset: DataSet, named: Iterable[str]) -> dict[str, list[Image]]:
    """What each word of the file names. A name may be that of several pictures."""
    found: dict[str, list[Image]] = defaultdict(list)
    words = sorted(set(named))
    ids = {int(word[3:]): word for word in words if _is_id(word)}
    present = dataset.images.present()
    for some in _batches(sorted(ids)):
        for image in present.filter(pk__in=some):
            found[ids[image.pk]].append(image)
    for some in _batches([word for word in words if not _is_id(word)]):
        for image in present.filter(name__in=some):
            found[image.name].append(image)
    return found


def _is_id(word: str) -> bool:
    return word[:3] == "id:" and word[3:].isascii() and word[3:].isdigit() and len(word) < 20


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]


def _classes(dataset: DataSet) -> dict[str, LabelClass]:
    """By name, which goes before a key: a class may be called as another is typed."""
    offered = list(dataset.classes.filter(removed_at=None))
    by_key = {cls.key.casefold(): cls for cls in offered if cls.key}
    return by_key | {cls.name.casefold(): cls for cls in offered}


def _trouble(line: Line, found: list[Image], label: LabelClass | None) -> str:
    if not found:
        return f"No picture is called “{line.image[:LONGEST_SHOWN]}”."
    if len(found) > 1:
        return f"{len(found)} pictures are called “{line.image[:LONGEST_SHOWN]}”: name one by id:N."
    return "" if label else f"“{line.label[:LONGEST_SHOWN]}” isn't one of the classes."
