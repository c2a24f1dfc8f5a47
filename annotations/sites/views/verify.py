"""`siteverify`: a site's server asks whether a person passed. The answer is always 200 and JSON, whatever comes:
clients take anything else for a breakdown, and some break down themselves."""

import logging
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from annotations.sites import test_keys
from annotations.sites.protocols.answers import answer_of, passed, refused
from annotations.sites.protocols.dialect import BAD_REQUEST, Dialect
from annotations.sites.protocols.hcaptcha import HCAPTCHA
from annotations.sites.protocols.recaptcha import RECAPTCHA
from annotations.sites.protocols.turnstile import TURNSTILE
from annotations.sites.services.redeeming import token_redeem
from annotations.sites.tokens import Pass
from annotations.sites.views.verify_fields import BadFields, fields_of

logger = logging.getLogger(__name__)


@csrf_exempt
def siteverify(request: HttpRequest) -> JsonResponse:
    return _verify(request, HCAPTCHA)


@csrf_exempt
def recaptcha_siteverify(request: HttpRequest) -> JsonResponse:
    return _verify(request, RECAPTCHA)


@csrf_exempt
def turnstile_siteverify(request: HttpRequest) -> JsonResponse:
    return _verify(request, TURNSTILE)


@sensitive_post_parameters("secret", "response")
@sensitive_variables()
def _verify(request: HttpRequest, dialect: Dialect) -> JsonResponse:
    try:
        return JsonResponse(_answer(fields_of(request), dialect))
    except BadFields:
        return JsonResponse(refused(BAD_REQUEST))
    except Exception:
        logger.exception("siteverify can't tell a client of %s", dialect.protocol.label)
        return JsonResponse(refused(dialect.trouble))


def _answer(fields: Mapping[str, str], dialect: Dialect) -> dict[str, Any]:
    secret, token = fields.get("secret", ""), fields.get("response", "")
    try:
        also = dialect.also(fields)
    except ValueError:
        raise BadFields from None
    if settings.TEST_KEYS and secret and token:
        error = test_keys.error_of(dialect.protocol.value, secret, token)
        if error is not None:
            return refused(error) if error else passed(_nobody(dialect), dialect)
    return answer_of(token_redeem(secret=secret, token=token, lifetime=dialect.lifetime, **also), dialect)


def _nobody(dialect: Dialect) -> Pass:
    """Who passes with a key of tests."""
    return Pass(UUID(int=0), 0, timezone.now(), test_keys.HOSTNAMES[dialect.protocol.value])
