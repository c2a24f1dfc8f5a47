"""Who may rule on contested pictures, re-grade controls and answer appeals. For everybody else they don't exist."""

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from annotations import access
from annotations.models import Annotator, Appeal
from annotations.selectors import datasets_answered
from gallery.access import image_read, may_write
from gallery.models import DataSet, Image


def image_rule(request: HttpRequest, pk: int) -> Image:
    """Reviewers everywhere; owners in their own data sets."""
    image = image_read(request, pk)
    is_reviewer = request.user.is_authenticated and request.user.is_reviewer
    if not is_reviewer and not may_write(request.user, image.dataset):
        raise Http404
    return image


def image_regrade(request: HttpRequest, pk: int) -> Image:
    """Reviewers alone: who is told that a picture is a control could tell it from the others."""
    access.reviewer(request)
    return image_read(request, pk)


def appeal_review(request: HttpRequest, pk: int) -> Appeal:
    access.reviewer(request)
    return get_object_or_404(Appeal.objects.select_related("annotator__user", "dataset"), pk=pk)


def annotator_judged(request: HttpRequest) -> Annotator | None:
    """Whose record the caller may see. A visitor's cookie opens nothing of the account that they have joined."""
    annotator = access.annotator_known(request)
    joined = annotator is not None and annotator.same_as_id is not None
    return None if joined and not request.user.is_authenticated else annotator


def dataset_judged(request: HttpRequest, pk: int) -> tuple[Annotator, DataSet]:
    """The caller as an annotator, and a data set in which they have answered."""
    if (annotator := annotator_judged(request)) is None:
        raise Http404
    return annotator, get_object_or_404(datasets_answered(annotator), pk=pk)
