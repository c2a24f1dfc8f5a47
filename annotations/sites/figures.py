"""What comes of a site: who was asked there in the last thirty days, who passed, and what labels that brought."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from annotations.sites.models import Site, Visit

DAYS = 30
PASSED = Q(passed_at__isnull=False)
ANSWERED = PASSED | Q(failed__gt=0)
COUNTS = {
    "visits": Count("pk"),
    "answered": Count("pk", filter=ANSWERED),
    "passed": Count("pk", filter=PASSED),
    "labels": Coalesce(Sum("votes"), 0),
}


@dataclass(frozen=True)
class Figures:
    """`answered`: visits with an answer that was judged. `labels`: what was said about pictures that nobody had named,
    before it is weighed."""

    visits: int = 0
    answered: int = 0
    passed: int = 0
    labels: int = 0

    @property
    def pass_rate(self) -> float | None:
        """Of those who answered; who only looked has neither passed nor failed."""
        return self.passed / self.answered if self.answered else None

    @property
    def percent(self) -> str:
        return f"{self.passed / self.answered:.0%}" if self.answered else ""


@dataclass(frozen=True)
class Day:
    date: date
    figures: Figures


def figures_of(sites: Collection[Site]) -> dict[int, Figures]:
    """By site, of the last thirty days."""
    rows = _recent().filter(site__in=sites).order_by().values("site").annotate(**COUNTS)
    found = {row.pop("site"): Figures(**row) for row in rows}
    return {site.pk: found.get(site.pk, Figures()) for site in sites}


def days_of(site: Site) -> list[Day]:
    """Each of the last thirty days, today the last, also those without a visit."""
    rows = _recent().filter(site=site).order_by().annotate(day=TruncDate("opened_at")).values("day").annotate(**COUNTS)
    found = {row.pop("day"): Figures(**row) for row in rows}
    first = _first_day()
    dates = [first + timedelta(days=n) for n in range(DAYS)]
    return [Day(day, found.get(day, Figures())) for day in dates]


def total_of(days: Collection[Day]) -> Figures:
    names = ("visits", "answered", "passed", "labels")
    return Figures(*(sum(getattr(day.figures, name) for day in days) for name in names))


def _first_day() -> date:
    return timezone.localdate() - timedelta(days=DAYS - 1)


def _recent() -> QuerySet[Visit]:
    """Of whole days, so that a sum over days is the sum that stands elsewhere."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return Visit.objects.filter(opened_at__gte=midnight - timedelta(days=DAYS - 1))
