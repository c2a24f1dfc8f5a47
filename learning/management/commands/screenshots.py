import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from learning.demo.checks import CannotStart
from learning.demo.people import PASSWORD


class Command(BaseCommand):
    help = "Pictures of every page of the demo at 390 and 1,280 px, light and dark, in var/screenshots/."

    def handle(self, *args: Any, **options: Any) -> None:
        # Playwright's loop runs in this thread; nothing else here is asynchronous.
        os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
        from learning.demo.screenshots import screenshots

        folder = settings.VAR_DIR / "screenshots"
        password = os.environ.get("TESSERA_DEMO_PASSWORD") or PASSWORD
        try:
            for count, file in enumerate(screenshots(folder, password), start=1):
                self.stdout.write(f"{count:3} {file.name}")
        except CannotStart as reason:
            raise CommandError(str(reason)) from reason
