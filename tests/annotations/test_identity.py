"""Who answers: an account, or a visitor whose cookie joins it at log-in. Only links are written, and can be undone."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from accounts.models import User
from annotations.identity import COOKIE, SALT, AnnotatorMiddleware, annotator_of
from annotations.models import Annotator, Consensus, Reliability, Vote
from annotations.services.annotators import annotator_for, annotator_join, annotator_unjoin
from annotations.services.consensus import consensus_refit
from annotations.services.votes import vote_correct
from gallery.models import DataSet

pytestmark = pytest.mark.django_db


def visit(cookie: str = "", user: User | None = None, *, asks: bool = True) -> tuple[HttpResponse, Annotator | None]:
    """A request through the middleware to a view that asks who is there, or doesn't."""
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    if cookie:
        request.COOKIES[COOKIE] = cookie
    found: list[Annotator] = []

    def view(request: HttpRequest) -> HttpResponse:
        if asks:
            found.append(annotator_of(request))
        return HttpResponse()

    response = AnnotatorMiddleware(view)(request)
    return response, found[0] if found else None


def cookie_of(response: HttpResponse) -> str:
    return response.cookies[COOKIE].value


def test_a_visitor_is_known_again_by_a_signed_cookie() -> None:
    response, first = visit()
    assert response.cookies[COOKIE]["httponly"]
    assert first.key.hex not in cookie_of(response)
    again, second = visit(cookie_of(response))
    assert first == second
    assert COOKIE not in again.cookies


def test_who_only_looks_around_leaves_no_row_and_gets_no_cookie() -> None:
    response, _ = visit(asks=False)
    assert COOKIE not in response.cookies
    assert not Annotator.objects.exists()


def test_behind_tls_the_cookie_is_for_https_alone(settings) -> None:
    assert not visit()[0].cookies[COOKIE]["secure"]
    settings.SESSION_COOKIE_SECURE = True
    assert visit()[0].cookies[COOKIE]["secure"]


@pytest.mark.parametrize("forge", [str, lambda key: signing.dumps(str(key), salt="other"), lambda key: "nonsense"])
def test_a_forged_cookie_is_a_new_visitor(forge) -> None:
    known = Annotator.objects.create()
    _, found = visit(forge(known.key))
    assert found != known


def test_a_cookie_that_names_an_account_opens_nothing(b: Annotator) -> None:
    _, found = visit(signing.dumps(str(b.key), salt=SALT))
    assert found != b
    assert found.user is None


def test_an_account_is_one_annotator_everywhere(bob: User) -> None:
    assert visit(user=bob)[1] == visit(user=bob)[1] == annotator_for(bob)
    assert Annotator.objects.count() == 1


def test_logging_in_joins_the_visitor_to_the_account_and_drops_the_cookie(bob: User) -> None:
    response, visitor = visit()
    after, account = visit(cookie_of(response), bob)
    visitor.refresh_from_db()
    assert (account.user, visitor.same_as, visitor.person_id) == (bob, account, account.pk)
    assert after.cookies[COOKIE]["max-age"] == 0


def test_a_visitor_joins_one_account_only(bob: User, charlie: User) -> None:
    response, visitor = visit()
    visit(cookie_of(response), bob)
    visit(cookie_of(response), charlie)
    visitor.refresh_from_db()
    assert visitor.same_as == annotator_for(bob)


def test_an_account_never_joins_another(b: Annotator, c: Annotator) -> None:
    annotator_join(visitor=b, account=c)
    b.refresh_from_db()
    assert b.same_as is None


@pytest.fixture
def two_faces(dataset: DataSet, pictures, grade, b: Annotator) -> Annotator:
    """A visitor who has named an image otherwise than Bob did before, and one that Bob hasn't."""
    visitor = Annotator.objects.create()
    grade([b, visitor])
    both, one = pictures(2, 1)
    middle, light = dataset.classes.get(index=1), dataset.classes.get(index=2)
    vote_correct(image=both, label=middle, annotator=b)
    vote_correct(image=both, label=light, annotator=visitor)
    vote_correct(image=one, label=middle, annotator=visitor)
    consensus_refit(dataset=dataset)
    return visitor


def derived() -> list:
    return [
        *Consensus.objects.order_by("pk").values("pk", "posterior", "votes", "state"),
        *Reliability.objects.order_by("annotator").values("annotator", "counts", "evidence", "weight"),
    ]


def test_joining_keeps_every_vote_row_and_the_latest_vote_counts(two_faces: Annotator, b: Annotator) -> None:
    rows = list(Vote.objects.order_by("pk").values())
    annotator_join(visitor=two_faces, account=b)
    assert list(Vote.objects.order_by("pk").values()) == rows
    first, second = Consensus.objects.order_by("pk")
    assert (first.votes, first.label, second.votes) == (1, 2, 1)


def test_joining_makes_one_person_of_the_evidence(two_faces: Annotator, b: Annotator) -> None:
    annotator_join(visitor=two_faces, account=b)
    row = Reliability.objects.get()
    assert (row.annotator, round(row.evidence)) == (b, 30)


def test_parting_undoes_the_joining(two_faces: Annotator, b: Annotator) -> None:
    before = derived()
    annotator_join(visitor=two_faces, account=b)
    assert derived() != before
    annotator_unjoin(visitor=two_faces)
    assert derived() == before
    two_faces.refresh_from_db()
    assert two_faces.person_id == two_faces.pk
