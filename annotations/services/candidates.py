"""Which images may become a person's tiles: controls with a known answer, and unknowns that are worth asking."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from secrets import SystemRandom, randbelow
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from annotations.challenges.tiles import Candidate
from annotations.models import FIRM, Annotator, Consensus, ConsensusState, QueueItem, Tile, Vote
from annotations.selectors import UNDECIDED, faces_of, unseen_by
from annotations.services.opinions import opinions_of
from gallery.mixed import PRIME
from gallery.models import DataSet, Image, LabelClass, Source, Split, Tag
from gallery.prepared import PreparedUpdate
from gallery.selectors import named_by_owner

FEWEST_CONSIDERED, OF_A_CLASS = 400, 20  # controls of each sort that are looked at, where there are so many
CONTROLS_CONSIDERED = 1000  # at most
DRAWN_FROM = 1000  # images at most that are looked through for something to ask, where the queue is short
RECENT = 8000  # tiles shown last, to anybody: how far back it is known which controls were shown often

LEASE = PreparedUpdate(lambda several: QueueItem.objects.filter(image__in=several("images")), "leased_until")


def controls(dataset: DataSet, annotator: Annotator | None) -> list[Candidate]:
    """Gold, and consensus so firm that it serves as gold, though never for those who made it firm; without an
    annotator for whoever comes.

    Those come first that were shown to anybody least often and longest ago. What is of a class that was removed is no
    control: nobody could name it.
    """
    classes = list(dataset.classes.all())
    n = min(max(FEWEST_CONSIDERED, OF_A_CLASS * len(classes)), CONTROLS_CONSIDERED)
    gold, firm = _gold(dataset, n), _firm(dataset, classes, n)
    images = Image.objects.shown().filter(pk__in=[*gold, *firm]).order_by()
    images = unseen_by(images, annotator) if annotator else images
    fit = dict(images.annotate(truth=_said_by_owner()).values_list("pk", "truth"))
    shown = _shown_lately(fit)
    known = {image: fit[image] for image in gold if fit.get(image) is not None}
    agreed = {image: cls for image, cls in firm.items() if image in fit}
    return [Candidate(image, truth) for image, truth in _rotated(known | agreed, shown).items()]


def unknowns(dataset: DataSet, annotator: Annotator | None, n: int, further: int = 0) -> list[Candidate]:
    """What the queue asks first and nobody else is being asked; while it is short, any open image of the pool.

    `further` ones are what a challenge may choose among, where the queue has them.

    What is agreed stands in the queue only where a round wants one answer more to it.
    """
    asked = _asked(dataset, annotator)
    queued = _free(asked, n + further)
    if len(queued) < n:
        _draw(dataset, _nameless(dataset, annotator).filter(UNDECIDED), n - len(queued))
        queued = _free(asked, n)
    tags = Tag.objects.standing().filter(image__in=queued, source=Source.MODEL)
    rows = tags.values_list("image", "label__index", "confidence")
    guesses = {image: (guess, confidence) for image, guess, confidence in rows}
    found = [(image, *guesses.get(image, (None, 0.0))) for image in queued]
    return [Candidate(image, None, guess, confidence=confidence) for image, guess, confidence in found]


def with_rivals(dataset: DataSet, unknowns: list[Candidate]) -> list[Candidate]:
    """The first of them, with the classes by the probability that the model gives them there, where it has had its
    word."""
    said = opinions_of(dataset, [unknown.image_id for unknown in unknowns[:1]])
    likely = {image: tuple(sorted(range(len(p)), key=lambda cls: -p[cls])) for image, p in said.items()}
    return [replace(unknown, likely=likely.get(unknown.image_id, unknown.likely)) for unknown in unknowns]


def lease(images: list[int], lifetime: timedelta) -> None:
    """Keep these unknowns from other solvers for as long as the challenge lives."""
    LEASE.run(images=images, leased_until=timezone.now() + lifetime)


def release(images: list[int]) -> None:
    LEASE.run(images=images, leased_until=None)


def _gold(dataset: DataSet, n: int) -> list[int]:
    """Some of the images that the owner has named for controls, from all over."""
    return [image for (image,) in _from_anywhere(Image.objects.filter(dataset=dataset, split=Split.GOLD), n, "pk")]


def _firm(dataset: DataSet, classes: list[LabelClass], n: int) -> dict[int, int]:
    """Image id → class of some that the crowd has agreed on."""
    agreed = Consensus.objects.filter(dataset=dataset, state=ConsensusState.ACCEPTED, confidence__gte=FIRM)
    # What a round wants asked again is in doubt, and as a control it would never get its answer.
    agreed = agreed.filter(~Exists(QueueItem.objects.filter(image=OuterRef("pk"))), image__split=Split.POOL)
    gone = {cls.index for cls in classes if cls.removed_at}
    return {image: cls for image, cls in _from_anywhere(agreed, n, "pk", "label") if cls not in gone}


def _said_by_owner() -> Subquery:
    tags = Tag.objects.standing().filter(image=OuterRef("pk"), source=Source.OWNER)
    return Subquery(tags.values("label__index"))


def _from_anywhere(rows: QuerySet[Any], n: int, *values: str) -> list[tuple[int, ...]]:
    """Of so many rows at most: by an index, those from a random place on."""
    start = randbelow(PRIME)
    ordered = rows.order_by("place").values_list(*values)
    found = list(ordered.filter(place__gte=start)[:n])
    if len(found) < n:
        found += ordered.filter(place__lt=start)[: n - len(found)]
    SystemRandom().shuffle(found)
    return found


def _shown_lately(images: Collection[int]) -> dict[int, tuple[int, int]]:
    """Image id → how often it was a control lately, to anybody, and its last tile; as far back however many tiles there
    are."""
    newest = Subquery(Tile.objects.order_by("-pk").values("pk")[:1])
    tiles = Tile.objects.filter(pk__gt=newest - RECENT, image__in=images).exclude(truth=None).order_by()
    rows = tiles.values_list("image").annotate(times=Count("pk"), last=Max("pk"))
    return {image: (times, last) for image, times, last in rows}


def _rotated(truths: dict[int, int], shown: dict[int, tuple[int, int]]) -> dict[int, int]:
    """Those shown least often and longest ago first, so that no control is everybody's, and none can be learned by
    heart; equals in the order in which they came."""
    order = sorted(truths, key=lambda image: shown.get(image, (0, 0)))
    return {image: truths[image] for image in order}


def _free(items: QuerySet[QueueItem], n: int) -> list[int]:
    """What nobody is being asked. The rows stay locked until they are leased: of two solvers who look at once, the
    second passes over the first's."""
    free = items.filter(Q(leased_until=None) | Q(leased_until__lt=timezone.now()))
    first = free.select_for_update(skip_locked=True, of=("self",)).order_by("-priority", "-score", "id")[:n]
    return list(first.values_list("image_id", flat=True))


def _draw(dataset: DataSet, images: QuerySet[Image], n: int) -> None:
    """Put n more images into a queue that ran short, of a thousand that stand together by their hash."""
    some = [image for (image,) in _from_anywhere(Image.objects.filter(dataset=dataset), DRAWN_FROM, "pk")]
    drawn = images.filter(pk__in=some, queued=None).order_by("place").values_list("pk", flat=True)[:n]
    QueueItem.objects.bulk_create(
        [QueueItem(image_id=image, dataset=dataset, reason="drawn at random") for image in sorted(drawn)],
        ignore_conflicts=True,
    )


def _asked(dataset: DataSet, annotator: Annotator | None) -> QuerySet[QueueItem]:
    """What this person may be asked of the queue. As a walk along its index, which ends with the first that are fit:
    `unseen_by` would look through all images before."""
    named = Tag.objects.standing().filter(source=Source.OWNER, image=OuterRef("image"))
    settled = [ConsensusState.CONTESTED, ConsensusState.SET_ASIDE]
    items = QueueItem.objects.filter(dataset=dataset, image__deleted_at=None, image__withdrawn_at=None)
    items = items.filter(~Exists(named)).exclude(image__consensus__state__in=settled)
    if annotator is None:
        return items
    faces = dict(faces_of(annotator).values_list("pk", "user"))
    seen = Tile.objects.filter(challenge__annotator__in=faces, image=OuterRef("image"))
    said = Vote.objects.filter(annotator__in=faces, image=OuterRef("image"))
    items = items.filter(~Exists(seen), ~Exists(said))
    return items.exclude(image__uploader__in=[user for user in faces.values() if user])


def _nameless(dataset: DataSet, annotator: Annotator | None) -> QuerySet[Image]:
    """Images without a known class."""
    images = dataset.images.shown()
    return (unseen_by(images, annotator) if annotator else images).exclude(named_by_owner())
