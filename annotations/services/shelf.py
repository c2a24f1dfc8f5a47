"""Challenges that a worker has assembled ahead, with their pictures: to issue one is then to hand it over.

What is ready belongs to nobody yet, so nothing in it is particular to a person but how closely they are checked: it was
composed for one of a few levels of doubt, and serves whoever is doubted less. Whether they have seen any of its
pictures is asked when it is handed over.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import CharField, DateTimeField, Exists, FloatField, OuterRef, Q, QuerySet, UUIDField
from django.utils import timezone

from annotations.challenges import share, worth
from annotations.challenges.registry import GLANCE, KINDS
from annotations.challenges.tiles import NotEnough
from annotations.models import Annotator, Challenge, ChallengeState, QueueItem, Tile, Vote
from annotations.selectors import published, removed_indices
from annotations.services import candidates
from annotations.services.asking import Asking
from annotations.services.assembly import LIFETIME, Assembled, assemble, store
from annotations.services.pictures import pictures_draw
from gallery.models import DataSet, Image
from gallery.prepared import Many, One, Prepared, PreparedUpdate

KEEPER = UUID(int=0)  # the annotator of what nobody was given yet
NOBODY = 0  # no user has this id
KEPT = timedelta(seconds=60)  # then what was known when it was assembled is too old
LOOKED_AT = 3  # ready challenges, for one that somebody has seen nothing of
LATELY = timedelta(seconds=20)  # as many as were issued in this time are kept ready
BATCH = 40  # assembled at a time
AT_ONCE = 2.0  # seconds, after which a worker does what else there is: uploads wait for their tags
SHARE = 0.25  # of the queue, at most, is held for whoever comes

FOUND = Prepared(
    lambda several: (
        Challenge.objects.filter(
            dataset=One("dataset"),
            kind=One("kind", CharField()),
            state=ChallengeState.READY,
            doubt__gte=One("doubt", FloatField()),
            expires_at__gt=One("now", DateTimeField()),
        )
        .order_by("doubt", "assembled_at")
        .select_for_update(skip_locked=True)[:LOOKED_AT]
    )
)
HAND_OVER = PreparedUpdate(
    lambda several: Challenge.objects.filter(pk=One("pk", UUIDField())),
    "annotator",
    "state",
    "issued_at",
    "expires_at",
)
TILES = Prepared(
    lambda several: (
        Tile.objects.filter(challenge__in=several("challenges", UUIDField()))
        .order_by()
        .values_list("challenge", "image", "truth")
    )
)
NOT_FOR = Prepared(lambda several: _unfit(several))


def _unfit(several: Many) -> QuerySet[Any, Any]:
    shown = Tile.objects.filter(challenge__annotator__in=several("faces"), image=OuterRef("pk"))
    named = Vote.objects.filter(annotator__in=several("faces"), image=OuterRef("pk"))
    taken_out = Q(deleted_at__isnull=False) | Q(withdrawn_at__isnull=False) | Q(uploader__in=several("users"))
    rows = Image.objects.filter(Exists(shown) | Exists(named) | taken_out, pk__in=several("images"))
    return rows.order_by().values_list("pk")


def take(
    dataset: DataSet, annotator: Annotator, faces: Sequence[Annotator], kind: str, doubt: float
) -> Challenge | None:
    """One that is ready, handed over to them; None where none is fit. Inside the transaction that issues it."""
    now = timezone.now()
    found = FOUND.objects(Challenge, dataset=dataset.pk, kind=kind, doubt=doubt, now=now)
    for challenge in _fit(dataset, found, faces)[:1]:
        challenge.dataset, challenge.annotator, challenge.state = dataset, annotator, ChallengeState.OPEN
        challenge.issued_at, challenge.expires_at = now, now + LIFETIME
        HAND_OVER.run_for(challenge)
        return challenge
    return None


def _fit(dataset: DataSet, challenges: list[Challenge], faces: Sequence[Annotator]) -> list[Challenge]:
    """Those of pictures that may be shown to them, and about classes that there still are."""
    if not challenges:
        return []
    tiles = TILES.all(challenges=[challenge.pk for challenge in challenges])
    removed = removed_indices(dataset)
    unfit = {pk for pk, _, truth in tiles if truth in removed}
    seen = _not_for({image for _, image, _ in tiles}, faces)
    unfit |= {pk for pk, image, _ in tiles if image in seen}
    return [challenge for challenge in challenges if challenge.pk not in unfit]


def _not_for(images: set[int], faces: Sequence[Annotator]) -> set[int]:
    """Those of them that this person has seen, named or uploaded, and those that nobody is shown."""
    users = [face.user_id for face in faces if face.user_id]
    rows = NOT_FOR.all(images=images, faces=[face.pk for face in faces], users=users or [NOBODY])
    return {image for (image,) in rows}


def wanted() -> QuerySet[DataSet]:
    """Where somebody has asked lately, or something is ready still."""
    rows = Challenge.objects.filter(dataset=OuterRef("pk"))
    lately = rows.filter(issued_at__gte=timezone.now() - LATELY)
    asked = published().filter(Exists(lately) | Exists(rows.filter(state=ChallengeState.READY)))
    return asked.select_related("campaign").prefetch_related("classes")


def stock(dataset: DataSet) -> int:
    """Make ready, of each kind and level, about as many as were issued lately. How many were assembled."""
    # One worker at a time: two would both see what is missing. Should it die, another may after a minute.
    lock = f"annotations.shelf.{dataset.pk}"
    if not cache.add(lock, 1, KEPT.total_seconds()):
        return 0
    try:
        _clear(dataset)
        until = monotonic() + AT_ONCE
        return sum(_assemble(dataset, kind, doubt, n, until) for kind, doubt, n in _missing(dataset))
    finally:
        cache.delete(lock)


def _clear(dataset: DataSet) -> None:
    """What got too old. Nobody has ever seen it."""
    now = timezone.now()
    old = Challenge.objects.filter(dataset=dataset, state=ChallengeState.READY, expires_at__lte=now)
    # Its unknowns are leased for longer than it is kept. Of one that is older still they may be somebody else's by now.
    just = old.filter(expires_at__gt=now - LIFETIME)
    candidates.release(list(Tile.objects.filter(challenge__in=just, truth=None).values_list("image", flat=True)))
    old.delete()


def _missing(dataset: DataSet) -> Iterator[tuple[str, float, int]]:
    since = timezone.now() - LATELY
    # A glance is put together for whom it is for: of a level's strictest it would be two controls, and ask nothing.
    rows = Challenge.objects.filter(dataset=dataset).exclude(kind=GLANCE).order_by()
    issued = rows.filter(issued_at__gte=since).exclude(state=ChallengeState.READY).values_list("kind", "doubt")
    ready = rows.filter(state=ChallengeState.READY).values_list("kind", "doubt")
    there = Counter(ready)
    for (kind, doubt), n in Counter((kind, share.level(doubt)) for kind, doubt in issued).items():
        if n > there[kind, doubt]:
            yield kind, doubt, n - there[kind, doubt]


def _assemble(dataset: DataSet, kind: str, doubt: float, n: int, until: float) -> int:
    made = 0
    while made < n and monotonic() < until and (batch := _batch(dataset, kind, doubt, min(n - made, BATCH))):
        pictures_draw(batch, KEPT + LIFETIME)
        made += len(batch)
    return made


@transaction.atomic
def _batch(dataset: DataSet, kind: str, doubt: float, n: int) -> list[Challenge]:
    """At most n. No unknown stands in two of them, and no control in two where there are others."""
    size = KINDS[kind].size
    held = QueueItem.objects.filter(dataset=dataset, leased_until__gt=timezone.now()).count()
    may_hold = math.floor(SHARE * QueueItem.objects.filter(dataset=dataset).count()) - held
    n = min(n, may_hold // size)
    if n < 1:
        return []
    controls, further = candidates.controls(dataset, None), worth.further(size)
    unknowns = candidates.unknowns(dataset, None, n * size, further)
    asking, assembled = Asking(dataset, kind, unknowns, doubt), list[Assembled]()
    try:
        for _ in range(n):
            one = assemble(asking, controls, unknowns[: size + further])
            used = set(one.images)
            unknowns = [unknown for unknown in unknowns if unknown.image_id not in used]
            controls.sort(key=lambda control: control.image_id in used)
            assembled.append(one)
    except NotEnough:
        pass  # nobody can be asked, or it has to be put together for them
    asking.remember([one.composed for one in assembled])
    annotator, _ = Annotator.objects.get_or_create(key=KEEPER)
    now = timezone.now()
    fields = {"annotator": annotator, "state": ChallengeState.READY, "issued_at": now, "expires_at": now + KEPT}
    return store(dataset, assembled, KEPT + LIFETIME, **fields)
