"""Which images may become a person's tiles: controls with a known answer, and unknowns that are worth asking."""

from collections import Counter
from datetime import timedelta
from secrets import randbelow

from django.db.models import F, Q, QuerySet
from django.utils import timezone

from annotations.challenges.tiles import Candidate
from annotations.models import Annotator, Consensus, ConsensusState, QueueItem, Tile
from annotations.selectors import UNDECIDED, unseen_by
from gallery.models import DataSet, Image, Source, Split, Tag

FIRM = 0.99  # consensus that serves as gold
CONTROLS_CONSIDERED = 1000  # of each sort, about, however many there are
RECENT = 3000  # controls shown last, to anybody: how far back it is known which were shown often
PRIME = 1_000_003


def controls(dataset: DataSet, annotator: Annotator) -> list[Candidate]:
    """Gold, and consensus so firm that it serves as gold, though never for those who made it firm.

    Those come first that were shown to anybody least often and longest ago. What is of a class that was removed is no
    control: nobody could name it.
    """
    images = unseen_by(dataset.images.shown(), annotator).exclude(split=Split.EVALUATION)
    gold, firm = _gold(dataset, images), _firm(dataset, images)
    lately = _shown_lately()
    return [Candidate(image, truth) for image, truth in (_rotated(gold, lately) | _rotated(firm, lately)).items()]


def unknowns(dataset: DataSet, annotator: Annotator, n: int) -> list[Candidate]:
    """What the queue asks first and nobody else is being asked; while it is short, any open image of the pool.

    What is agreed stands in the queue only where a round wants one answer more to it.
    """
    nameless = _nameless(dataset, annotator)
    asked = nameless.filter(UNDECIDED | Q(consensus__state=ConsensusState.ACCEPTED))
    queued = _free(dataset, asked, n)
    if len(queued) < n:
        _draw(dataset, nameless.filter(UNDECIDED), n - len(queued))
        queued = _free(dataset, asked, n)
    guesses = dict(Tag.objects.filter(image__in=queued, source=Source.MODEL).values_list("image", "label__index"))
    return [Candidate(image, None, guesses.get(image)) for image in queued]


def lease(images: list[int], lifetime: timedelta) -> None:
    """Keep these unknowns from other solvers for as long as the challenge lives."""
    QueueItem.objects.filter(image__in=images).update(leased_until=timezone.now() + lifetime)


def release(images: list[int]) -> None:
    QueueItem.objects.filter(image__in=images).update(leased_until=None)


def _gold(dataset: DataSet, images: QuerySet[Image]) -> dict[int, int]:
    gold = _drawn(images.filter(split=Split.GOLD), dataset.images.filter(split=Split.GOLD).count())
    gold = gold.filter(tags__source=Source.OWNER, tags__label__removed_at=None)
    return dict(gold.values_list("pk", "tags__label__index"))


def _firm(dataset: DataSet, images: QuerySet[Image]) -> dict[int, int]:
    n_accepted = Consensus.objects.filter(dataset=dataset, state=ConsensusState.ACCEPTED).count()
    offered = dataset.classes.filter(removed_at=None).values("index")
    # What a round wants asked again is in doubt, and as a control it would never get its answer.
    agreed = images.filter(split=Split.POOL, consensus__state=ConsensusState.ACCEPTED, queued=None)
    firm = _drawn(agreed, n_accepted)
    firm = firm.filter(consensus__confidence__gte=FIRM, consensus__label__in=offered)
    return dict(firm.values_list("pk", "consensus__label"))


def _drawn(images: QuerySet[Image], n: int) -> QuerySet[Image]:
    """About CONTROLS_CONSIDERED of n images in random order, without sorting or asking more of the others.

    An image is drawn where a hash of its key, another one each time (a·key² + b·key + c modulo a prime), falls low
    enough. So images that were stored class by class are drawn from all over; without the square some draws, about one
    in two hundred, would be of neighbours.
    """
    a, b, c = 1 + randbelow(PRIME - 1), randbelow(PRIME), randbelow(PRIME)
    key = F("pk") % PRIME
    placed = images.annotate(place=(key * key % PRIME * a + key * b + c) % PRIME).order_by("place")
    share = CONTROLS_CONSIDERED / max(n, 1)
    return placed if share >= 1 else placed.filter(place__lt=round(share * PRIME))


def _shown_lately() -> list[int]:
    """The controls that were shown last to anybody, the latest first: as many to read, however many were shown ever."""
    return list(Tile.objects.exclude(truth=None).order_by("-pk").values_list("image", flat=True)[:RECENT])


def _rotated(truths: dict[int, int], lately: list[int]) -> dict[int, int]:
    """Those shown least often and longest ago first, so that no control is everybody's, and none can be learned by
    heart; equals in the order in which they came."""
    times, ago = Counter(lately), {image: place for place, image in reversed(list(enumerate(lately)))}
    order = sorted(truths, key=lambda image: (times[image], -ago.get(image, RECENT)))
    return {image: truths[image] for image in order}


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


def _nameless(dataset: DataSet, annotator: Annotator) -> QuerySet[Image]:
    """Images without a known class."""
    images = unseen_by(dataset.images.shown(), annotator).exclude(split=Split.GOLD)
    return images.exclude(tags__source=Source.OWNER).order_by(F("id"))
