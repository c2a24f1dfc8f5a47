"""What the database says after the load: every vote that a client was told of is there, once."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from annotations.models import AnswerKind, Challenge, ChallengeState, ControlAnswer, Vote
from annotations.selectors import campaign_of
from gallery.models import DataSet

GRADED = [ChallengeState.PASSED, ChallengeState.FAILED]


def reconcile(dataset: DataSet, told: int, answered: Sequence[str]) -> dict[str, object]:
    """`told`: votes that the answers to the challenges `answered` said they had brought."""
    votes = Vote.objects.filter(challenge__in=answered)
    scored = Challenge.objects.filter(pk__in=answered, state__in=GRADED).count()
    return {
        "lost": max(0, told - votes.count()) + len(set(answered)) - scored,
        "doubled": max(0, votes.count() - told) + _twice(votes) + len(answered) - len(set(answered)),
        "double_scored": _twice(ControlAnswer.objects.filter(challenge__in=answered)),
        "above_overlap": _above(dataset, answered),
    }


def _twice(rows: "QuerySet[Any]") -> int:
    """Answers beyond the first of one person on one image."""
    several = rows.values("annotator", "image").annotate(n=Count("pk")).filter(n__gt=1)
    return sum(row["n"] - 1 for row in several)


def _above(dataset: DataSet, answered: Sequence[str]) -> int:
    """Votes of the load on images that had been asked enough. «Not c» is the fraction of an answer that it is."""
    asked = Vote.objects.filter(challenge__in=answered).values("image")
    cap, said_no = campaign_of(dataset).cap, 1 / (dataset.classes.count() - 1)
    heard: dict[int, float] = defaultdict(float)
    above, load = 0, {UUID(challenge) for challenge in answered}
    votes = Vote.objects.filter(dataset=dataset, image__in=asked).order_by("id")
    for image, kind, challenge in votes.values_list("image", "kind", "challenge"):
        above += challenge in load and heard[image] >= cap
        heard[image] += said_no if kind == AnswerKind.NO else 1
    return above
