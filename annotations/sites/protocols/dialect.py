"""What the protocols of `siteverify` differ in, and no more: how long a token lasts, and their words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from annotations.sites.models import Protocol
from annotations.sites.services.redeeming import Fault
from annotations.sites.tokens import Pass

BAD_REQUEST = "bad-request"
# In these they agree.
CODES = {
    Fault.NO_SECRET: "missing-input-secret",
    Fault.BAD_SECRET: "invalid-input-secret",
    Fault.NO_RESPONSE: "missing-input-response",
    Fault.BAD_RESPONSE: "invalid-input-response",
}


@dataclass(frozen=True)
class Dialect:
    """`codes` has its word for each fault, `trouble` that for when we can't tell. `also` reads what else a server may
    send, as arguments of `token_redeem`, and raises ValueError; `more` is what else stands in the answer to a pass."""

    protocol: Protocol
    lifetime: timedelta
    codes: Mapping[Fault, str]
    trouble: str = BAD_REQUEST
    also: Callable[[Mapping[str, str]], dict[str, Any]] = lambda fields: {}
    more: Callable[[Pass], dict[str, object]] = lambda said: {}
