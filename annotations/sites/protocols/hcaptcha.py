from datetime import timedelta

from annotations.sites.models import Protocol
from annotations.sites.protocols.dialect import CODES, Dialect
from annotations.sites.services.redeeming import Fault

HCAPTCHA = Dialect(
    Protocol.HCAPTCHA,
    timedelta(seconds=120),
    CODES
    | {
        Fault.OTHER_SITEKEY: "sitekey-secret-mismatch",
        Fault.EXPIRED: "expired-input-response",
        Fault.SEEN: "already-seen-response",
    },
    also=lambda fields: {"sitekey": fields.get("sitekey", "")},
    more=lambda said: {"credit": False},
)
