"""Questions without pictures are there for nobody but the person they were asked of."""

from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from annotations.access import annotator_known
from annotations.models import Annotator, Unseen
from annotations.selectors import faces_of


def unseen_own(request: HttpRequest, pk: UUID) -> Unseen:
    """A visitor's cookie opens what that visitor was asked; an account, what any of its faces was."""
    if (annotator := annotator_known(request)) is None:
        raise Http404
    faces = faces_of(annotator) if request.user.is_authenticated else Annotator.objects.filter(pk=annotator.pk)
    return get_object_or_404(Unseen, pk=pk, annotator__in=faces)
