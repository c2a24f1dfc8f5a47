"""Query strategies: how long each takes to choose from a large pool."""

from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from typing import Any

from learning.bench import strategies_speed
from learning.engine.strategies import registry

HELP = "seconds and memory of every query strategy on a large pool (--speed)"


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--speed", action="store_true", required=True, help="features given, on this machine")
    parser.add_argument("--strategies", nargs="+", metavar="NAME", help=f"of {', '.join(registry.names())}")
    parser.add_argument("--pool", type=int, default=50_000, help="images")
    parser.add_argument("--budget", type=int, default=500, help="of which so many are chosen")
    parser.add_argument("--seed", type=int, default=0)


def run(options: Mapping[str, Any], say: Callable[[str], object]) -> dict[str, object]:
    names = options["strategies"] or registry.names()
    return strategies_speed.run(names, options["pool"], options["budget"], options["seed"], say)
