"""What a site's server does, in any of the three protocols."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.test import Client

PATHS = {
    "hcaptcha": "/siteverify",
    "recaptcha": "/recaptcha/api/siteverify",
    "turnstile": "/turnstile/v0/siteverify",
}
SECONDS = {"hcaptcha": 120, "recaptcha": 120, "turnstile": 300}


def verify(protocol: str, *, method: str = "post", **sent: Any) -> dict[str, Any]:
    return checked(getattr(Client(enforce_csrf_checks=True), method)(PATHS[protocol], **sent))


def verify_bytes(protocol: str, body: bytes, content_type: str, **more: str) -> dict[str, Any]:
    """As they are: the client above would put them in order."""
    return checked(Client(enforce_csrf_checks=True).generic("POST", PATHS[protocol], body, content_type, **more))


def checked(response: HttpResponse) -> dict[str, Any]:
    """The answer, with what clients rely on whatever it is."""
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/json"
    assert not response.cookies
    answer = response.json()
    assert answer["success"] is (answer["error-codes"] == [])
    return answer


def codes(protocol: str, fields: dict[str, str]) -> list[str]:
    return verify(protocol, data=fields)["error-codes"]
