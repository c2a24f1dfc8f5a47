from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from learning.demo.checks import CannotStart
from learning.demo.console import Console
from learning.demo.launch import launch


class Command(BaseCommand):
    help = "Load a data set, train a first model and serve everything on this machine, until Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        try:
            launch(port, Console(self.stdout._out))
        except CannotStart as reason:
            raise CommandError(str(reason)) from None
