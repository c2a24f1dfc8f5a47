from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.models import Reliability, Vote
from annotations.services.rebuilding import consensus_rebuild
from gallery.models import DataSet


class Command(BaseCommand):
    help = "Derive consensus, reliabilities and the crowd's tags anew, from the ledger alone."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dataset", metavar="NAME", help="data sets of this name alone")

    def handle(self, *args: Any, dataset: str | None, **options: Any) -> None:
        chosen = DataSet.objects.order_by("pk")
        if dataset is not None and not (chosen := chosen.filter(name=dataset)).exists():
            raise CommandError(f"There is no data set “{dataset}”.")
        for row in chosen:
            self.stdout.write(_rebuilt(row))


def _rebuilt(dataset: DataSet) -> str:
    images = consensus_rebuild(dataset=dataset).images
    votes = Vote.objects.filter(dataset=dataset).count()
    people = Reliability.objects.filter(dataset=dataset).count()
    return f"{dataset}: {votes} votes on {images} images, {people} people"
