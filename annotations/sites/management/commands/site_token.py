from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotations.sites.models import Site
from annotations.sites.services.test_tokens import NotForTests, token_for_tests


class Command(BaseCommand):
    help = "One fresh valid token of a site in test mode, for the tests of who integrates the widget."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("sitekey", metavar="SITEKEY")

    def handle(self, *args: Any, sitekey: str, **options: Any) -> None:
        try:
            self.stdout.write(token_for_tests(site=Site.objects.get(key=UUID(sitekey))))
        except (ValueError, Site.DoesNotExist):
            raise CommandError(f"There is no site with the key “{sitekey}”.") from None
        except NotForTests as error:
            raise CommandError(str(error)) from error
