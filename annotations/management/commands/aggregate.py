import json
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.consensus.methods import DEFAULT, METHODS
from annotations.consensus.votes import UNKNOWN, Fit, IntArray, Votes
from annotations.crowd_columns import BadRows, sort_classes
from annotations.crowd_files import BadFile, VoteTable, place_for, read_truth, read_votes, write_csv

POSITIVE = "1"


class Command(BaseCommand):
    help = "One label for each task of a file of votes, by any method of the consensus library."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("votes", type=Path, metavar="VOTES.csv", help="task, worker, label, and kind if it has one")
        parser.add_argument("--truth", type=Path, metavar="GOLD.csv", help="task, truth: what the result is held to")
        parser.add_argument("--gold", type=Path, metavar="KNOWN.csv", help="task, truth: what the method is told")
        parser.add_argument("--method", default=DEFAULT, help=f"one of {', '.join(sorted(METHODS))}; {DEFAULT} if none")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
        parser.add_argument("--out", type=Path, metavar="LABELS.csv", help="write task,label,confidence,votes")

    def handle(self, *args: Any, votes: Path, method: str, out: Path | None, **options: Any) -> None:
        if method not in METHODS:
            raise CommandError(f"There is no method “{method}”: {', '.join(sorted(METHODS))}.")
        begin = perf_counter()
        try:
            if out:  # before the work, not after it
                place_for(out, inputs=[votes, options["gold"], options["truth"]])
            table = self._votes(votes)
            gold, truth = self._truth(options["gold"]), self._truth(options["truth"])
            classes = sort_classes([*table.labels, *(gold[task] for task in table.tasks if task in gold)])
            clamped = _indexes(table, gold, classes)
            fit: Fit = METHODS[method](_arrays(table, classes), clamped=clamped if options["gold"] else None)
            seconds = round(perf_counter() - begin, 3)
            if out:
                write_csv(out, ("task", "label", "confidence", "votes"), _rows(table, fit, classes))
        except ValueError as error:  # a BadFile, or votes that the method can't read
            raise CommandError(str(error)) from error
        result = _result(method, table, classes, fit) | {"seconds": seconds}
        result |= {"clamped": int((clamped != UNKNOWN).sum())} if options["gold"] else {}
        result |= _scores(table, fit, classes, truth) if options["truth"] else {}
        self.stdout.write(json.dumps(result) if options["json"] else _sentences(result, fit, classes, votes, out))

    def _votes(self, path: Path) -> VoteTable:
        table = read_votes(path)
        self._report(table.bad, path)
        if not len(table):
            raise BadFile(f"{path} has no row that can be read.")
        return table

    def _truth(self, path: Path | None) -> dict[str, str]:
        if path is None:
            return {}
        truth, bad = read_truth(path)
        self._report(bad, path)
        return truth

    def _report(self, bad: BadRows, path: Path) -> None:
        for sentence in bad.sentences(path):
            self.stderr.write(sentence)


def _arrays(table: VoteTable, classes: list[str]) -> Votes:
    place = {name: index for index, name in enumerate(classes)}
    column = np.array([place[name] for name in table.labels], dtype=np.int64)
    sizes = {"n_annotators": len(table.workers), "n_items": len(table.tasks), "n_classes": len(classes)}
    return Votes.of(table.worker, table.task, column[table.label], table.kind, **sizes)


def _indexes(table: VoteTable, truth: dict[str, str], classes: list[str]) -> IntArray:
    """Each task's class (I,), UNKNOWN where it is not given, or is none of the classes."""
    place = {name: index for index, name in enumerate(classes)}
    return np.array([place.get(truth.get(task, ""), UNKNOWN) for task in table.tasks], dtype=np.int64)


def _result(method: str, table: VoteTable, classes: list[str], fit: Fit) -> dict[str, Any]:
    return {
        "method": method,
        "tasks": len(table.tasks),
        "workers": len(table.workers),
        "votes": len(table),
        "classes": len(classes),
        "bad_rows": table.bad.count,
        "iterations": len(fit.log_likelihood),
        "converged": bool(fit.converged),
    }


def _scores(table: VoteTable, fit: Fit, classes: list[str], truth: dict[str, str]) -> dict[str, Any]:
    """On tasks with a truth. One that nobody voted for is a truth all the same, and missed."""
    graded = np.array([task in truth for task in table.tasks], dtype=bool)
    said, true = fit.labels[graded], _indexes(table, truth, classes)[graded]
    accuracy = round(float((said == true).mean()), 6) if len(said) else None
    return {"graded": len(said), "accuracy": accuracy, "f1": _f1(said, true, classes) if len(said) else None}


def _f1(said: IntArray, true: IntArray, classes: list[str]) -> float | None:
    """Of class “1” among two; 0 where it was neither said nor true."""
    if len(classes) != 2 or POSITIVE not in classes:
        return None
    positive = classes.index(POSITIVE)
    both = 2 * int(((said == positive) & (true == positive)).sum())
    either = int((said == positive).sum()) + int((true == positive).sum())
    return round(both / either, 6) if either else 0.0


def _rows(table: VoteTable, fit: Fit, classes: list[str]) -> Iterator[tuple[str, str, float, int]]:
    given = np.bincount(table.task, minlength=len(table.tasks)).tolist()
    best = zip(table.tasks, fit.labels.tolist(), fit.confidence.tolist(), given, strict=True)
    return ((task, classes[label], round(confidence, 6), votes) for task, label, confidence, votes in best)


def _sentences(result: dict[str, Any], fit: Fit, classes: list[str], votes: Path, out: Path | None) -> str:
    end = "converged" if result["converged"] else "not converged"
    lines = [
        f"{votes.name}: {result['votes']:,} votes of {result['workers']:,} workers on {result['tasks']:,} tasks, "
        f"{len(classes)} classes, {result['bad_rows']:,} rows left out",
        f"{result['method']}: {end}, iterations: {result['iterations']}, {result['seconds']} s",
    ]
    if "clamped" in result:
        lines.append(f"known beforehand: {result['clamped']:,} tasks")
    if "graded" in result:
        lines.append(_graded(result))
    shares = np.bincount(fit.labels, minlength=len(classes)).tolist()
    lines += [f"  {name}: {n:,} tasks" for name, n in list(zip(classes, shares, strict=True))[:10]]
    lines += [f"  … and {len(classes) - 10:,} more classes"] if len(classes) > 10 else []
    return "\n".join([*lines, f"Written to {out}."] if out else lines)


def _graded(result: dict[str, Any]) -> str:
    if result["accuracy"] is None:
        return "none of these tasks has a truth in the file"
    f1 = "" if result["f1"] is None else f", F1 of “{POSITIVE}” {result['f1']:.4f}"
    return f"accuracy {result['accuracy']:.4f}{f1}, on {result['graded']:,} tasks whose truth is known"
