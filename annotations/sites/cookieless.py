"""The widget's frames have no cookies: so they need none, and nothing that another page could misuse stands in one."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

ROOM = "/embed/"


class CookielessMiddleware:
    """Whatever comes with a request to a frame isn't read, and nothing is set: neither a session nor a visitor's."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(ROOM):
            return self.get_response(request)
        request.COOKIES = {}
        response = self.get_response(request)
        response.cookies.clear()
        return response
