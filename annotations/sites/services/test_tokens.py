"""Tokens for an integrator's own tests: nobody has passed, and the site's owner has said that this is all right."""

from django.db import transaction
from django.utils import timezone

from annotations.services.annotators import annotator_for
from annotations.sites.models import Protocol, Site, Visit


class NotForTests(Exception):  # noqa: N818
    """The message says why."""


@transaction.atomic
def token_for_tests(*, site: Site) -> str:
    """A fresh one, as if somebody had passed on the first of the site's hosts. Nobody was asked anything, and it is put
    down to the owner. Raises NotForTests."""
    if site.closed_at:
        raise NotForTests(f"The site “{site}” is closed.")
    if not site.test_mode:
        raise NotForTests(f"The site “{site}” is not in test mode.")
    now = timezone.now()
    visit = Visit.objects.create(
        site=site,
        annotator=annotator_for(site.owner),
        protocol=Protocol.HCAPTCHA,
        hostname=site.hosts[0].replace("*", "test", 1) if site.hosts else "localhost",
        bits=0,
        doubt=0,
        opened_at=now,
        expires_at=now,
        passed_at=now,
    )
    return visit.token
