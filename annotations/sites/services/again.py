"""The token of a visit that has passed, once more: its frame asks again where the answer got lost on the way."""

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from annotations.sites.models import Visit
from annotations.sites.ways import WAYS


@dataclass(frozen=True)
class Given:
    """A token, and the seconds for which it still lasts."""

    token: str
    seconds: int


def token_again(*, visit: Visit) -> Given | None:
    """The very same token; None where there is none, or where it is spent or too old."""
    visit.refresh_from_db(fields=["passed_at", "redeemed_at"])
    if visit.passed_at is None or visit.redeemed_at:
        return None
    left: timedelta = WAYS[visit.protocol].dialect.lifetime - (timezone.now() - visit.passed_at)
    if left.total_seconds() < 1:
        return None
    return Given(visit.token, int(left.total_seconds()))
