"""What `siteverify` answers, in the words of each protocol."""

from typing import Any

from annotations.sites.protocols.dialect import Dialect
from annotations.sites.services.redeeming import Redeemed
from annotations.sites.tokens import Pass


def answer_of(redeemed: Redeemed, dialect: Dialect) -> dict[str, Any]:
    return refused(dialect.codes[redeemed.fault]) if redeemed.fault else passed(redeemed.said, dialect)


def refused(code: str) -> dict[str, Any]:
    return {"success": False, "error-codes": [code]}


def passed(said: Pass, dialect: Dialect) -> dict[str, Any]:
    """Without an empty list of errors one client breaks down."""
    at = said.at.strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = {"success": True, "challenge_ts": at, "hostname": said.hostname, "error-codes": []}
    return answer | dialect.more(said)
