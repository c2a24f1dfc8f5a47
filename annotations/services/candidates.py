"""Which images may become a person's tiles: controls with a known answer, and unknowns that are worth asking."""

from datetime import timedelta

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from annotations.challenges.tiles import Candidate
from annotations.models import Annotator, ConsensusState, QueueItem, Vote
from annotations.selectors import faces_of, unseen_by
from gallery.models import DataSet, Image, Source, Split, Tag

FIRM = 0.99  # consensus that serves as gold
CONTROLS_CONSIDERED = 400


def controls(dataset: DataSet, annotator: Annotator) -> list[Candidate]:
    """Gold, and consensus so firm that it serves as gold, though never for those who made it firm."""
    images = unseen_by(dataset.images.shown(), annotator).exclude(split=Split.EVALUATION)
    voted = Vote.objects.filter(dataset=dataset, annotator__in=faces_of(annotator)).values("image")
    firm = images.filter(
        consensus__state=ConsensusState.ACCEPTED, consensus__confidence__gte=FIRM, split=Split.POOL
    ).exclude(pk__in=voted)
    gold = images.filter(split=Split.GOLD, tags__source=Source.OWNER)
    truths = list(gold.order_by("?").values_list("pk", "tags__label__index")[:CONTROLS_CONSIDERED])
    truths += firm.order_by("?").values_list("pk", "consensus__label")[:CONTROLS_CONSIDERED]
    return [Candidate(image, truth) for image, truth in dict(truths).items()]


def unknowns(dataset: DataSet, annotator: Annotator, n: int) -> list[Candidate]:
    """What the queue asks first and nobody else is being asked; while it is short, any open image of the pool."""
    now = timezone.now()
    free = QueueItem.objects.filter(dataset=dataset).filter(Q(leased_until=None) | Q(leased_until__lt=now))
    open_images = _open(dataset, annotator)
    queued = list(
        free.filter(image__in=open_images).order_by("-priority", "-score", "id").values_list("image", flat=True)[:n]
    )
    if len(queued) < n:
        waiting = QueueItem.objects.filter(dataset=dataset).values("image")
        queued += open_images.exclude(pk__in=waiting).order_by("?").values_list("pk", flat=True)[: n - len(queued)]
    guesses = dict(Tag.objects.filter(image__in=queued, source=Source.MODEL).values_list("image", "label__index"))
    return [Candidate(image, None, guesses.get(image)) for image in queued]


def lease(images: list[int], lifetime: timedelta) -> None:
    """Keep these unknowns from other solvers for as long as the challenge lives."""
    until = timezone.now() + lifetime
    datasets = dict(Image.objects.filter(pk__in=images).values_list("pk", "dataset"))
    QueueItem.objects.bulk_create(
        [
            QueueItem(image_id=image, dataset_id=dataset, reason="drawn at random")
            for image, dataset in sorted(datasets.items())
        ],
        ignore_conflicts=True,
    )
    QueueItem.objects.filter(image__in=images).update(leased_until=until)


def release(images: list[int]) -> None:
    QueueItem.objects.filter(image__in=images).update(leased_until=None)


def _open(dataset: DataSet, annotator: Annotator) -> QuerySet[Image]:
    """Images without a known class and without an agreed one."""
    images = unseen_by(dataset.images.shown(), annotator).exclude(split=Split.GOLD)
    images = images.exclude(tags__source=Source.OWNER)
    return images.filter(Q(consensus=None) | Q(consensus__state=ConsensusState.OPEN)).order_by(F("id"))
