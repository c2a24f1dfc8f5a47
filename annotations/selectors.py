"""Reads that several rooms of this app need."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotations.models import (
    Annotator,
    Campaign,
    ConsensusState,
    Contradiction,
    ControlAnswer,
    Publication,
    QueueItem,
    Regrade,
    Reliability,
    Ruling,
    Tile,
    Vote,
)
from gallery.models import DataSet, Image, Source, Tag, Visibility

PERSON = Coalesce("annotator__same_as_id", "annotator_id")
GIVEN = Coalesce("challenge__issued_at", "created_at")  # by what was believed then an answer to a control was graded
UNDECIDED = Q(consensus=None) | Q(consensus__state=ConsensusState.OPEN)  # of images: nobody has agreed on them
CONTRADICTORS = 2  # trusted people whose answers to a control bring a firm image into doubt


def campaign_of(dataset: DataSet) -> Campaign:
    campaign, _ = Campaign.objects.get_or_create(dataset=dataset)
    return campaign


def blocked_people() -> set[int]:
    """Person ids whose answers count nothing; a block of one face covers all the faces of a person."""
    rows = Annotator.objects.exclude(blocked_at=None)
    return set(rows.values_list(Coalesce("same_as_id", F("id")), flat=True))


def faces_of(annotator: Annotator) -> QuerySet[Annotator]:
    return Annotator.objects.filter(Q(pk=annotator.person_id) | Q(same_as=annotator.person_id))


def datasets_answered(annotator: Annotator) -> QuerySet[DataSet]:
    """Where any of a person's faces ever answered, in the order in which their campaigns are locked."""
    faces = faces_of(annotator)
    voted = Vote.objects.filter(annotator__in=faces).values("dataset")
    checked = ControlAnswer.objects.filter(annotator__in=faces).values("dataset")
    return DataSet.objects.filter(Q(pk__in=voted) | Q(pk__in=checked)).order_by("pk")


def is_blocked(annotator: Annotator) -> bool:
    return faces_of(annotator).exclude(blocked_at=None).exists()


def reliability_of(annotator: Annotator, dataset: DataSet) -> Reliability:
    found = Reliability.objects.filter(annotator_id=annotator.person_id, dataset=dataset).first()
    return found or Reliability(annotator_id=annotator.person_id, dataset=dataset)


def approved() -> QuerySet[DataSet]:
    """The data sets that the public may be asked about: public, and approved by a reviewer who saw a sample."""
    return DataSet.objects.filter(visibility=Visibility.PUBLIC, campaign__publication=Publication.APPROVED)


def published() -> QuerySet[DataSet]:
    """Those that it is asked about: whose campaign has not ended."""
    return approved().filter(campaign__ended_at=None)


def not_begun(dataset: DataSet) -> QuerySet[QueueItem]:
    """What waits, held by nobody on lease and without an answer. What is asked again although people agree counts too:
    it has waited for one answer more in vain."""
    waiting = QueueItem.objects.filter(dataset=dataset).exclude(leased_until__gt=timezone.now())
    return waiting.filter(Q(image__consensus=None) | Q(image__consensus__state=ConsensusState.ACCEPTED))


def has_ended(dataset: DataSet) -> bool:
    return Campaign.objects.filter(dataset=dataset).exclude(ended_at=None).exists()


@dataclass(frozen=True)
class Known:
    """Image id → class index, as the data set's owner has said, and as reviewers have ruled: None for what nobody can
    tell. The owner's word goes first. `doubted`: contradicted image id → who has voted on it since."""

    owned: dict[int, int]
    ruled: dict[int, int | None]
    doubted: dict[int, set[int]] = field(default_factory=dict)

    @property
    def classes(self) -> dict[int, int]:
        return {image: label for image, label in self.ruled.items() if label is not None} | self.owned


def known_of(
    dataset: DataSet, images: Collection[int] | None = None, *, without: Collection[int] | None = None
) -> Known:
    """`without`: people who have no say; by default who is blocked."""
    rows = Tag.objects.filter(image__dataset=dataset, source=Source.OWNER)
    if images is not None:
        rows = rows.filter(image__in=images)
    owned = dict(rows.values_list("image_id", "label__index"))
    return Known(owned, rulings(dataset, images), doubted_of(dataset, images, without=without))


def doubted_of(
    dataset: DataSet, images: Collection[int] | None = None, *, without: Collection[int] | None = None
) -> dict[int, set[int]]:
    """Contradicted image id → who has voted on it since, see `contradictions`."""
    since = contradictions(dataset, images, without=without)
    people: dict[int, set[int]] = {image: set() for image in since}
    if people:
        votes = Vote.objects.filter(image__in=people).annotate(person=PERSON)
        for image, person, at in votes.values_list("image", "person", "created_at"):
            if at > since[image]:
                people[image].add(person)
    return people


def known_classes(dataset: DataSet, images: Collection[int] | None = None) -> dict[int, int]:
    """Image id → class index, where the data set's owner has said, or a reviewer has ruled, what it is."""
    return known_of(dataset, images).classes


def rulings(dataset: DataSet, images: Collection[int] | None = None) -> dict[int, int | None]:
    """Image id → what a reviewer has ruled: a class index, or None for «nobody can tell»."""
    rows = Ruling.objects.filter(dataset=dataset).order_by("id")
    if images is not None:
        rows = rows.filter(image__in=images)
    latest = {image: (label, withdrawn) for image, label, withdrawn in rows.values_list("image", "label", "withdrawn")}
    return {image: label for image, (label, withdrawn) in latest.items() if not withdrawn}


def regraded(dataset: DataSet) -> dict[int, int | None]:
    """Image id → the truth that answers on it count against by now, None where they count not at all."""
    return dict(Regrade.objects.filter(dataset=dataset).order_by("id").values_list("image", "truth"))


def contradictions(
    dataset: DataSet, images: Collection[int] | None = None, *, without: Collection[int] | None = None
) -> dict[int, datetime]:
    """Image id → when enough trusted people had last contradicted it as a control, not counting those `without` a say
    (by default who is blocked): their block gives the image back."""
    rows = Contradiction.objects.filter(dataset=dataset).order_by("id")
    if images is not None:
        rows = rows.filter(image__in=images)
    found = list(rows.values_list("image", "created_at", "answers"))
    if not found:
        return {}
    said = ControlAnswer.objects.filter(pk__in=set(chain.from_iterable(answers for *_, answers in found)))
    person_of = dict(said.annotate(person=PERSON).values_list("pk", "person"))
    unheard = blocked_people() if without is None else set(without)
    return {
        image: at
        for image, at, answers in found
        if len({person_of[answer] for answer in answers} - unheard) >= CONTRADICTORS
    }


def controls_counted(dataset: DataSet, *, without: Collection[int] | None = None) -> QuerySet[ControlAnswer]:
    """The control answers that people are graded by. On an image that was contradicted those don't count that were
    asked for before, whatever they say, unless a reviewer has re-graded it since."""
    rows = ControlAnswer.objects.filter(dataset=dataset)
    doubted = contradictions(dataset, without=without)
    if not doubted:
        return rows
    latest = Regrade.objects.filter(image__in=doubted).order_by("id").values_list("image", "created_at")
    settled = {image for image, at in dict(latest).items() if at > doubted[image]}
    asked = rows.filter(image__in=doubted.keys() - settled).values_list("pk", "image", GIVEN)
    return rows.exclude(pk__in=[pk for pk, image, at in asked if at <= doubted[image]])


def unseen_by(images: QuerySet[Image], annotator: Annotator) -> QuerySet[Image]:
    """Without what this person was ever shown or has said something about, and without their own uploads."""
    faces = faces_of(annotator)
    shown = Tile.objects.filter(challenge__annotator__in=faces).values("image")
    named = Vote.objects.filter(annotator__in=faces).values("image")
    users = [face.user_id for face in faces if face.user_id]
    return images.exclude(pk__in=shown).exclude(pk__in=named).exclude(uploader__in=users)
