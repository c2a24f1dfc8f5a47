"""What the whole API shares: pages, errors as problem details (RFC 9457), and its root."""

import json
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404
from django.utils.translation import gettext
from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView, exception_handler

from annotations.challenges.tiles import AnswerError
from annotations.services.publication import NotNow
from annotations.services.refusals import ChallengeGone, NoChallenge, TooManyTries
from annotations.services.reports import TooManyReports
from annotations.services.review import OwnAnswers
from annotations.spoken import told
from gallery.services.datasets import BadClasses
from learning.services.explanations import TooManyExplanations

# What services raise, with a message for the person who asked.
REFUSALS: dict[type[Exception], HTTPStatus] = {
    AnswerError: HTTPStatus.BAD_REQUEST,
    BadClasses: HTTPStatus.BAD_REQUEST,
    ChallengeGone: HTTPStatus.CONFLICT,
    TooManyTries: HTTPStatus.TOO_MANY_REQUESTS,  # which is a NoChallenge
    NoChallenge: HTTPStatus.CONFLICT,
    NotNow: HTTPStatus.CONFLICT,
    OwnAnswers: HTTPStatus.FORBIDDEN,
    TooManyExplanations: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyReports: HTTPStatus.CONFLICT,
    # Django's own: too many files or fields in one request.
    SuspiciousOperation: HTTPStatus.BAD_REQUEST,
}
MAIN_ADDRESSES = {
    "accounts": "api-accounts",
    "tokens": "api-tokens",
    "me": "api-me",
    "datasets": "api-datasets",
    "sites": "api-sites",
    "reliability": "api-reliability",
    "review": "api-review-annotators",
    "audit": "api-audit",
    "schema": "schema",
    "docs": "api-docs",
}


class Pages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 500


class ApiRoot(APIView):
    permission_classes = (AllowAny,)
    schema = None  # the schema lists all addresses itself

    def get(self, request: Request) -> Response:
        """The main addresses. An address that is not yours to see answers 404."""
        return Response({name: reverse(view, request=request) for name, view in MAIN_ADDRESSES.items()})


api_root = ApiRoot.as_view()


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    response = exception_handler(error, context) or _refusal(error)
    if response is None:
        return None
    status = HTTPStatus(response.status_code)
    problem: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": status.value}
    if isinstance(error, exceptions.ValidationError):
        problem |= {"detail": gettext("Some fields need another value."), "errors": response.data}
    else:
        problem["detail"] = _detail(error, response)
    response.data = _printable(problem)
    # A person who browses is shown the problem in a page.
    if not isinstance(getattr(context["request"], "accepted_renderer", None), BrowsableAPIRenderer):
        response.content_type = "application/problem+json"
    return response


def _refusal(error: Exception) -> Response | None:
    status = next((status for kind, status in REFUSALS.items() if isinstance(error, kind)), None)
    if status is None:
        return None
    headers = {"Retry-After": str(error.seconds)} if isinstance(error, TooManyTries) else {}
    return Response({"detail": told(error)}, status, headers=headers)


def _detail(error: Exception, response: Response) -> str:
    if isinstance(error, Http404):
        return gettext("There is no such thing here, or it is not yours to see.")
    if isinstance(error, PermissionDenied):
        return gettext("This is not yours to do.")
    return str(response.data.get("detail", error))


def _printable(problem: dict[str, Any]) -> dict[str, Any]:
    """A message may quote what was sent, and JSON can send half a character, which no encoding can write."""
    text = json.dumps(problem, default=str, ensure_ascii=False)
    return json.loads(text.encode("utf-8", "replace"))
