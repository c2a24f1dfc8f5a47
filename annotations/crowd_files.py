"""Votes and labels in CSV files: read row by row into numbers, written in one piece.

A row that makes no sense is left out and noted with its line; a file that makes none raises `BadFile`.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from annotations.consensus.votes import IntArray
from annotations.crowd_columns import BadFile as BadFile
from annotations.crowd_columns import BadRows, Column, Kinds, Labels, Names
from annotations.crowd_rows import Int32Array, numbers


@dataclass(frozen=True, eq=False)
class VoteTable:
    """N votes as numbers into lists of names, each list in the order of first appearance.

    `task`, `worker`, `label`, `kind` and `line` (from 1, the heading's included) are of shape (N,).
    """

    task: IntArray
    worker: IntArray
    label: IntArray
    kind: IntArray
    line: IntArray
    tasks: list[str]
    workers: list[str]
    labels: list[str]
    bad: BadRows

    def __len__(self) -> int:
        return len(self.task)


def read_votes(path: Path) -> VoteTable:
    """All votes of a file with columns task, worker and label, and kind where it has one.

    Rows are never held as objects: a vote takes 40 bytes, twice as much while it is read, and each name is kept once.
    Raises BadFile.
    """
    bad, tasks, workers, labels = BadRows(), Names("task"), Names("worker"), Labels("label")
    columns = [Column(("task",), tasks), Column(("worker",), workers), Column(("label",), labels)]
    table = numbers(path, [*columns, Column(("kind",), Kinds(), optional=True)], bad)
    task, seen_tasks = _used(table[:, 1], tasks.names)
    worker, seen_workers = _used(table[:, 2], workers.names)
    label, seen_labels = _used(table[:, 3], labels.names)
    kind, line = table[:, 4].astype(np.int64), table[:, 0].astype(np.int64)
    return VoteTable(task, worker, label, kind, line, seen_tasks, seen_workers, seen_labels, bad)


def read_truth(path: Path) -> tuple[dict[str, str], BadRows]:
    """Task → label, from a file with columns task and truth (or label). Of two that differ the first holds."""
    bad, again, tasks, labels = BadRows(), BadRows(), Names("task"), Labels("truth")
    table = numbers(path, [Column(("task",), tasks), Column(("truth", "label"), labels)], bad)
    truth: dict[int, int] = {}
    for line, task, label in table.tolist():
        if truth.setdefault(task, label) != label:
            again.add(line, f"task {tasks.names[task][:40]!r} has another truth further up")
    return {tasks.names[task]: labels.names[label] for task, label in truth.items()}, bad + again


def place_for(path: Path, inputs: Sequence[Path | None] = ()) -> Path:
    """Where a file at `path` would come to lie, links followed. BadFile where none can, or where one of `inputs` is."""
    target = path.resolve()
    if target.exists() and not target.is_file():
        raise BadFile(f"{path} is not a file that can be replaced.")
    if not target.parent.is_dir():
        raise BadFile(f"There is no folder {path.parent} to write {path.name} into.")
    if target in {file.resolve() for file in inputs if file}:
        raise BadFile(f"{path} is read here: the result must go elsewhere.")
    return target


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The whole file or none of it: written beside the place and then put into it. Raises BadFile."""
    target = place_for(path)
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            writer.writerows(rows)
        beside.replace(target)
    except OSError as error:
        raise BadFile(f"{path} can't be written: {error.strerror}.") from error
    finally:
        beside.unlink(missing_ok=True)


def _used(column: Int32Array, names: Sequence[str]) -> tuple[IntArray, list[str]]:
    """Without the names that rows which were left out alone have brought in."""
    used = np.bincount(column, minlength=len(names)) > 0
    return (np.cumsum(used) - 1)[column], [name for name, kept in zip(names, used, strict=True) if kept]
