"""A data set as a file: one row an image, streamed, of which no more than one is in memory."""

import csv
import json
from collections.abc import Iterator

from gallery.models import DataSet
from gallery.selectors import export_rows

FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def as_csv(dataset: DataSet) -> Iterator[str]:
    writer = csv.writer(_Line())
    return (writer.writerow([_cell(cell) for cell in row]) for row in export_rows(dataset))


def as_json(dataset: DataSet) -> Iterator[str]:
    """A list with one object a row."""
    rows = iter(export_rows(dataset))
    names = [str(name) for name in next(rows)]
    opening = "["
    for row in rows:
        yield opening + json.dumps(dict(zip(names, row, strict=True)))
        opening = ",\n"
    yield "[]" if opening == "[" else "]"


def _cell(cell: object) -> object:
    """Somebody else chose these names; a spreadsheet must not take one for a formula."""
    if isinstance(cell, bool):
        return str(cell).lower()  # as JSON and spreadsheets write it
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
