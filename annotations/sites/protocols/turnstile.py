from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from annotations.sites.models import Protocol
from annotations.sites.protocols.dialect import CODES, Dialect
from annotations.sites.protocols.recaptcha import LATE_OR_AGAIN
from annotations.sites.services.redeeming import Fault


def _idempotency(fields: Mapping[str, str]) -> dict[str, Any]:
    key = fields.get("idempotency_key")
    return {"idempotency_key": UUID(key) if key else None}


TURNSTILE = Dialect(
    Protocol.TURNSTILE,
    timedelta(seconds=300),
    CODES | {Fault.EXPIRED: LATE_OR_AGAIN, Fault.SEEN: LATE_OR_AGAIN},
    trouble="internal-error",
    also=_idempotency,
    more=lambda said: {"action": said.action, "cdata": said.cdata},
)
