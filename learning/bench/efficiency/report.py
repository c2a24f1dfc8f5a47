"""The table as JSON, and a plot a set."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from learning.bench.efficiency.choices import choice_of
from learning.bench.efficiency.figures import Curves, figures
from learning.bench.efficiency.figures import summary as summary
from learning.bench.efficiency.plans import RANDOM, Plan
from learning.bench.efficiency.runs import Book, Job
from learning.bench.plot import write_curves

Sets = dict[str, dict[str, dict[str, Any]]]
MEASURES = {"": 1, "_consensus": 2, "_agreed": 3}  # of a crowd's campaign, by what is added to its name


def sets_of(plans: Sequence[Plan], book: Book) -> Sets:
    """By set and strategy; a crowd's set is several, one a measure."""
    sets: Sets = {}
    for plan in plans:
        points = {
            name: [book.of(Job(plan, choice_of(name), seed)).points for seed in plan.seeds] for name in plan.strategies
        }
        for suffix, measure in MEASURES.items() if plan.crowd else [("", 1)]:
            curves = {name: Curves.of(seeds, measure) for name, seeds in points.items()}
            sets[plan.name + suffix] = {name: figures(curve, curves.get(RANDOM)) for name, curve in curves.items()}
    return sets


def facts(jobs: Sequence[Job], book: Book) -> dict[str, object]:
    """How the figures came about, and how long one process would have taken."""
    told = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return {
        "command": " ".join(sys.argv),
        "revision": told.stdout.strip() or "unknown",
        "date": str(date.today()),
        "process_hours": round(sum(book.of(job).seconds for job in jobs) / 3600, 2),
    }


def plot(path: Path, sets: Mapping[str, Mapping[str, Mapping[str, Any]]], *, folder: bool) -> None:
    for name, rows in sets.items():
        lines = {strategy: [(x, mean) for x, mean, _ in row["curve"]] for strategy, row in rows.items()}
        unit = "votes" if "_crowd" in name else "labels"
        several = folder or len(sets) > 1
        file = (
            (path / f"strategies-{name}.svg" if folder else path.with_stem(f"{path.stem}-{name}")) if several else path
        )
        write_curves(file, name.replace("_", " "), unit, lines)
