"""A data set of many images with many stored votes, where a class is a colour: who looks at a tile can name it."""

import colorsys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.db import connection
from django.db.models import Min, Model
from django.utils import timezone
from PIL import Image as Picture

from accounts.models import User
from annotations.models import (
    Annotator,
    Campaign,
    Challenge,
    ChallengeState,
    Consensus,
    ConsensusState,
    Publication,
    QueueItem,
    Reliability,
    Tile,
)
from gallery.models import DataSet, Image, LabelClass, Source, Split, Tag, Visibility
from gallery.services.datasets import dataset_create
from gallery.services.pictures import clean
from learning.bench.challenges_load import COLOURS
from learning.models import Policy

K = len(COLOURS)
SIDE = 300  # pixels: the thumbnails are as large as any
PEOPLE = 2000  # whose votes are stored
HELD_EVERY = 10  # images: so many of them for one challenge that was answered before
CHUNK = 5000
# Of ten images in a row, which are of one class, six are agreed on, three have two votes, and one has none, or is gold.
AGREED, BEGUN = range(6), range(6, 9)
VOTES_BEGUN = 2

VOTES = """
INSERT INTO annotations_vote (created_at, dataset_id, annotator_id, image_id, kind, answer)
WITH RECURSIVE v(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM v WHERE n + 1 < %(votes)s),
placed(n, voter, place) AS (
    SELECT n, n / %(wide)s, (n %% %(wide)s) / %(of_ten)s * 10 + %(first)s + (n %% %(wide)s) %% %(of_ten)s FROM v
)
SELECT %(now)s, %(dataset)s, %(person)s + (place * 31 + voter * 97) %% %(people)s, %(image)s + place, 0,
    (place / 10 + CASE WHEN (place * 7 + voter * 13) %% 20 = 0 THEN 1 ELSE 0 END) %% %(k)s
FROM placed
"""


@dataclass(frozen=True)
class Many:
    dataset: DataSet
    images: int
    votes: int


def many(name: str, images: int, votes: int) -> Many:
    """`images`, a multiple of 100; `votes` at least 2 for each image that people have begun to answer."""
    owner, _ = User.objects.get_or_create(email="owner@bench.local")
    dataset = dataset_create(owner=owner, name=name, classes=[(colour, colour[0]) for colour in COLOURS])
    dataset.visibility = Visibility.PUBLIC
    dataset.save()
    # As after a full fit: the votes that are stored are in the consensus.
    known = {"publication": Publication.APPROVED, "fitted_votes": votes}
    Campaign.objects.update_or_create(dataset=dataset, defaults=known)
    # A version that were trained of all these labels meanwhile would have the worker that assembles challenges.
    Policy.objects.update_or_create(dataset=dataset, defaults={"automatic": False})
    labels = list(dataset.classes.all())
    _create(Image, _images(dataset, images))
    first = Image.objects.filter(dataset=dataset).aggregate(pk=Min("pk"))["pk"]
    people = _people(dataset)
    begun = images // 10 * len(BEGUN) * VOTES_BEGUN
    _vote(dataset, first, people, AGREED, images, votes - begun)
    _vote(dataset, first, people, BEGUN, images, begun)
    _create(Consensus, _consensus(dataset, first, images, (votes - begun) // (images // 10 * len(AGREED))))
    _create(Tag, _tags(labels, first, images))
    _create(QueueItem, _queue(dataset, first, images))
    _answered(dataset, first, people, images)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the database does by itself, sooner or later
    return Many(dataset, images, votes)


def _create(model: type[Model], rows: Iterable[Any]) -> None:
    rows = iter(rows)
    while chunk := list(islice(rows, CHUNK)):
        model._default_manager.bulk_create(chunk)


def _images(dataset: DataSet, n: int) -> Iterator[Image]:
    """Rows that share the files of K pictures; each says that its pixels are its own."""
    files = [_files(colour) for colour in COLOURS]
    for place in range(n):
        file, thumbnail = files[truth(place)]
        yield Image(
            dataset=dataset,
            uploader_id=dataset.owner_id,
            name=f"picture {place}",
            file=file,
            thumbnail=thumbnail,
            width=SIDE,
            height=SIDE,
            digest=f"{place:064x}",
            split=Split.GOLD if _is_gold(place) else Split.POOL,
        )


def truth(place: int) -> int:
    return place // 10 % K


def _is_gold(place: int) -> bool:
    """One of a hundred images in a row, of another class in the next hundred."""
    return place % 10 == 9 and truth(place) == place // 100 % K


def _files(colour: str) -> tuple[str, str]:
    """Names of a picture's file and thumbnail: the colour under coarse noise."""
    hue, rng = COLOURS[colour], np.random.default_rng(0)
    shade = 255 * np.array(colorsys.hsv_to_rgb(hue, 0.8, 0.8))
    coarse = np.clip(rng.normal(shade, 12, (20, 20, 3)), 0, 255).astype(np.uint8)
    file = BytesIO()
    Picture.fromarray(coarse).resize((SIDE, SIDE), Picture.Resampling.BICUBIC).save(file, "PNG")
    cleaned = clean(file, "picture.png", file.tell())
    storage = Image._meta.get_field("file").storage
    return (
        storage.save(f"images/{colour}{cleaned.suffix}", ContentFile(cleaned.data)),
        storage.save(f"thumbnails/{colour}.webp", ContentFile(cleaned.thumbnail)),
    )


def _people(dataset: DataSet) -> int:
    """The id of the first of those who have voted here."""
    people = Annotator.objects.bulk_create(Annotator() for _ in range(PEOPLE))
    _create(
        Reliability,
        (
            Reliability(dataset=dataset, annotator=one, weight=0.5, evidence=20, accuracy=0.95, low=0.75)
            for one in people
        ),
    )
    return min(one.pk for one in people)


def _vote(dataset: DataSet, first: int, people: int, rows: range, images: int, votes: int) -> None:
    """So many votes on these of every ten images, one right after the other: 19 of 20 are right."""
    values = {"votes": votes, "of_ten": len(rows), "wide": images // 10 * len(rows), "first": rows.start}
    values |= {"dataset": dataset.pk, "person": people, "people": PEOPLE, "image": first, "k": K}
    with connection.cursor() as cursor:
        cursor.execute(VOTES, values | {"now": timezone.now()})


def _consensus(dataset: DataSet, first: int, n: int, votes: int) -> Iterator[Consensus]:
    now = timezone.now()
    for place in range(n):
        if place % 10 not in AGREED and place % 10 not in BEGUN:
            continue
        agreed, cls = place % 10 in AGREED, truth(place)
        sure = 0.999 if agreed else 0.8
        yield Consensus(
            image_id=first + place,
            dataset=dataset,
            posterior=[sure if c == cls else round((1 - sure) / (K - 1), 6) for c in range(K)],
            label=cls,
            confidence=sure,
            votes=votes if agreed else VOTES_BEGUN,
            trusted=votes if agreed else 0,
            state=ConsensusState.ACCEPTED if agreed else ConsensusState.OPEN,
            accepted_at=now if agreed else None,
        )


def _tags(labels: list[LabelClass], first: int, n: int) -> Iterator[Tag]:
    for place in range(n):
        if place % 10 in AGREED or _is_gold(place):
            source = Source.OWNER if _is_gold(place) else Source.CROWD
            yield Tag(image_id=first + place, source=source, label=labels[truth(place)])


def _queue(dataset: DataSet, first: int, n: int) -> Iterator[QueueItem]:
    for place in range(n):
        if place % 10 in BEGUN:
            yield QueueItem(image_id=first + place, dataset=dataset, reason="begun, not yet agreed")


def _answered(dataset: DataSet, first: int, people: int, n: int) -> None:
    """Challenges that were passed before, of images that stood together; the last of each were its controls."""
    now = timezone.now()
    challenges = [
        Challenge(
            dataset=dataset,
            annotator_id=people + number % PEOPLE,
            kind="strip",
            seed=0,
            state=ChallengeState.PASSED,
            answered_at=now,
            expires_at=now,
        )
        for number in range(n // HELD_EVERY)
    ]
    _create(Challenge, challenges)
    _create(
        Tile,
        (
            Tile(
                challenge=challenge,
                position=position,
                image_id=first + 10 * number + (position + 6) % 10,
                truth=truth(10 * number) if position > 5 else None,
            )
            for number, challenge in enumerate(challenges)
            for position in range(10)
        ),
    )
