"""Whose challenges, and of which data sets. A challenge is there for nobody but the person it was made for."""

from django.db.models import Q, QuerySet, UUIDField
from django.http import Http404
from rest_framework.request import Request

from annotations.identity import visitor_key, visitor_of
from annotations.models import Annotator, Challenge
from annotations.selectors import approved
from gallery.access import dataset_write
from gallery.models import DataSet
from gallery.prepared import One, Prepared
from gallery.selectors import classes_read

APPROVED = Prepared(lambda several: approved().filter(pk=One("dataset")))
OWN = Prepared(
    lambda several: Challenge.objects.filter(
        pk=One("pk", UUIDField()), dataset=One("dataset"), annotator__in=several("faces")
    )
)


def dataset_asked(request: Request, pk: int, *, classes: bool = True) -> DataSet:
    """One that the public may be asked about, or the caller's own, to try it. Where its campaign has ended, challenges
    are still answered, and no new one is issued. With its classes, which are asked for often."""
    public = APPROVED.objects(DataSet, dataset=pk)
    dataset = public[0] if public else dataset_write(request, pk)
    return classes_read(dataset) if classes else dataset


def faces_known(request: Request) -> QuerySet[Annotator]:
    """The faces that the caller has answered under; who only looks around leaves no row.

    A visitor's cookie stands for that visitor alone, also after it has joined an account: an old copy of the cookie
    opens nothing of the account's.
    """
    if request.user.is_authenticated:
        return Annotator.objects.filter(Q(user=request.user) | Q(same_as__user=request.user))
    key = visitor_key(request)
    return Annotator.objects.filter(key=key, user=None) if key else Annotator.objects.none()


def challenges_own(request: Request, dataset: int) -> QuerySet[Challenge]:
    own = Challenge.objects.filter(dataset=dataset_asked(request, dataset), annotator__in=faces_known(request))
    return own.select_related("withheld")


def challenge_own(request: Request, dataset: int, pk: object, *, classes: bool = True) -> Challenge:
    """With its data set and who was asked."""
    if request.user.is_authenticated:
        faces = {face.pk: face for face in faces_known(request)}
    else:
        faces = {visitor.pk: visitor} if (visitor := visitor_of(request)) else {}
    asked = dataset_asked(request, dataset, classes=classes)
    found = OWN.objects(Challenge, pk=pk, dataset=dataset, faces=list(faces))
    if not found:
        raise Http404
    found[0].dataset, found[0].annotator = asked, faces[found[0].annotator_id]
    return found[0]
