from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.crowd_files import BadFile, read_votes
from annotations.management.named import dataset_called, user_called
from annotations.services.imports import Imported, votes_import
from gallery.models import DataSet


class Command(BaseCommand):
    help = "Bring votes that were gathered elsewhere into a data set. Running it twice adds nothing twice."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dataset", metavar="DATASET", help="its name, or id:NUMBER")
        parser.add_argument(
            "votes", type=Path, metavar="VOTES.csv", help="task (an image's name or id:NUMBER), worker, label"
        )
        parser.add_argument("--by", metavar="EMAIL", help="whose doing the audit log says it is")
        parser.add_argument("--dry-run", action="store_true", help="say what would be added, and add nothing")

    def handle(self, *args: Any, dataset: str, votes: Path, by: str | None, dry_run: bool, **options: Any) -> None:
        target, user = dataset_called(dataset), user_called(by)
        try:
            table = read_votes(votes)
        except BadFile as error:
            raise CommandError(str(error)) from error
        done = votes_import(dataset=target, table=table, by=user, dry_run=dry_run)
        for sentence in done.bad.sentences(votes):
            self.stderr.write(sentence)
        if not done.added + done.repeated:
            raise CommandError(f"{votes} has no row that can be brought into {target}.")
        self.stdout.write(_sentence(target, done, dry_run))


def _sentence(dataset: DataSet, done: Imported, dry_run: bool) -> str:
    text = (
        f"{dataset}: {done.added:,} votes {'would be ' if dry_run else ''}added, {done.repeated:,} already there, "
        f"{done.workers:,} workers ({done.strangers:,} met for the first time), {done.bad.count:,} rows left out"
    )
    return f"{text}; {done.refit.changed:,} of {done.refit.images:,} images changed" if done.refit else text
