import json
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

# Modules of learning.bench, each with HELP, add_arguments and run.
BENCHMARKS = ("loop", "consensus", "strategies", "round", "training", "from_scratch", "challenges", "seconds")
BENCHMARKS += ("embed", "work")


class Command(BaseCommand):
    help = "Measure what we claim. The last line is one JSON object."

    def add_arguments(self, parser: CommandParser) -> None:
        kinds = parser.add_subparsers(dest="name", required=True)
        for name in BENCHMARKS:
            module = import_module(f"learning.bench.{name}")
            kind = kinds.add_parser(name, help=module.HELP)
            module.add_arguments(kind)
            kind.add_argument("--json", action="store_true", help="nothing but the JSON line")

    def handle(self, *args: Any, **options: Any) -> None:
        module = import_module(f"learning.bench.{options['name']}")
        say = (lambda line: None) if options["json"] else self.stdout.write
        say(f"bench {options['name']}: {module.HELP}")
        try:
            result = module.run(options, say)
        except (FileNotFoundError, ValueError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(json.dumps(result))
