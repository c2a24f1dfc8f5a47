"""A fragment is asked for by htmx and set into a page; opened by itself it stands in a page of its own."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def fragment(
    request: HttpRequest, template: str, context: dict[str, Any], *, title: str, status: int = 200
) -> HttpResponse:
    if request.htmx:
        return render(request, template, context, status=status)
    return render(request, "annotations/alone.html", {**context, "fragment": template, "title": title}, status=status)
