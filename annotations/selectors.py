"""Reads that several rooms of this app need."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from annotations.models import (
    Annotator,
    Campaign,
    ControlAnswer,
    Publication,
    Regrade,
    Reliability,
    Ruling,
    Tile,
    Vote,
)
from gallery.models import DataSet, Image, Source, Tag, Visibility

PERSON = Coalesce("annotator__same_as_id", "annotator_id")


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


def published() -> QuerySet[DataSet]:
    """The data sets that the public is asked about: public, and approved by a reviewer who saw a sample."""
    return DataSet.objects.filter(visibility=Visibility.PUBLIC, campaign__publication=Publication.APPROVED)


@dataclass(frozen=True)
class Known:
    """Image id → class index, as the data set's owner has said, and as reviewers have ruled: None for what nobody can
    tell. The owner's word goes first."""

    owned: dict[int, int]
    ruled: dict[int, int | None]

    @property
    def classes(self) -> dict[int, int]:
        return {image: label for image, label in self.ruled.items() if label is not None} | self.owned


def known_of(dataset: DataSet, images: Collection[int] | None = None) -> Known:
    rows = Tag.objects.filter(image__dataset=dataset, source=Source.OWNER)
    if images is not None:
        rows = rows.filter(image__in=images)
    return Known(dict(rows.values_list("image_id", "label__index")), rulings(dataset, images))


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


def unseen_by(images: QuerySet[Image], annotator: Annotator) -> QuerySet[Image]:
    """Without what this person was ever shown or has said something about, and without their own uploads."""
    faces = faces_of(annotator)
    shown = Tile.objects.filter(challenge__annotator__in=faces).values("image")
    named = Vote.objects.filter(annotator__in=faces).values("image")
    users = [face.user_id for face in faces if face.user_id]
    return images.exclude(pk__in=shown).exclude(pk__in=named).exclude(uploader__in=users)
