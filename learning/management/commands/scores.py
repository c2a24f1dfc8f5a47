from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.crowd_files import BadFile, place_for, write_csv
from annotations.management.named import dataset_called, user_called
from gallery.models import DataSet
from learning.engine.strategies import registry
from learning.score_files import HEADER, read_scores
from learning.services.scores import scores_import
from learning.services.scoring import scores_of


class Command(BaseCommand):
    help = "What a strategy thinks of a data set's pool, into a file; or from a file into the queue."

    def add_arguments(self, parser: CommandParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True)
        out = ways.add_parser("export", help="write image and score, what would be asked first on top")
        out.add_argument("dataset", metavar="DATASET", help="its name, or id:NUMBER")
        out.add_argument("--strategy", required=True, choices=registry.names())
        out.add_argument("--out", type=Path, required=True, metavar="FILE.csv")
        out.add_argument("--number", type=int, metavar="N", help="of so many images alone; all of them if not given")
        out.add_argument("--seed", type=int, default=0)
        back = ways.add_parser("import", help="ask in decreasing order of the scores in a file")
        back.add_argument("dataset", metavar="DATASET", help="its name, or id:NUMBER")
        back.add_argument("scores", type=Path, metavar="FILE.csv", help="image (or name), score (or entropy_value)")
        back.add_argument("--by", metavar="EMAIL", help="whose doing the audit log says it is")

    def handle(self, *args: Any, way: str, dataset: str, **options: Any) -> None:
        target = dataset_called(dataset)
        try:
            self._export(target, **options) if way == "export" else self._import(target, **options)
        except (BadFile, ValueError) as error:
            raise CommandError(str(error)) from error

    def _export(
        self, dataset: DataSet, *, strategy: str, out: Path, number: int | None, seed: int, **options: Any
    ) -> None:
        place_for(out)
        if number is not None and number < 1:
            raise CommandError("--number must be at least 1.")
        rows = list(scores_of(dataset=dataset, strategy=strategy, number=number, seed=seed))
        write_csv(out, HEADER, rows)
        self.stdout.write(f"{dataset}: {len(rows):,} images by {strategy} into {out}")

    def _import(self, dataset: DataSet, *, scores: Path, by: str | None, **options: Any) -> None:
        done = scores_import(dataset=dataset, table=read_scores(scores), by=user_called(by))
        for sentence in done.bad.sentences(scores):
            self.stderr.write(sentence)
        if not done.queued:
            raise CommandError(f"{scores} has no score of an image that {dataset} can ask about.")
        self.stdout.write(f"{dataset}: {done.queued:,} images in the queue, {done.bad.count:,} rows left out")
