"""Somebody who has passed on a site, without the asking."""

from datetime import timedelta

from django.utils import timezone

from annotations.models import Annotator
from annotations.sites.models import Protocol, Site, Visit
from annotations.sites.tokens import Pass, token_of

NO_TIME = timedelta(0)


def visited(site: Site, ago: timedelta = NO_TIME, *, passed: bool = True, **fields: object) -> Visit:
    at = timezone.now() - ago
    return Visit.objects.create(
        site=site,
        annotator=Annotator.objects.create(),
        protocol=Protocol.HCAPTCHA,
        hostname="shop.example",
        bits=1,
        doubt=0,
        opened_at=at,
        expires_at=at + timedelta(minutes=30),
        passed_at=at if passed else None,
        **fields,
    )


def token_for(site: Site, ago: timedelta = NO_TIME) -> str:
    visit = visited(site, ago)
    return token_of(Pass(visit.pk, site.pk, visit.passed_at, visit.hostname))
