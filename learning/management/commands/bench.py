import json
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

BENCHMARKS = {"loop": "the whole loop by simulated visitors through the HTTP API, until two promotions"}


class Command(BaseCommand):
    help = "Measure what we claim, in a database of its own. The last line is one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = parser.add_subparsers(dest="name", required=True)
        loop = kinds.add_parser("loop", help=BENCHMARKS["loop"])
        loop.add_argument("--annotators", type=int, default=20)
        loop.add_argument("--adversarial", type=float, default=0.3)
        loop.add_argument("--promotions", type=int, default=2)
        loop.add_argument("--seed", type=int, default=0)
        loop.add_argument("--json", action="store_true", help="nothing but the JSON line")

    def handle(self, *args: Any, **options: Any) -> None:
        wanted = {name: options[name] for name in ("annotators", "adversarial", "promotions", "seed")}
        if not options["json"]:
            self.stdout.write(f"bench {options['name']}: {BENCHMARKS[options['name']]}")
        result = import_module(f"learning.bench.{options['name']}").run(**wanted)
        self.stdout.write(json.dumps(result))
