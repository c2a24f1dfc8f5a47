"""Sites: register one, change it, give its server another secret, close it and open it again."""

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.audit import audit
from accounts.models import User
from annotations.sites.credentials import digest_of, secret_new
from annotations.sites.models import Secret, Site
from gallery.models import DataSet

OVERLAP = timedelta(days=1)  # for which a secret works that was replaced: servers are not changed all at once


@transaction.atomic
def site_create(*, owner: User, name: str, hosts: list[str], datasets: Iterable[DataSet] = ()) -> tuple[Site, str]:
    """The site and its secret, which nobody can be told again."""
    site = Site.objects.create(owner=owner, name=name, hosts=hosts)
    site.datasets.set(datasets)
    audit(owner, "registered", site, hosts=hosts)
    return site, _secret_add(site)


@transaction.atomic
def site_edit(*, site: Site, name: str, hosts: list[str], datasets: Iterable[DataSet]) -> Site:
    """As its owner wants it. What is shown on other hosts now gets no challenge any more, at once."""
    before = Site.objects.select_for_update().get(pk=site.pk).hosts
    site.name, site.hosts = name, hosts
    site.save(update_fields=["name", "hosts"])
    site.datasets.set(datasets)
    if hosts != before:
        audit(site.owner, "changed the hosts of", site, hosts=hosts, before=before)
    return site


@transaction.atomic
def secret_rotate(*, site: Site, at_once: bool = False) -> str:
    """Another secret. Those before work for a day more, or with `at_once` no longer: for one that got out."""
    now = timezone.now()
    until = now if at_once else now + OVERLAP
    old = Secret.objects.filter(site=site)
    old.filter(expires_at=None).update(expires_at=until)
    old.filter(expires_at__gt=until).update(expires_at=until)
    audit(site.owner, "replaced the secret of", site, at_once=at_once)
    return _secret_add(site)


@transaction.atomic
def site_close(*, site: Site, by: User) -> Site:
    """Nobody gets a challenge there any more, nor passes with a token from before: its secrets don't work. What there
    was stays, also a token that isn't too old when it is opened again."""
    return _closed_set(site, by, "closed", closed=True)


@transaction.atomic
def site_open(*, site: Site, by: User) -> Site:
    return _closed_set(site, by, "opened", closed=False)


@transaction.atomic
def test_mode_set(*, site: Site, on: bool) -> Site:
    """Whether a command on this machine may make tokens for it, see `manage.py site_token`."""
    if Site.objects.filter(pk=site.pk, test_mode=not on).update(test_mode=on):
        audit(site.owner, "test mode on at" if on else "test mode off at", site)
    site.test_mode = on
    return site


def _closed_set(site: Site, by: User, verb: str, *, closed: bool) -> Site:
    at = timezone.now() if closed else None
    if Site.objects.filter(pk=site.pk, closed_at__isnull=closed).update(closed_at=at):
        audit(by, verb, site)
        site.closed_at = at
    return site


@sensitive_variables("secret")
def _secret_add(site: Site) -> str:
    secret = secret_new()
    Secret.objects.create(site=site, digest=digest_of(secret), tail=secret[-4:])
    return secret
