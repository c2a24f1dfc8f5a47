"""Who may see and decide what here. A stranger gets 404, not 403: what they may not see does not exist for them."""

from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.models import User
from annotations.identity import visitor_of
from annotations.models import Annotator, Challenge, Report
from gallery.access import dataset_read
from gallery.models import DataSet


def reviewer(request: HttpRequest) -> User:
    if not (request.user.is_authenticated and request.user.is_reviewer):
        raise Http404
    return request.user


def annotator_known(request: HttpRequest) -> Annotator | None:
    """The annotator behind a request where there is one already: looking makes nobody."""
    if request.user.is_authenticated:
        return Annotator.objects.filter(user=request.user).first()
    return visitor_of(request)


def challenge_own(request: HttpRequest, pk: UUID) -> Challenge:
    """Challenges are their annotator's alone; anybody else's does not exist."""
    if (annotator := annotator_known(request)) is None:
        raise Http404
    own = Challenge.objects.filter(annotator=annotator).select_related("dataset__campaign", "annotator")
    return get_object_or_404(own.prefetch_related("dataset__classes"), pk=pk)


def person_review(request: HttpRequest, pk: int) -> Annotator:
    """The person behind an annotator, whichever of their faces was named."""
    reviewer(request)
    face = get_object_or_404(Annotator.objects.select_related("user", "same_as__user"), pk=pk)
    return face.same_as or face


def report_review(request: HttpRequest, pk: int) -> Report:
    reviewer(request)
    return get_object_or_404(Report.objects.select_related("image__dataset"), pk=pk)


def dataset_review(request: HttpRequest, pk: int) -> DataSet:
    reviewer(request)
    return dataset_read(request, pk)
