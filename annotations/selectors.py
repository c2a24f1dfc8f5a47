"""Reads that several rooms of this app need."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from django.db import connection
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from annotations.challenges.tiles import Keys
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
from gallery.prepared import One, Prepared

PERSON = Coalesce("annotator__same_as_id", "annotator_id")
GIVEN = Coalesce("challenge__assembled_at", "created_at")  # by what was believed then an answer to a control was graded
UNDECIDED = Q(consensus=None) | Q(consensus__state=ConsensusState.OPEN)  # of images: nobody has agreed on them
CAMPAIGN = Prepared(lambda several: Campaign.objects.filter(dataset=One("dataset")))
FACES = Prepared(lambda several: Annotator.objects.filter(Q(pk=One("person")) | Q(same_as=One("person"))))
RELIABILITY = Prepared(
    lambda several: Reliability.objects.filter(annotator=One("person"), dataset=One("dataset")).order_by()
)
OWNED = Prepared(
    lambda several: (
        Tag.objects.standing()
        .filter(image__in=several("images"), image__dataset=One("dataset"), source=Source.OWNER)
        .values_list("image_id", "label__index")
    )
)
CONTRADICTORS = 2  # trusted people whose answers to a control bring a firm image into doubt


def campaign_of(dataset: DataSet) -> Campaign:
    campaign, _ = Campaign.objects.get_or_create(dataset=dataset)
    return campaign


def campaign_read(dataset: DataSet) -> Campaign:
    """Where there is none yet: as it will be. No row is written."""
    found = CAMPAIGN.objects(Campaign, dataset=dataset.pk)
    return found[0] if found else Campaign(dataset=dataset)


@dataclass(frozen=True)
class Corrections:
    """Of what sort a data set has any at all. Hardly any has, and an answer need not look each of them up."""

    contradicted: bool = True
    regraded: bool = True
    ruled: bool = True
    blocked: bool = True


ANY = Corrections()


def corrections_of(dataset: DataSet) -> Corrections:
    tables = [model._meta.db_table for model in (Contradiction, Regrade, Ruling)]
    ledgers = ", ".join(f"EXISTS (SELECT 1 FROM {table} WHERE dataset_id = %s)" for table in tables)
    blocked = f"EXISTS (SELECT 1 FROM {Annotator._meta.db_table} WHERE blocked_at IS NOT NULL)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {ledgers}, {blocked}", [dataset.pk] * len(tables))
        return Corrections(*map(bool, cursor.fetchone()))


def blocked_people(corrections: Corrections = ANY) -> set[int]:
    """Person ids whose answers count nothing; a block of one face covers all the faces of a person."""
    if not corrections.blocked:
        return set()
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


def faces_read(annotator: Annotator) -> list[Annotator]:
    return FACES.objects(Annotator, person=annotator.person_id)


def is_blocked(annotator: Annotator) -> bool:
    return faces_of(annotator).exclude(blocked_at=None).exists()


def reliability_of(annotator: Annotator, dataset: DataSet) -> Reliability:
    found = RELIABILITY.objects(Reliability, person=annotator.person_id, dataset=dataset.pk)
    return found[0] if found else Reliability(annotator_id=annotator.person_id, dataset=dataset)


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
    dataset: DataSet,
    images: Collection[int] | None = None,
    *,
    without: Collection[int] | None = None,
    corrections: Corrections = ANY,
) -> Known:
    """`without`: people who have no say; by default who is blocked."""
    if images is None:
        rows = Tag.objects.standing().filter(image__dataset=dataset, source=Source.OWNER)
        owned = dict(rows.values_list("image_id", "label__index"))
    else:
        owned = dict(OWNED.all(dataset=dataset.pk, images=set(images)))
    ruled = rulings(dataset, images) if corrections.ruled else {}
    return Known(owned, ruled, doubted_of(dataset, images, without=without) if corrections.contradicted else {})


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
    """Image id → what a reviewer has ruled: a class index, or None for «nobody can tell». None of a removed class."""
    rows = Ruling.objects.filter(dataset=dataset).order_by("id")
    if images is not None:
        rows = rows.filter(image__in=images)
    latest = {image: (label, withdrawn) for image, label, withdrawn in rows.values_list("image", "label", "withdrawn")}
    gone = removed_indices(dataset) if latest else set()
    return {image: label for image, (label, withdrawn) in latest.items() if not withdrawn and label not in gone}


def keys_of(dataset: DataSet) -> Keys:
    return [("", "") if cls.removed_at else (cls.key, cls.name) for cls in dataset.classes.all()]


def removed_indices(dataset: DataSet) -> set[int]:
    return {cls.index for cls in dataset.classes.all() if cls.removed_at}


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


def controls_counted(
    dataset: DataSet, *, without: Collection[int] | None = None, corrections: Corrections = ANY
) -> QuerySet[ControlAnswer]:
    """The control answers that people are graded by. On an image that was contradicted those don't count that were
    asked for before, whatever they say, unless a reviewer has re-graded it since."""
    rows = ControlAnswer.objects.filter(dataset=dataset)
    doubted = contradictions(dataset, without=without) if corrections.contradicted else {}
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
