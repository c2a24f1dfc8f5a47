import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.models import ModelVersion


class Command(BaseCommand):
    help = "Make a version again from the inputs that its run has stored, and say how alike the two are."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("version", metavar="DATASET/NUMBER", help="such as 3/12: version 12 of data set 3")

    def handle(self, *args: Any, version: str, **options: Any) -> None:
        from learning.services.planning import CannotTrain
        from learning.services.reproducing import version_retrain

        row = _found(version)
        self.stdout.write(f"{row}, by {row.run.plan}")
        try:
            made = version_retrain(row)
        except CannotTrain as reason:
            raise CommandError(str(reason)) from reason
        self.stdout.write(json.dumps(asdict(made)))


def _found(name: str) -> ModelVersion:
    dataset, _, number = name.partition("/")
    if not (dataset.isdecimal() and number.isdecimal()):
        raise CommandError(f"A version is named DATASET/NUMBER, such as 3/12, not {name!r}.")
    row = ModelVersion.objects.select_related("run", "dataset").filter(dataset=dataset, number=number).first()
    if row is None:
        raise CommandError(f"There is no version {number} of a data set {dataset}.")
    return row
