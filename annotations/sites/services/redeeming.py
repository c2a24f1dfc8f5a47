"""What a site's server asks of a token: whether a person passed, once. One conditional UPDATE where all is well."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto
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
    try:
        said = token_read(token)
    except BadToken:
        return Redeemed(Fault.BAD_RESPONSE if SITE.all(digest=digest, now=now) else Fault.BAD_SECRET)
    if sitekey or now - said.at > lifetime:
        site = SITE.all(digest=digest, now=now)
        if fault := _fault_before(site, said, sitekey, late=now - said.at > lifetime):
            return Redeemed(fault, said)
    fields = {"redeemed_at": now, "idempotency_key": idempotency_key}
    if REDEEM.run(pk=said.visit, digest=digest, now=now, **fields):
        return Redeemed(None, said)
    return Redeemed(_fault_after(said, SITE.all(digest=digest, now=now), idempotency_key), said)


def _fault_before(site: list[tuple[int, UUID]], said: Pass, sitekey: str, *, late: bool) -> Fault | None:
    if not site:
        return Fault.BAD_SECRET
    [(pk, key)] = site
    if sitekey and sitekey.strip().lower() != str(key):
        return Fault.OTHER_SITEKEY
    if pk != said.site:
        return Fault.BAD_RESPONSE
    return Fault.EXPIRED if late else None


def _fault_after(said: Pass, site: list[tuple[int, UUID]], idempotency_key: UUID | None) -> Fault | None:
    """Why no row was changed; None where it was taken with this very key before."""
    if not site:
        return Fault.BAD_SECRET
    if site[0][0] != said.site:
        return Fault.BAD_RESPONSE
    before = Visit.objects.filter(pk=said.visit).values_list("idempotency_key", flat=True).first()
    return None if idempotency_key and before == idempotency_key else Fault.SEEN
