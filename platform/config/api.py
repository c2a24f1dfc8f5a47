"""What the whole API shares: pages, and errors as problem details (RFC 9457)."""

from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.views import exception_handler


class Pages(PageNumberPagination):
    page_size_query_param = "page_size"
    max_page_size = 500


class Conflict(exceptions.APIException):
    """What is asked doesn't fit the state that things are in."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"


def problem_details(error: Exception, context: dict[str, Any]) -> Response | None:
    response = exception_handler(error, context)
    if response is None:
        return None
    status = HTTPStatus(response.status_code)
    problem: dict[str, Any] = {"type": "about:blank", "title": status.phrase, "status": status.value}
    if isinstance(error, exceptions.ValidationError):
        problem |= {"detail": "Some fields need another value.", "errors": response.data}
    else:
        problem["detail"] = _detail(error, response)
    response.data = problem
    response.content_type = "application/problem+json"
    return response


def _detail(error: Exception, response: Response) -> str:
    if isinstance(error, Http404):
        return "There is no such thing here, or it is not yours to see."
    if isinstance(error, PermissionDenied):
        return "This is not yours to do."
    return str(response.data.get("detail", error))
