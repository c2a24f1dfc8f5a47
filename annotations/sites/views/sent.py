"""What the box sends on its first click."""

import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest
from django.utils.translation import gettext
from rest_framework import serializers

from annotations.sites.hosts import LONGEST
from annotations.sites.models import Protocol


class Unreadable(ValueError):  # noqa: N818 - it tells what was sent
    """The message says what is wrong with it."""


class SentSerializer(serializers.Serializer):
    sitekey = serializers.CharField(max_length=300)
    host = serializers.CharField(max_length=LONGEST, allow_blank=True, source="hostname")
    key = serializers.CharField(max_length=500, allow_blank=True, default="")
    protocol = serializers.ChoiceField(Protocol.choices)
    action = serializers.CharField(max_length=32, allow_blank=True, default="")
    cdata = serializers.CharField(max_length=255, allow_blank=True, trim_whitespace=False, default="")


def sent_read(request: HttpRequest) -> dict[str, Any]:
    """Raises Unreadable."""
    try:
        said = json.loads(request.body)
    except (ValueError, RecursionError, RequestDataTooBig):
        raise Unreadable(gettext("The page has sent what is no JSON.")) from None
    sent = SentSerializer(data=said if isinstance(said, dict) else {})
    if not sent.is_valid():
        words = gettext("The page has sent something that can’t be read: %(fields)s.")
        raise Unreadable(words % {"fields": ", ".join(sent.errors)})
    return dict(sent.validated_data)
