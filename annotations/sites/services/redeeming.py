"""What a site's server asks of a token: whether a person passed, once. One conditional UPDATE where all is well."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any
from uuid import UUID

from django.db.models import CharField, DateTimeField, Q, QuerySet, UUIDField
from django.utils import timezone

from annotations.sites.credentials import digest_of
from annotations.sites.models import Secret, Visit
from annotations.sites.tokens import BadToken, Pass, token_read
from gallery.prepared import One, Prepared, PreparedUpdate


class Fault(Enum):
    """Why a token isn't taken. Each protocol has its own words for them."""

    NO_SECRET = auto()
    NO_RESPONSE = auto()
    BAD_SECRET = auto()
    BAD_RESPONSE = auto()
    OTHER_SITEKEY = auto()
    EXPIRED = auto()
    SEEN = auto()


@dataclass(frozen=True)
class Redeemed:
    """`said` stands in every token that is one of ours, also in one that isn't taken."""

    fault: Fault | None
    said: Pass | None = None


Sites = list[tuple[Any, ...]]
"""Number and key of the site that somebody asks for; empty where there is none."""


def _secret() -> QuerySet[Secret]:
    """The one with this digest, if it still works: that of a closed site doesn't."""
    works = Q(expires_at=None) | Q(expires_at__gt=One("now", DateTimeField()))
    return Secret.objects.filter(works, digest=One("digest", CharField()), site__closed_at=None).order_by()


SITE = Prepared(lambda several: _secret().values_list("site", "site__key"))
REDEEM = PreparedUpdate(
    lambda several: Visit.objects.filter(
        pk=One("pk", UUIDField()), redeemed_at=None, site__in=_secret().values("site")
    ),
    "redeemed_at",
    "idempotency_key",
)


def token_redeem(
    *, secret: str, token: str, lifetime: timedelta, sitekey: str = "", idempotency_key: UUID | None = None
) -> Redeemed:
    """Take a token of the site whose secret this is, if it is no older than `lifetime` and was never taken.

    `sitekey`: must be the site's own, where it is given. `idempotency_key`: with the same one the same token is taken
    again. A token isn't used up by whoever has another secret.
    """
    if not secret or not token:
        return Redeemed(Fault.NO_RESPONSE if secret else Fault.NO_SECRET)
    now, digest = timezone.now(), digest_of(secret)
    fields = {"redeemed_at": now, "idempotency_key": idempotency_key}
    return judged(
        token,
        late=now - lifetime,
        site=lambda: SITE.all(digest=digest, now=now),
        take=lambda said: REDEEM.run(pk=said.visit, digest=digest, now=now, **fields),
        sitekey=sitekey,
        idempotency_key=idempotency_key,
    )


def judged(
    token: str,
    *,
    late: datetime,
    site: Callable[[], Sites],
    take: Callable[[Pass], int],
    sitekey: str = "",
    idempotency_key: UUID | None = None,
) -> Redeemed:
    """What is said of a token to whoever asks for a `site`, or for none. What was earned before `late` is too old;
    `take` says whether it has taken one of theirs that was never taken. Nothing else is asked where all is well."""
    try:
        said = token_read(token)
    except BadToken:
        return Redeemed(Fault.BAD_RESPONSE if site() else Fault.BAD_SECRET)
    is_late = said.at < late
    if (sitekey or is_late) and (fault := _fault_before(site(), said, sitekey, late=is_late)):
        return Redeemed(fault, said)
    if take(said):
        return Redeemed(None, said)
    return Redeemed(_fault_after(said, site(), idempotency_key), said)


def _fault_before(site: Sites, said: Pass, sitekey: str, *, late: bool) -> Fault | None:
    if not site:
        return Fault.BAD_SECRET
    [(pk, key)] = site
    if sitekey and sitekey.strip().lower() != str(key):
        return Fault.OTHER_SITEKEY
    if pk != said.site:
        return Fault.BAD_RESPONSE
    return Fault.EXPIRED if late else None


def _fault_after(said: Pass, site: Sites, idempotency_key: UUID | None) -> Fault | None:
    """Why no row was changed; None where it was taken with this very key before."""
    if not site:
        return Fault.BAD_SECRET
    if site[0][0] != said.site:
        return Fault.BAD_RESPONSE
    before = Visit.objects.filter(pk=said.visit).values_list("idempotency_key", flat=True).first()
    return None if idempotency_key and before == idempotency_key else Fault.SEEN
