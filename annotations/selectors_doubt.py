"""How much doubt is left about a person, over several data sets at once: for what is decided before one is chosen."""

from collections import Counter

from django.db.models import Count, QuerySet

from annotations.challenges import patience, share
from annotations.models import Annotator, Challenge, ChallengeState, ControlAnswer, Reliability, Vote
from annotations.selectors import faces_of
from gallery.models import DataSet


def least_doubt_of(annotator: Annotator, datasets: QuerySet[DataSet]) -> float:
    """What is left where they have shown most; failures on any of the data sets count. A stranger takes one query, and
    somebody who has shown anything four."""
    shown = Reliability.objects.filter(annotator=annotator.person_id, dataset__in=datasets, low__gt=share.DOUBTED)
    lows = dict(shown.order_by().values_list("dataset", "low"))
    if not lows:
        return 1.0
    faces = faces_of(annotator)
    answered: Counter[int] = Counter()
    for said in (Vote.objects.first_words(), ControlAnswer.objects.all()):
        rows = said.filter(annotator__in=faces, dataset__in=lows).order_by().values_list("dataset")
        answered.update(dict(rows.annotate(n=Count("pk"))))
    failed = _failed_in_a_row(faces, datasets)
    return min(share.doubt(answered=answered[dataset], low=low, failed=failed) for dataset, low in lows.items())


def _failed_in_a_row(faces: QuerySet[Annotator], datasets: QuerySet[DataSet]) -> int:
    graded = [ChallengeState.PASSED, ChallengeState.FAILED]
    rows = Challenge.objects.filter(annotator__in=faces, dataset__in=datasets, state__in=graded)
    states = rows.order_by("-answered_at").values_list("state", flat=True)[: patience.MOST_LOOKED_AT]
    return patience.failed_in_a_row(state == ChallengeState.PASSED for state in states)
