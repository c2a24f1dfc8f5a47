"""Who may see what in the widget's frames. A visit's id is known to its own frame alone, and opens that visit's things;
what is another's doesn't exist."""

from uuid import UUID

from django.http import Http404
from django.shortcuts import get_object_or_404

from annotations.models import Challenge, Unseen
from annotations.sites.models import Visit


def visit_of(pk: UUID) -> Visit:
    known = Visit.objects.select_related("site__owner", "annotator", "unseen", "challenge__dataset__campaign")
    return get_object_or_404(known.select_related("challenge__annotator"), pk=pk)


def challenge_of(visit: UUID, pk: UUID) -> Challenge:
    """The one that is asked in this visit now."""
    challenge = visit_of(visit).challenge
    if challenge is None or challenge.pk != pk:
        raise Http404
    return challenge


def unseen_of(visit: UUID) -> Unseen:
    if (unseen := visit_of(visit).unseen) is None:
        raise Http404
    return unseen
