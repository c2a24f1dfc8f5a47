from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.crowd_files import BadFile, place_for, write_csv
from annotations.management.named import dataset_called, user_called
from gallery.models import DataSet
from learning.engine.strategies import registry
from learning.score_files import HEADER, read_scores
from learning.services.score_campaigns import Plan, score_campaign_run
from learning.services.scores import scores_import
from learning.services.scoring import scores_of


class Command(BaseCommand):
    help = "What a strategy thinks of a data set's pool, into a file; from a file into the queue; or both in cycles."

    def add_arguments(self, parser: CommandParser) -> None:
        ways = parser.add_subparsers(dest="way", required=True)
        out = ways.add_parser("export", help="write image and score, what would be asked first on top")
        out.add_argument("dataset", metavar="DATASET", help="its name, or id:NUMBER")
        out.add_argument("--out", type=Path, required=True, metavar="FILE.csv")
        back = ways.add_parser("import", help="ask in decreasing order of the scores in a file")
        back.add_argument("dataset", metavar="DATASET", help="its name, or id:NUMBER")
        back.add_argument("scores", type=Path, metavar="FILE.csv", help="image (or name), score (or entropy_value)")
        back.add_argument("--by", metavar="EMAIL", help="whose doing the audit log says it is")
        both = ways.add_parser("campaign", help="score, ask in that order, wait for the next version, and so on")
        both.add_argument("dataset", metavar="DATASET", help="its name, or id:NUMBER")
        both.add_argument("--cycles", type=int, required=True, metavar="N")
        both.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="for cycle-1.csv and so on")
        both.add_argument("--wait", type=float, default=3600.0, metavar="SECONDS", help="for a version, at most")
        for scored in (out, both):
            scored.add_argument("--strategy", required=True, choices=registry.names())
            scored.add_argument("--number", type=int, metavar="K", help="of so many images alone; all if not given")
            scored.add_argument("--seed", type=int, default=0)

    def handle(self, *args: Any, way: str, dataset: str, **options: Any) -> None:
        target = dataset_called(dataset)
        do = {"export": self._export, "import": self._import, "campaign": self._campaign}[way]
        try:
            do(target, **options)
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

    def _campaign(
        self,
        dataset: DataSet,
        *,
        strategy: str,
        cycles: int,
        out: Path,
        number: int | None,
        seed: int,
        wait: float,
        **options: Any,
    ) -> None:
        plan = Plan(dataset, strategy, cycles, out, number, seed, wait)
        done = score_campaign_run(plan=plan, say=self._say)
        self._say(f"{dataset}: {done:,} of {cycles:,} cycles in {out}")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()  # somebody may be reading along through a pipe
