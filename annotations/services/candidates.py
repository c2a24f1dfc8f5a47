"""Which images may become a person's tiles: controls with a known answer, and unknowns that are worth asking."""

from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from annotations.challenges.tiles import Candidate
from annotations.models import Annotator, ConsensusState, QueueItem
from annotations.selectors import unseen_by
from gallery.models import DataSet, Image, Source, Split, Tag

FIRM = 0.99  # consensus that serves as gold
CONTROLS_CONSIDERED = 400


def controls(dataset: DataSet, annotator: Annotator) -> list[Candidate]:
    """Gold, and consensus so firm that it serves as gold, though never for those who made it firm.

    What is of a class that was removed is no control: nobody could name it.
    """
    images = unseen_by(dataset.images.shown(), annotator).exclude(split=Split.EVALUATION)
    offered = dataset.classes.filter(removed_at=None).values("index")
    firm = images.filter(consensus__state=ConsensusState.ACCEPTED, consensus__confidence__gte=FIRM, split=Split.POOL)
    firm = firm.filter(consensus__label__in=offered)
    gold = images.filter(split=Split.GOLD, tags__source=Source.OWNER, tags__label__removed_at=None)
    truths = list(gold.order_by("?").values_list("pk", "tags__label__index")[:CONTROLS_CONSIDERED])
    truths += firm.order_by("?").values_list("pk", "consensus__label")[:CONTROLS_CONSIDERED]
    return [Candidate(image, truth) for image, truth in dict(truths).items()]


def unknowns(dataset: DataSet, annotator: Annotator, n: int) -> list[Candidate]:
    """What the queue asks first and nobody else is being asked; while it is short, any open image of the pool."""
    open_images = _open(dataset, annotator)
    queued = _free(dataset, open_images, n)
    if len(queued) < n:
        _draw(dataset, open_images, n - len(queued))
        queued = _free(dataset, open_images, n)
    guesses = dict(Tag.objects.filter(image__in=queued, source=Source.MODEL).values_list("image", "label__index"))
    return [Candidate(image, None, guesses.get(image)) for image in queued]


def lease(images: list[int], lifetime: timedelta) -> None:
    """Keep these unknowns from other solvers for as long as the challenge lives."""
    QueueItem.objects.filter(image__in=images).update(leased_until=timezone.now() + lifetime)


def release(images: list[int]) -> None:
    QueueItem.objects.filter(image__in=images).update(leased_until=None)


def _free(dataset: DataSet, images: QuerySet[Image], n: int) -> list[int]:
    """What nobody is being asked. The rows stay locked until they are leased: of two solvers who look at once, the
    second passes over the first's."""
    items = QueueItem.objects.filter(dataset=dataset, image__in=images)
    free = items.filter(Q(leased_until=None) | Q(leased_until__lt=timezone.now()))
    first = free.select_for_update(skip_locked=True).order_by("-priority", "-score", "id")[:n]
    return list(first.values_list("image_id", flat=True))


def _draw(dataset: DataSet, images: QuerySet[Image], n: int) -> None:
    """Put n more images into a queue that ran short."""
    waiting = QueueItem.objects.filter(dataset=dataset).values("image")
    drawn = images.exclude(pk__in=waiting).order_by("?").values_list("pk", flat=True)[:n]
    QueueItem.objects.bulk_create(
        [QueueItem(image_id=image, dataset=dataset, reason="drawn at random") for image in sorted(drawn)],
        ignore_conflicts=True,
    )


def _open(dataset: DataSet, annotator: Annotator) -> QuerySet[Image]:
    """Images without a known class and without an agreed one."""
    images = unseen_by(dataset.images.shown(), annotator).exclude(split=Split.GOLD)
    images = images.exclude(tags__source=Source.OWNER)
    return images.filter(Q(consensus=None) | Q(consensus__state=ConsensusState.OPEN)).order_by(F("id"))
