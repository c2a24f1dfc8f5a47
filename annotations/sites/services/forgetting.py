"""Visits of long ago are forgotten: what was answered stands in the ledger, and figures look back no further."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from annotations.sites.figures import DAYS
from annotations.sites.models import Site, Visit

KEPT = timedelta(days=DAYS)  # the first of which is a day that figures have left behind, as they count whole ones
AT_ONCE = 1000  # so that nobody waits behind it


def visits_forget() -> int:
    """How many that were. By then all of them are over, and their tokens too old."""
    before = timezone.now() - KEPT
    sites = Site.objects.values_list("pk", flat=True)
    return sum(_forget(Visit.objects.filter(site=site, opened_at__lt=before)) for site in sites)


def _forget(old: QuerySet[Visit]) -> int:
    gone = 0
    while found := list(old.order_by().values_list("pk", flat=True)[:AT_ONCE]):
        gone += Visit.objects.filter(pk__in=found).delete()[0]
    return gone
