"""Ask a Tessera server whether a person stood before your form. One file to copy; it needs nothing but Python 3.9.

    from tessera_verify import Unreachable, verify

    verdict = verify(form["h-captcha-response"], SECRET, server="https://captcha.example")
    if not verdict:
        ...  # show the form again; verdict.errors says why

A token is good once and for two minutes, so ask once, when everything else about the form is right.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timezone
from http.client import HTTPException
from typing import Any

LARGEST = 65536  # bytes of an answer that are read; ours has some 200


class Unreachable(Exception):  # noqa: N818
    """No answer, or none that can be read: whether a person stood there is not known. Fail closed: let nobody in, say
    that it is your fault, and ask for another try a little later. Otherwise whoever can keep your server from ours
    needs no captcha any more."""


@dataclass(frozen=True)
class Verdict:
    """True where the token was taken. `hostname` is the page's on which it was earned, and `at` when; `errors` are the
    codes of a refusal, such as `already-seen-response`."""

    success: bool
    hostname: str | None = None
    at: datetime | None = None
    errors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.success


def verify(
    token: str | None,
    secret: str,
    *,
    server: str,
    remoteip: str | None = None,
    sitekey: str | None = None,
    timeout: float = 5,
) -> Verdict:
    """Whether `token`, the form's field, stands for a person; it is used up by that. A refused one raises nothing.

    `server`: the address of Tessera, such as https://captcha.example. `sitekey`: refuse tokens of other sites of
    yours. `timeout` in seconds. Raises Unreachable, and ValueError where `server` is no address.
    """
    address = _address(server)
    if not token:
        return Verdict(False, errors=("missing-input-response",))
    fields = {"secret": secret, "response": token, "remoteip": remoteip, "sitekey": sitekey}
    sent = urllib.parse.urlencode({name: value for name, value in fields.items() if value}, errors="replace")
    return _read(_post(address, sent.encode(), timeout))


def _address(server: str) -> str:
    if not server.startswith(("https://", "http://")):
        raise ValueError("server: an address such as https://captcha.example")
    return server.rstrip("/") + "/siteverify"


def _post(address: str, sent: bytes, timeout: float) -> bytes:
    request = urllib.request.Request(address, data=sent, headers={"Accept": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return response.read(LARGEST)
    except (OSError, HTTPException) as error:  # an HTTP error and a time-out are OSErrors
        raise Unreachable(f"{address} did not answer: {error}. Let nobody in by this.") from error


def _read(body: bytes) -> Verdict:
    try:
        said: dict[str, Any] = json.loads(body)
        success, errors = said["success"], tuple(said.get("error-codes") or ())
        at = _moment(said.get("challenge_ts"))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreachable("The answer is none of siteverify's. Is the address right? Let nobody in by this.") from error
    return Verdict(success is True, said.get("hostname"), at, errors)


def _moment(text: str | None) -> datetime | None:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc) if text else None  # noqa: UP017 - Python 3.9 has no other name
