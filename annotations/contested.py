"""Pictures on which people could not agree, in the order in which a reviewer's word on them is worth most."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import User
from annotations import ledger
from annotations.models import AnswerKind, Consensus, ConsensusState, Ruling
from annotations.selectors import blocked_people, contradictions
from gallery.models import DataSet, Image


@dataclass(frozen=True)
class Said:
    """How many people gave one answer: what kind it is, and the index of the class that it is about."""

    kind: AnswerKind
    answer: int
    people: int


def contested(dataset: DataSet | None = None) -> QuerySet[Consensus]:
    """Everywhere, or in one data set, the most valuable first. What is out of sight waits until it is back."""
    rows = Consensus.objects.filter(state=ConsensusState.CONTESTED, image__deleted_at=None, image__withdrawn_at=None)
    if dataset is not None:
        rows = rows.filter(dataset=dataset)
    return rows.select_related("image", "dataset").order_by("-value", "image")


def beyond(rows: QuerySet[Consensus], value: float, image: int) -> QuerySet[Consensus]:
    """Those that come after a place in the order, whether or not its picture is contested still."""
    return rows.filter(Q(value__lt=value) | Q(value=value, image__gt=image))


def answers_on(image: Image) -> list[Said]:
    """What the people who have a say answered, the most frequent first."""
    votes = ledger.read(image.dataset, known={}, without=blocked_people(), images=[image.pk]).votes
    counts = Counter(zip(votes.kind.tolist(), votes.answer.tolist(), strict=True))
    said = [Said(AnswerKind(kind), answer, people) for (kind, answer), people in counts.items()]
    return sorted(said, key=lambda one: (-one.people, one.kind, one.answer))


def doubted_since(image: Image) -> datetime | None:
    """When trusted people contradicted it as a control, where that is so: it was agreed on before."""
    return contradictions(image.dataset, [image.pk]).get(image.pk)


def last_ruling(by: User, dataset: DataSet | None = None) -> Ruling | None:
    """What somebody ruled last, while it still holds."""
    rows = Ruling.objects.filter(decided_by=by).select_related("image__dataset").order_by("-id")
    last = (rows if dataset is None else rows.filter(dataset=dataset)).first()
    if last is None or last.withdrawn or Ruling.objects.filter(image=last.image_id, pk__gt=last.pk).exists():
        return None
    return last
