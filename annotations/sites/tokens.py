"""Tokens: what a widget gives the page, and the page's server gives back to us. Signed, and read without a database."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from django.core import signing

PREFIX = "P1_"
SIGNER = signing.Signer(sep=".", salt="annotations.sites.token")
LONGEST = 2048  # letters that are looked at at all


class BadToken(ValueError):  # noqa: N818
    """It isn't one of ours, or not all of it."""


@dataclass(frozen=True)
class Pass:
    """What a token says: who passed, where and when."""

    visit: UUID
    site: int
    at: datetime
    hostname: str
    action: str = ""
    cdata: str = ""


def token_of(passed: Pass) -> str:
    at = round(passed.at.timestamp())
    said = [passed.visit.hex, passed.site, at, passed.hostname, passed.action, passed.cdata]
    return PREFIX + SIGNER.sign_object(said, compress=True)


def token_read(token: str) -> Pass:
    """Raises BadToken."""
    if not token.startswith(PREFIX) or len(token) > LONGEST:
        raise BadToken
    try:
        visit, site, at, *more = SIGNER.unsign_object(token.removeprefix(PREFIX))
    except (signing.BadSignature, ValueError):
        raise BadToken from None
    return Pass(UUID(visit), site, datetime.fromtimestamp(at, UTC), *more)
