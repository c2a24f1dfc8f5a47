"""Query strategies: what each saves of labels, and how long it takes to choose from a large pool."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings

from learning.bench import strategies_speed
from learning.bench.efficiency import report
from learning.bench.efficiency.choices import choice_of
from learning.bench.efficiency.page import write_page
from learning.bench.efficiency.plans import BACKBONE, DEFAULT, DIGITS, FORMS, RANDOM, SMALL_CNN, Plan, table
from learning.bench.efficiency.problems import Sources
from learning.bench.efficiency.runs import Job
from learning.bench.efficiency.runs import run as run_jobs
from learning.engine.strategies import registry

HELP = "labels that every query strategy saves (--data, --table), or seconds that it takes (--speed)"


def add_arguments(parser: ArgumentParser) -> None:
    known = ", ".join([*registry.names(), DEFAULT])
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", metavar="FILE", help=f"images with their truth, an .npz file; or {DIGITS}")
    what.add_argument(
        "--table", type=Path, metavar="DIR", help="every set of docs/strategies.md; DIR has data/ and weights/"
    )
    what.add_argument("--speed", action="store_true", help="features given, on this machine")
    parser.add_argument("--strategies", nargs="+", metavar="NAME", help=f"of {known}; all of them if not given")
    parser.add_argument("--sets", nargs="+", metavar="SET", help="of the table, these alone")
    parser.add_argument("--network", default=SMALL_CNN, help=f"trained from scratch, or a backbone such as {BACKBONE}")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="where the backbones' weights lie")
    parser.add_argument("--imbalance", type=float, default=1.0, help="times that the rarest class is made rarer")
    parser.add_argument("--oracle", choices=["truth", "crowd"], default="truth", help="who answers")
    parser.add_argument(
        "--votes", metavar="FILE", help="with --oracle crowd: people's, with columns task, worker, label"
    )
    parser.add_argument("--test", default="", metavar="FILE", help="whose x_test is judged on, with --oracle crowd")
    parser.add_argument("--start", type=int, default=40, help="labels, drawn at random")
    parser.add_argument("--step", type=int, default=20, help="labels of a round")
    parser.add_argument("--budget", type=int, metavar="N", help="labels in all (300); with --speed: are chosen (500)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--plot", type=Path, metavar="OUT.svg", help="the curves; a folder with --table")
    parser.add_argument("--docs", type=Path, metavar="PAGE.md", help="the page that shows the table")
    parser.add_argument("--keep", type=Path, metavar="OUT.json", help="the whole result")
    parser.add_argument(
        "--progress", type=Path, metavar="FILE", help="where finished campaigns are kept, to go on from"
    )
    parser.add_argument("--pool", type=int, default=50_000, help="with --speed: images")
    parser.add_argument("--seed", type=int, default=0, help="with --speed")


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    # VeSSAL's other forms are known by name here; the table has them where they belong.
    names = options["strategies"] or [*(name for name in registry.names() if name not in FORMS), DEFAULT]
    if options["speed"]:
        chosen = [name for name in names if name != DEFAULT]
        return strategies_speed.run(chosen, options["pool"], _budget(options, 500), options["seed"], say)
    plans = _plans(options, tuple(names))
    weights = options["weights"] or (options["table"] / "weights" if options["table"] else None)
    work = settings.VAR_DIR / "bench"
    kept = options["progress"] or work / "strategies.jsonl"
    jobs = _jobs(plans)
    book = run_jobs(jobs, kept, Sources(weights, work / "features"), options["processes"], say)
    sets = report.sets_of(plans, book)
    result = {**report.facts(jobs, book), **report.summary(sets), "sets": sets}
    if options["keep"]:
        options["keep"].parent.mkdir(parents=True, exist_ok=True)
        options["keep"].write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if options["plot"]:
        report.plot(options["plot"], sets, folder=options["table"] is not None)
    if options["docs"]:
        write_page(options["docs"], result)
    return result


def _plans(options: Mapping[str, Any], names: tuple[str, ...]) -> list[Plan]:
    if options["table"]:
        plans = table(options["table"], tuple(dict.fromkeys([RANDOM, *names])))
        wanted = options["sets"] or [plan.name for plan in plans]
        if unknown := set(wanted) - {plan.name for plan in plans}:
            raise ValueError(f"the table has no {', '.join(sorted(unknown))}")
        return [plan for plan in plans if plan.name in wanted]
    if (options["oracle"] == "crowd") != bool(options["votes"]):
        raise ValueError("--oracle crowd goes with --votes FILE")
    numbers = {name: options[name] for name in ("start", "step", "network", "imbalance", "test")}
    numbers["budget"] = _budget(options, 300)
    name = Path(options["data"]).stem + ("_crowd" if options["votes"] else "")
    seeds = tuple(options["seeds"])
    return [Plan(name, options["data"], strategies=names, seeds=seeds, crowd=options["votes"] or "", **numbers)]


def _jobs(plans: Sequence[Plan]) -> list[Job]:
    return [Job(plan, choice_of(name), seed) for plan in plans for name in plan.strategies for seed in plan.seeds]


def _budget(options: Mapping[str, Any], usual: int) -> int:
    return usual if options["budget"] is None else options["budget"]
