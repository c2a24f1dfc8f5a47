"""What a site's server sends to `siteverify`: a form, its parts, or JSON. Whatever else comes is one kind of error."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import BadRequest, SuspiciousOperation
from django.http import HttpRequest, QueryDict
from django.http.multipartparser import MultiPartParserError

NAMES = ("secret", "response", "sitekey", "idempotency_key")
MOST = 2**16  # bytes that are read at all
UNREADABLE = (ValueError, RecursionError, OSError, BadRequest, SuspiciousOperation, MultiPartParserError)


class BadFields(ValueError):  # noqa: N818
    """It can't be read."""


def fields_of(request: HttpRequest) -> dict[str, str]:
    """Those of the fields above that were sent. Raises BadFields."""
    if request.method != "POST":
        raise BadFields
    try:
        given = _given(request)
    except UNREADABLE:
        raise BadFields from None
    found = {name: value for name in NAMES if (value := given.get(name)) is not None}
    if not all(isinstance(value, str) for value in found.values()):
        raise BadFields
    # JSON can spell halves of letters, which no database takes.
    return {name: value.encode(errors="replace").decode() for name, value in found.items()}


def _given(request: HttpRequest) -> Mapping[str, Any]:
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST:
        raise BadFields
    if request.content_type == "multipart/form-data":
        return request.POST
    if request.content_type != "application/json":
        return QueryDict(request.body, encoding="utf-8")
    given = json.loads(request.body)
    if not isinstance(given, dict):
        raise BadFields
    return given
