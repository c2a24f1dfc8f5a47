"""Whose challenges, and of which data sets. A challenge is there for nobody but the person it was made for."""

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework.request import Request

from annotations.access import annotator_known
from annotations.models import Annotator, Challenge
from annotations.selectors import approved, faces_of
from gallery.access import dataset_write
from gallery.models import DataSet


def dataset_asked(request: Request, pk: int) -> DataSet:
    """One that the public may be asked about, or the caller's own, to try it. Where its campaign has ended, challenges
    are still answered, and no new one is issued."""
    return approved().filter(pk=pk).first() or dataset_write(request, pk)


def faces_known(request: Request) -> QuerySet[Annotator]:
    """The faces that the caller has answered under; who only looks around leaves no row.

    A visitor's cookie stands for that visitor alone, also after it has joined an account: an old copy of the cookie
    opens nothing of the account's.
    """
    known = annotator_known(request)
    if known is None:
        return Annotator.objects.none()
    return faces_of(known) if request.user.is_authenticated else Annotator.objects.filter(pk=known.pk)


def challenges_own(request: Request, dataset: int) -> QuerySet[Challenge]:
    challenges = Challenge.objects.filter(dataset=dataset_asked(request, dataset), annotator__in=faces_known(request))
    return challenges.select_related("dataset", "annotator")


def challenge_own(request: Request, dataset: int, pk: object) -> Challenge:
    return get_object_or_404(challenges_own(request, dataset), pk=pk)
