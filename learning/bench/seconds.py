"""What a second of a person's time is worth: consensus by simulated people, asked what tells most, or at random."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from annotations.challenges.registry import offered
from learning.bench.plot import write_curves
from learning.bench.seconds_model import scans
from learning.bench.seconds_world import KEYS, Asking, World
from learning.bench.table import into_page

HELP = "how many seconds of people's time a consensus takes, asked by what tells most and asked at random"
TARGET = 0.95  # share of pictures whose consensus is right
LONGEST = 9000.0  # seconds of people's time after which a curve ends
EVERY = 60.0  # seconds between the points of a curve
ALL = "all"
BEGIN = "<!-- bench seconds -->"
NAMES = {True: "most informative", False: "random"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--target", type=float, default=TARGET)
    parser.add_argument("--only", nargs="+", choices=[ALL, *offered(KEYS)], help="kinds alone, or all of them together")
    parser.add_argument("--docs", type=Path, metavar="DIR", help="write the table and the plots there")


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    seeds, target = options["seeds"], options["target"]
    if seeds < 1 or not 0 < target < 1:
        raise ValueError("--seeds must be at least 1, and --target between 0 and 1")
    began, found = perf_counter(), dict[str, dict[str, object]]()
    for name in options["only"] or [ALL, *offered(KEYS)]:
        kinds = offered(KEYS) if name == ALL else [name]
        curves = {
            informed: [curve(Asking(kinds, informed), seed, target) for seed in range(seeds)]
            for informed in (True, False)
        }
        found[name] = compared(curves[True], curves[False], target)
        say(f"{name}: {_line(found[name])}")
        if options["docs"]:
            means = {NAMES[informed]: mean_curve(ones) for informed, ones in curves.items()}
            path = options["docs"] / "benchmarks" / f"seconds-{name}.svg"
            write_curves(path, f"Digits, {_called(name)}: right consensus", "seconds of people's time", means)
    if options["docs"]:
        into_page(options["docs"] / "challenges.md", _table(found), title="# Challenges", begin=BEGIN)
    whole = found.get(ALL) or next(iter(found.values()))
    return {
        "seconds_ratio": whole["ratio"],
        "seconds_ratio_se": whole["ratio_se"],
        "target": target,
        "seeds": seeds,
        "kinds": found,
        "took": round(perf_counter() - began, 1),
    }


Curve = list[tuple[float, float]]


def curve(asking: Asking, seed: int, target: float) -> Curve:
    """(seconds, accuracy) from nothing, until a little above the target."""
    world = World(scans(seed), asking, np.random.default_rng(seed))
    points, enough = [(0.0, 0.0)], (1 + target) / 2
    while world.seconds < LONGEST and world.challenge():
        points.append((world.seconds, world.accuracy))
        if points[-1][1] >= enough:
            break
    return points


def compared(ours: Sequence[Curve], random: Sequence[Curve], target: float) -> dict[str, object]:
    """Seconds to the target, each seed's with its own rival's; means and their standard errors."""
    took, rivals = ([seconds_to(one, target) for one in curves] for curves in (ours, random))
    ratios = [own / other for own, other in zip(took, rivals, strict=True)]
    return {
        "seconds": round(float(np.mean(took)), 0),
        "seconds_se": _error(took),
        "random_seconds": round(float(np.mean(rivals)), 0),
        "random_seconds_se": _error(rivals),
        "ratio": round(float(np.mean(ratios)), 4),
        "ratio_se": _error(ratios, 4),
        "short_of_it": sum(one[-1][0] >= LONGEST for one in [*ours, *random]),
        "curve": _rounded(mean_curve(ours)),
        "random_curve": _rounded(mean_curve(random)),
    }


def seconds_to(points: Curve, target: float) -> float:
    """When the target was reached first; at the end of the curve where it never was."""
    return next((seconds for seconds, accuracy in points if accuracy >= target), points[-1][0])


def mean_curve(curves: Sequence[Curve]) -> Curve:
    """Every minute, for as long as any goes on; one that has ended stays where it ended."""
    longest = max(points[-1][0] for points in curves)
    at = np.arange(0, longest + EVERY, EVERY)
    rows = []
    for points in curves:
        seconds, accuracy = np.array(points).T
        rows.append(accuracy[np.searchsorted(seconds, at, side="right") - 1])
    return list(zip(at.tolist(), np.mean(rows, axis=0).tolist(), strict=True))


def _error(values: Sequence[float], digits: int = 0) -> float:
    return round(float(np.std(values, ddof=1) / np.sqrt(len(values))), digits) if len(values) > 1 else 0.0


def _rounded(points: Curve) -> Curve:
    return [(seconds, round(accuracy, 4)) for seconds, accuracy in points]


def _called(name: str) -> str:
    return "all kinds" if name == ALL else name


def _line(one: Mapping[str, object]) -> str:
    return (
        f"{one['seconds']:.0f} ± {one['seconds_se']:.0f} s, at random {one['random_seconds']:.0f} ± "
        f"{one['random_seconds_se']:.0f} s: {one['ratio']:.0%} ± {one['ratio_se']:.0%}"
    )


def _table(found: Mapping[str, Mapping[str, object]]) -> list[str]:
    lines = ["| kinds | seconds, most informative | seconds, at random | ratio | |", "|---|---|---|---|---|"]
    for name, one in found.items():
        ours = f"{one['seconds']:.0f} ± {one['seconds_se']:.0f}"
        random = f"{one['random_seconds']:.0f} ± {one['random_seconds_se']:.0f}"
        plot = f"[plot](benchmarks/seconds-{name}.svg)"
        lines.append(f"| {_called(name)} | {ours} | {random} | {one['ratio']:.2f} ± {one['ratio_se']:.2f} | {plot} |")
    return lines
