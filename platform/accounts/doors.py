"""What the doors of the API share: reading what was sent, and who is let in. Pages with passwords share the limit."""

import math
from collections.abc import Callable, Mapping
from functools import wraps
from ipaddress import IPv6Address, ip_address
from typing import Any

from django.conf import settings
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext, ngettext
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView


def given(
    data: Mapping[str, Any], reader: type[serializers.BaseSerializer], *, changes: Model | None = None
) -> dict[str, Any]:
    """What was sent, read and checked. With `changes`, the row that it changes, every field may be left out."""
    serializer = reader(changes, data=data, partial=changes is not None)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


class Share(serializers.FloatField):
    """A number from 0 to 1, or other limits. «NaN» passes every comparison with a limit, so it is asked for by name."""

    def __init__(self, *, min_value: float = 0, max_value: float = 1, **options: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **options)

    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class Reviewers(BasePermission):
    """For everybody else these rooms don't exist."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if request.user.is_authenticated and request.user.is_reviewer:
            return True
        raise NotFound(gettext("There is no such thing here, or it is not yours to see."))


def network_of(request: Request | HttpRequest) -> str:
    """Where a request comes from, as a keyed hash alone."""
    # Without a proxy of ours in front, the header is whatever the client writes into it.
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "") if settings.BEHIND_TLS else ""
    address = forwarded.rpartition(",")[2].strip() or request.META.get("REMOTE_ADDR", "")
    return salted_hmac("accounts.doors", _network(address)).hexdigest()


def _network(address: str) -> str:
    """Of IPv6 the first half: whoever has an address has all those that differ in the second."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped) if found.ipv4_mapped else f"{int(found) >> 64:x}::/64"


class PerAddress(SimpleRateThrottle):
    """Guessing passwords takes time: so many tries a minute from one address, which is kept as a keyed hash alone."""

    scope = "address"
    rate = "20/min"

    def get_cache_key(self, request: Request | HttpRequest, view: object = None) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}

    def get_ident(self, request: Request | HttpRequest) -> str:
        return network_of(request)


def per_address(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The same limit, by the same count, for a page. Looking at its form is free."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        throttle = PerAddress()
        if request.method != "POST" or throttle.allow_request(request, None):
            return view(request, *args, **kwargs)
        seconds = math.ceil(throttle.wait() or 1)
        again = ngettext("Try again in %(n)s second.", "Try again in %(n)s seconds.", seconds)
        response = render(request, "429.html", {"next": again % {"n": seconds}}, status=429)
        response.headers["Retry-After"] = str(seconds)
        return response

    return guarded
