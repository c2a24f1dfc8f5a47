"""The rows of a CSV file as numbers, so that a file of millions of them takes little memory."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
import numpy.typing as npt

from annotations.crowd_columns import BadFile, BadRows, BadValue, Column

if TYPE_CHECKING:
    from _csv import Reader

Int32Array = npt.NDArray[np.int32]


def numbers(path: Path, columns: Sequence[Column], bad: BadRows) -> Int32Array:
    """(line, a number a column) of each row that is as it should be, (N, 1 + columns).

    A line counts from 1, the heading's included. 0 stands for a column that is not there and needn't be. Rows that are
    not as they should be are added to `bad`. Raises BadFile.
    """
    cells = array("i")  # four bytes a number, where a list of tuples would take a hundred a row
    with _opened(path) as file:
        reader = csv.reader(file)
        header = _header(path, reader)
        places = [_place(path, header, column) for column in columns]
        wanted = [(place, column.codes) for place, column in zip(places, columns, strict=True) if place is not None]
        for line, row in _rows(reader, bad):
            try:
                cells.extend((line, *_coded(row, wanted, len(header))))
            except BadValue as error:
                further = f" (the row goes on to line {reader.line_num})" if reader.line_num > line else ""
                bad.add(line, f"{error}{further}")
    found = np.asarray(cells).reshape(-1, 1 + len(wanted))
    table = np.zeros((len(found), 1 + len(columns)), dtype=np.int32)
    table[:, [0, *(1 + i for i, place in enumerate(places) if place is not None)]] = found
    return table


@contextmanager
def _opened(path: Path) -> Iterator[TextIO]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield file
    except FileNotFoundError as error:
        raise BadFile(f"There is no file {path}.") from error
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not UTF-8 text.") from error
    except OSError as error:
        raise BadFile(f"{path} can't be read: {error.strerror}.") from error


def _coded(row: Sequence[str], wanted: Sequence[tuple[int, dict[str, int]]], width: int) -> list[int]:
    if len(row) > width and any(row[width:]):
        raise BadValue(f"{len(row)} fields under {width} headings: a comma without quotation marks?")
    try:
        return [codes[row[place]] for place, codes in wanted]
    except IndexError:
        raise BadValue(f"a field is missing: {len(row)} of {width}") from None


def _header(path: Path, reader: Iterator[list[str]]) -> list[str]:
    try:
        header = next((row for row in reader if row), None)
    except csv.Error as error:
        raise BadFile(f"{path} is not a CSV file: {error}.") from error
    if header is None:
        raise BadFile(f"{path} is empty.")
    return [name.strip() for name in header]


def _place(path: Path, header: Sequence[str], column: Column) -> int | None:
    """Where a column stands. BadFile where it doesn't and must, or stands twice."""
    found = [place for name in column.names for place, heading in enumerate(header) if heading == name]
    if not found and column.optional:
        return None
    wanted = " or ".join(f"“{name}”" for name in column.names)
    if not found:
        there = " ".join(", ".join(header).split())
        raise BadFile(f"{path} has no column {wanted}. Its first line must name the columns; it reads: {there[:200]}")
    if header.count(header[found[0]]) > 1:
        raise BadFile(f"{path} has two columns {wanted}.")
    return found[0]


def _rows(reader: Reader, bad: BadRows) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it begins on; empty lines are none."""
    while True:
        begin = reader.line_num + 1
        try:
            for row in reader:
                if row:
                    yield begin, row
                begin = reader.line_num + 1
        except csv.Error as error:  # a field that goes on for ever; the reader can go on behind it
            bad.add(begin, str(error))
        else:
            return
