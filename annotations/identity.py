"""Who answers: an account's annotator, or a visitor's that lives in a signed cookie and joins the account at log-in."""

import uuid
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.db.models import UUIDField
from django.http import HttpRequest, HttpResponse

from annotations.models import Annotator
from annotations.services.annotators import annotator_for, annotator_join
from gallery.prepared import One, Prepared

COOKIE = "tessera_annotator"
SALT = "annotations.identity"
MAX_AGE = 400 * 24 * 3600
VISITOR = Prepared(lambda several: Annotator.objects.filter(key=One("key", UUIDField()), user=None))


def annotator_of(request: HttpRequest) -> Annotator:
    """The annotator behind a request, made on the first question: who only looks around leaves no row."""
    if request.user.is_authenticated:
        return annotator_for(request.user)
    http = getattr(request, "_request", request)
    found = visitor_of(http)
    if found is None:
        found = Annotator.objects.create()
        http.new_visitor = found
    return found


def visitor_of(request: HttpRequest) -> Annotator | None:
    if new := getattr(request, "new_visitor", None):
        return new
    key = visitor_key(request)
    found = VISITOR.objects(Annotator, key=key) if key else []
    return found[0] if found else None


def visitor_key(request: HttpRequest) -> uuid.UUID | None:
    """What the cookie says, without a look whether there is such a visitor."""
    try:
        return uuid.UUID(signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=MAX_AGE))
    except (signing.BadSignature, ValueError, TypeError):
        return None


class AnnotatorMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        joined = self._join(request)
        response = self.get_response(request)
        if visitor := getattr(request, "new_visitor", None):
            set_cookie(response, visitor)
        elif joined:
            response.delete_cookie(COOKIE)
        return response

    def _join(self, request: HttpRequest) -> bool:
        """Somebody logged in who still carries a visitor's cookie: the visitor was them."""
        if COOKIE not in request.COOKIES or isinstance(request.user, AnonymousUser):
            return False
        if visitor := visitor_of(request):
            annotator_join(visitor=visitor, account=annotator_for(request.user))
        return True


def set_cookie(response: HttpResponse, visitor: Annotator) -> None:
    value = signing.dumps(str(visitor.key), salt=SALT)
    response.set_cookie(
        COOKIE, value, max_age=MAX_AGE, httponly=True, samesite="Lax", secure=settings.SESSION_COOKIE_SECURE
    )
