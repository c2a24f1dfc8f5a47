"""Who has told the models most: a person's answers, each by the bits that it tells and by the say that they have.

Nobody is listed under a name that they didn't choose. A score is all that is told of anybody, in whole points.
"""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext

from annotations.models import Annotator, Reliability
from annotations.selectors import approved
from gallery.models import DataSet

SHOWN = 50
FEWEST = 1.0  # bits: who has told less stands on no board, so that nobody gets there by luck


@dataclass(frozen=True)
class Place:
    rank: int
    name: str
    score: int
    you: bool


@dataclass(frozen=True)
class Scoreboard:
    """The first places, and one's own where it is further down."""

    places: list[Place]
    own: Place | None


def scoreboard(*, dataset: DataSet | None, lately: bool, you: Annotator | None) -> Scoreboard:
    """Of one data set, or of all that the public is asked about; of the last seven days, or since the beginning."""
    datasets = [dataset.pk] if dataset else approved().values("pk")
    scores = _scores(datasets, lately=lately)
    first = list(scores.order_by("-score", "annotator")[:SHOWN])
    own = scores.filter(annotator=you.person_id).order_by("annotator").first() if you else None
    further = own if own and own not in first else None
    faces = Annotator.objects.in_bulk([row["annotator"] for row in [*first, *([further] if further else [])]])

    def place(rank: int, row: dict[str, float]) -> Place:
        is_you = you is not None and row["annotator"] == you.person_id
        return Place(rank, name_of(faces[int(row["annotator"])]), round(row["score"]), is_you)

    return Scoreboard(
        [place(rank, row) for rank, row in enumerate(first, start=1)],
        place(scores.filter(score__gt=further["score"]).count() + 1, further) if further else None,
    )


def name_of(annotator: Annotator) -> str:
    """What others may call them: an account by the name it chose, everybody else by a number that tells nothing."""
    if annotator.user_id is None:
        return gettext("Visitor %(number)s") % {"number": annotator.key.hex[:6]}
    return annotator.public_name or gettext("Volunteer %(number)s") % {"number": annotator.key.hex[:6]}


def _scores(datasets: "Collection[int] | QuerySet[DataSet, dict[str, int]]", *, lately: bool) -> QuerySet[Reliability]:
    """A row a person: who is blocked or doesn't want to be listed is left out as of now."""
    answers = F("contribution__lately" if lately else "contribution__answers")
    people = Reliability.objects.filter(dataset__in=datasets, annotator__same_as=None, annotator__imported=None)
    hidden = Annotator.objects.filter(Q(unlisted=True) | Q(blocked_at__isnull=False))
    people = people.exclude(annotator__in=hidden.values(person=Coalesce("same_as_id", "id")))
    totals = people.order_by().values("annotator").annotate(score=Sum(answers * F("bits") * F("weight")))
    return totals.filter(score__gte=FEWEST)
