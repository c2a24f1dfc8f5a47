from datetime import timedelta

from annotations.sites.models import Protocol
from annotations.sites.protocols.dialect import CODES, Dialect
from annotations.sites.services.redeeming import Fault

LATE_OR_AGAIN = "timeout-or-duplicate"

RECAPTCHA = Dialect(
    Protocol.RECAPTCHA,
    timedelta(seconds=120),
    CODES | {Fault.EXPIRED: LATE_OR_AGAIN, Fault.SEEN: LATE_OR_AGAIN},
)
