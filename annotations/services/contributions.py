"""How much everybody has answered, for the scoreboard: counted in the background, never at a request."""

from datetime import timedelta

from django.db import transaction
from django.db.models import Case, F, FloatField, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from annotations.models import AnswerKind, Campaign, Contribution, Reliability, Vote
from annotations.selectors import PERSON, campaign_of
from gallery.models import DataSet

LATELY = timedelta(days=7)
EVERY = timedelta(minutes=10)
AT_LEAST_EVERY = timedelta(hours=1)  # also where nobody answers: the seven days go on


def contributions_if_due(*, dataset: DataSet) -> bool:
    """Count again where the last time is long enough ago. Whether it was counted."""
    last = campaign_of(dataset).contributions_at
    age = timezone.now() - last if last else None
    if last and age and age < AT_LEAST_EVERY and (age < EVERY or not _answered_since(dataset, last)):
        return False
    contributions_refresh(dataset=dataset)
    return True


@transaction.atomic
def contributions_refresh(*, dataset: DataSet) -> None:
    now = timezone.now()
    owner_of = dict(Reliability.objects.filter(dataset=dataset).values_list("annotator", "pk"))
    rows = [
        Contribution(reliability_id=owner_of[person], answers=answers, lately=lately or 0.0)
        for person, answers, lately in _counted(dataset, since=now - LATELY)
        if person in owner_of
    ]
    Contribution.objects.filter(reliability__dataset=dataset).delete()
    Contribution.objects.bulk_create(rows, batch_size=1000)
    Campaign.objects.filter(pk=campaign_of(dataset).pk).update(contributions_at=now)


def _counted(dataset: DataSet, *, since: object) -> "QuerySet[Vote, tuple[int, float, float | None]]":
    """(person, answers, of them lately). Only what was asked counts, once an image: who corrects a picture's class
    again and again has said one thing. «Not c» is the fraction of an answer that it is."""
    part = 1 / max(dataset.classes.count() - 1, 1)
    worth = Case(When(kind=AnswerKind.NO, then=Value(part)), default=Value(1.0), output_field=FloatField())
    votes = (
        Vote.objects.standing().filter(dataset=dataset, challenge__isnull=False).annotate(person=PERSON, worth=worth)
    )
    sums = {"answers": Sum("worth"), "lately": Sum("worth", filter=Q(created_at__gte=since))}
    return votes.order_by().values_list("person").annotate(**sums).values_list("person", *map(F, sums))


def _answered_since(dataset: DataSet, last: object) -> bool:
    newest = Vote.objects.filter(dataset=dataset).order_by("-id").values_list("created_at", flat=True).first()
    return newest is not None and newest >= last
