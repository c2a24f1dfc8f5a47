import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.services.publication import NotNow
from gallery.models import DataSet


class Command(BaseCommand):
    help = "Let simulated people answer a demo data set, round by round; their votes are real rows, to be looked at."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dataset", default="Digits", help="name of a data set whose hidden truth is kept")
        parser.add_argument("--annotators", type=int, default=20)
        parser.add_argument("--adversarial", type=float, default=0.3, help="share of them that always answer wrong")
        parser.add_argument("--strategy", default="entropy")
        parser.add_argument("--rounds", type=int, default=5)
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--json", action="store_true", help="one JSON object a round")

    def handle(self, *args: Any, **options: Any) -> None:
        from learning.bench.rounds import simulate

        dataset = self._dataset(options["dataset"])
        self._check(options)
        wanted = {name: options[name] for name in ("annotators", "adversarial", "strategy", "rounds", "seed")}
        try:
            for current in simulate(dataset, **wanted):
                row = asdict(current)
                self.stdout.write(json.dumps(row) if options["json"] else _sentence(row))
        except (FileNotFoundError, NotNow) as error:
            raise CommandError(str(error)) from error

    def _dataset(self, name: str) -> DataSet:
        dataset = DataSet.objects.filter(name=name).order_by("pk").first()
        if dataset is None:
            raise CommandError(f"There is no data set “{name}”. `make demo` makes Digits.")
        return dataset

    def _check(self, options: dict[str, Any]) -> None:
        from learning.engine.strategies import registry

        if options["strategy"] not in registry.names():
            raise CommandError(f"There is no strategy “{options['strategy']}”: {', '.join(registry.names())}.")
        if not 0 <= options["adversarial"] <= 1 or options["annotators"] < 1 or options["rounds"] < 1:
            raise CommandError("It takes at least one annotator and one round, and a share from 0 to 1.")


def _sentence(row: dict[str, Any]) -> str:
    return (
        f"round {row['round']}: {row['labels']} labels, model {_percent(row['accuracy'])}, "
        f"consensus {_percent(row['consensus_accuracy'])}, {row['flagged']} flagged, {row['seconds']} s"
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
