"""How much doubt is left about a person, by what they have shown: on one data set, for a challenge about it, or on
several at once, for what is decided before one is chosen."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet

from annotations.challenges import patience, share
from annotations.models import (
    Annotator,
    Challenge,
    ChallengeState,
    Contradiction,
    ControlAnswer,
    Reliability,
    Vote,
)
from annotations.selectors import faces_of, reliability_of
from annotations.selectors_unseen import Verdicts, with_unseen_failures
from gallery.models import DataSet
from gallery.prepared import Many, One, Prepared

VOTED = Prepared(lambda several: _said(Vote.objects.first_words(), several))
CHECKED = Prepared(lambda several: _said(ControlAnswer.objects.all(), several))
VERDICTS = Prepared(
    lambda several: _verdicts(Challenge.objects.filter(dataset=One("dataset"), annotator__in=several("faces")))
)


def doubt_of(annotator: Annotator, dataset: DataSet, faces: Sequence[Annotator], failed: int) -> float:
    """What is left of it on this data set, where they have failed so often in a row."""
    low, answered = reliability_of(annotator, dataset).low, 0
    for said in (VOTED, CHECKED):
        # Where nothing is believed of them yet, it doesn't matter how much they have answered.
        if low > share.DOUBTED and answered < share.SETTLED:
            answered += len(said.all(dataset=dataset.pk, faces=[face.pk for face in faces]))
    return share.doubt(answered=answered, low=low, failed=failed)


def least_doubt_of(annotator: Annotator, datasets: QuerySet[DataSet]) -> float:
    """What is left where they have shown most; failures on any of the data sets count. A stranger takes one query, and
    somebody who has shown anything four, or five where they have failed just now."""
    shown = Reliability.objects.filter(annotator=annotator.person_id, dataset__in=datasets, low__gt=share.DOUBTED)
    lows = dict(shown.order_by().values_list("dataset", "low"))
    if not lows:
        return 1.0
    faces = faces_of(annotator)
    answered: Counter[int] = Counter()
    for said in (Vote.objects.first_words(), ControlAnswer.objects.all()):
        rows = said.filter(annotator__in=faces, dataset__in=lows).order_by().values_list("dataset")
        answered.update(dict(rows.annotate(n=Count("pk"))))
    graded = _verdicts(Challenge.objects.filter(annotator__in=faces, dataset__in=datasets))
    failed = failed_in_a_row(with_unseen_failures(graded, annotator))
    return min(share.doubt(answered=answered[dataset], low=low, failed=failed) for dataset, low in lows.items())


def verdicts_of(dataset: DataSet, faces: Sequence[Annotator]) -> Verdicts:
    """On challenges of this data set, with failures without pictures beside them."""
    rows = VERDICTS.all(dataset=dataset.pk, faces=[face.pk for face in faces])
    return with_unseen_failures(rows, faces[0])


def failed_in_a_row(verdicts: Verdicts) -> int:
    """Since they last passed."""
    return patience.failed_in_a_row(state == ChallengeState.PASSED for state, _ in verdicts)


def _said(answers: QuerySet[Any], several: Many) -> QuerySet[Any, Any]:
    """As many of their answers as make a difference."""
    rows = answers.filter(dataset=One("dataset"), annotator__in=several("faces"))
    return rows.values_list("pk")[: share.SETTLED]


def _verdicts(challenges: QuerySet[Challenge]) -> QuerySet[Any, Any]:
    """The latest first. Nobody is held up for what trusted people answered, too."""
    rows = challenges.filter(state__in=[ChallengeState.PASSED, ChallengeState.FAILED])
    doubted = Contradiction.objects.filter(image=OuterRef("image"), created_at__gte=OuterRef("created_at"))
    wrong = ControlAnswer.objects.filter(Exists(doubted), challenge=OuterRef("pk"), correct=False)
    rows = rows.exclude(Exists(wrong)).order_by("-answered_at")
    return rows.values_list("state", "answered_at")[: patience.MOST_LOOKED_AT]
