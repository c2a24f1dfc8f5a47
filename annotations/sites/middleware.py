from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from annotations.sites.verify_urls import urlpatterns


class VerifyMiddleware:
    """The short way to `siteverify`. Servers ask there with each form that they get, without a session, a cookie or a
    language, and none of what comes after this may answer them with a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.views = {f"/{route.pattern}": route.callback for route in urlpatterns}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.views.get(request.path_info, self.get_response)(request)
