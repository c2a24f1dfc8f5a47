"""What the columns of a crowd's files hold, and what is noted of rows that hold something else."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from annotations.consensus.votes import Kind

SHOWN = 20
KINDS = {kind.name.lower(): int(kind) for kind in Kind}


class BadFile(ValueError):  # noqa: N818
    """A file as a whole can't be read or written; the message is one line that says why."""


class BadValue(ValueError):  # noqa: N818
    """One value of a row is not what its column holds."""


@dataclass
class BadRows:
    """Rows that were left out: how many, and the first of them as (line, reason)."""

    count: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, reason: str) -> None:
        self.count += 1
        if len(self.first) < SHOWN:
            self.first.append((line, reason))

    def __add__(self, other: BadRows) -> BadRows:
        return BadRows(self.count + other.count, sorted(self.first + other.first)[:SHOWN])

    def sentences(self, file: Path) -> list[str]:
        """A line of text for each of the first, and one that counts the others."""
        said = [f"{file.name}, line {line}: {reason}" for line, reason in self.first]
        others = self.count - len(said)
        return [*said, f"{file.name}: {others:,} more rows left out"] if others else said


class Names(dict[str, int]):
    """What a column says → its number, given at the first meeting. So a name is checked once, not once a row."""

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column
        self.names: list[str] = []

    def __missing__(self, raw: str) -> int:
        name = raw.strip()
        if name != raw:
            number = self[name]
        else:
            self.check(name)
            number = len(self.names)
            self.names.append(name)
        self[raw] = number
        return number

    def check(self, name: str) -> None:
        if not name:
            raise BadValue(f"{self.column} is empty")
        if any(mark in name for mark in "\n\r\0"):
            raise BadValue(f"{self.column} holds a line break: a quotation mark that is never closed?")


class Labels(Names):
    """As names, but “not a number” is no label."""

    def check(self, name: str) -> None:
        super().check(name)
        if name.lower().lstrip("+-") == "nan":
            raise BadValue(f"{self.column} is {name}")


class Kinds(dict[str, int]):
    """choice, yes or no → `Kind`, in any case."""

    def __missing__(self, raw: str) -> int:
        name = raw.strip().lower()
        if name not in KINDS:
            raise BadValue(f"kind is {raw.strip()[:40]!r}, not one of {', '.join(KINDS)}")
        self[raw] = KINDS[name]
        return KINDS[name]


@dataclass(frozen=True, eq=False)
class Column:
    """A column that is wanted, by any of its names, and how its values become numbers."""

    names: tuple[str, ...]
    codes: dict[str, int]
    optional: bool = False


def sort_classes(labels: Iterable[str]) -> list[str]:
    """By number where all are whole numbers, else as people sort: “b9” before “b10”."""
    names = sorted(set(labels))
    if all(re.fullmatch(r"[+-]?\d{1,18}", name) for name in names):
        return sorted(names, key=int)
    return sorted(names, key=_by_parts)


def _by_parts(name: str) -> list[tuple[bool, int, str]]:
    parts = re.split(r"(\d{1,18})", name)
    return [(i % 2 == 1, int(part) if i % 2 else 0, part) for i, part in enumerate(parts)]
