"""One challenge's update through the service, in a database with a million votes: its own time, and all of it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from statistics import median
from time import perf_counter, thread_time
from typing import Any
from unittest.mock import patch

from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from annotations.models import Annotator, Challenge, Consensus, Reliability, Vote
from annotations.selectors import campaign_of
from annotations.services import beliefs, people, posteriors
from annotations.services.consensus import consensus_update
from annotations.services.people import Said
from gallery.models import DataSet, Image, LabelClass
from learning.bench.scratch import scratch

CLASSES = 10
CHALLENGES = 60
TILES = 9
WARM_UP = 5
ARITHMETIC = ((people, "_grade"), (people, "learn"), (beliefs, "read"), (posteriors, "rows_of"))
COUNTS = {f"{t},{(t + shift) % CLASSES}": 16.0 / (1 + 7 * shift) for t in range(CLASSES) for shift in (0, 1)}


def measure_update(n_votes: int, say: Callable[[str], object]) -> dict[str, object]:
    with scratch():
        dataset = _filled(n_votes)
        say(f"{connection.vendor}: {Vote.objects.count():,} votes stored")
        runs = [_one(dataset, number) for number in range(CHALLENGES)][WARM_UP:]
    return {
        "update_ms": _median(run.own for run in runs),
        "update_cpu_ms": _median(run.process for run in runs),
        "update_total_ms": _median(run.total for run in runs),
        "update_queries": max(run.queries for run in runs),
        "database": connection.vendor,
    }


@dataclass(frozen=True)
class Run:
    """Seconds of one update: of its own arithmetic, from rows in memory to rows in memory; of this process, with the
    object-relational mapper's work; and on the clock, with the database's."""

    own: float
    process: float
    total: float
    queries: int


def _one(dataset: DataSet, number: int) -> Run:
    annotator = Annotator.objects.order_by("pk")[number]
    challenge = Challenge.objects.create(
        dataset=dataset, annotator=annotator, kind="strip", seed=number, expires_at=timezone.now()
    )
    images = Image.objects.filter(dataset=dataset).order_by("pk")[number * TILES : (number + 1) * TILES]
    votes = [
        Vote(dataset=dataset, annotator=annotator, image=image, challenge=challenge, kind=0, answer=number % CLASSES)
        for image in images
    ]
    Vote.objects.bulk_create(votes)
    queries: list[str] = []

    def count(execute: Callable[..., Any], sql: str, *args: Any) -> Any:
        queries.append(sql)
        return execute(sql, *args)

    with transaction.atomic(), connection.execute_wrapper(count), _clocked() as own:
        started, process = perf_counter(), thread_time()
        consensus_update(challenge=challenge, said=Said(votes))
        return Run(sum(own), thread_time() - process, perf_counter() - started, len(queries))


@contextmanager
def _clocked() -> Iterator[list[float]]:
    """The seconds that each part of the update takes in which no query is made."""
    seconds: list[float] = []

    def timed(part: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            started = thread_time()
            result = part(*args)
            seconds.append(thread_time() - started)
            return result

        return run

    with ExitStack() as stack:
        for module, name in ARITHMETIC:
            stack.enter_context(patch.object(module, name, timed(getattr(module, name))))
        yield seconds


def _median(seconds: Iterable[float]) -> float:
    return round(1000 * median(seconds), 2)


def _filled(n_votes: int) -> DataSet:
    """Images, people, votes and what is derived of them, written by the database itself: the ORM would take minutes."""
    owner = User.objects.create_user("owner@bench.local")
    dataset = DataSet.objects.create(owner=owner, name="A million votes")
    LabelClass.objects.bulk_create(LabelClass(dataset=dataset, index=i, name=f"class {i}") for i in range(CLASSES))
    campaign_of(dataset)
    n_images, n_people = n_votes // 5, max(CHALLENGES, n_votes // 200)
    people = Annotator.objects.bulk_create([Annotator() for _ in range(n_people)], batch_size=2000)
    Reliability.objects.bulk_create(
        [
            Reliability(
                annotator=person,
                dataset=dataset,
                counts=COUNTS,
                agreed=30.0,
                disagreed=4.0,
                weight=0.9,
                trusted=True,
            )
            for person in people
        ],
        batch_size=500,
    )
    _images(dataset, owner, n_images)
    first = Image.objects.filter(dataset=dataset).order_by("pk").values_list("pk", flat=True)[0]
    _votes(dataset, first, people[0].pk, n_people, n_votes)
    _consensus(dataset)
    return dataset


NUMBERS = (
    "WITH RECURSIVE numbers(i) AS (SELECT CAST(0 AS BIGINT) UNION ALL SELECT i + 1 FROM numbers WHERE i + 1 < %s) "
)


def _images(dataset: DataSet, owner: User, n: int) -> None:
    columns = "dataset_id, uploader_id, name, file, thumbnail, width, height, digest, split, uploaded_at"
    digest = "CAST(i AS TEXT)" if connection.vendor == "sqlite" else "i::text"
    _run(
        f"INSERT INTO {Image._meta.db_table} ({columns}) {NUMBERS}"
        f"SELECT %s, %s, 'image', '', '', 32, 32, {digest}, 'pool', %s FROM numbers",
        [n, dataset.pk, owner.pk, timezone.now()],
    )


def _votes(dataset: DataSet, image: int, person: int, n_people: int, n: int) -> None:
    """Vote i is on image i / 5, four times in five for its class, which is the image's number modulo K."""
    _run(
        f"INSERT INTO {Vote._meta.db_table} (created_at, dataset_id, annotator_id, image_id, kind, answer) {NUMBERS}"
        "SELECT %s, %s, %s + (i * 7919 + i / 5) %% %s, %s + i / 5, 0,"
        " (i / 5 + CASE WHEN (i * 31) %% 5 = 0 THEN 1 + i %% 9 ELSE 0 END) %% %s FROM numbers",
        [n, timezone.now(), dataset.pk, person, n_people, image, CLASSES],
    )


def _consensus(dataset: DataSet) -> None:
    table, images = Consensus._meta.db_table, Image._meta.db_table
    columns = "image_id, dataset_id, posterior, label, confidence, votes, trusted, further, value, state"
    even = str([1 / CLASSES] * CLASSES)
    cast = "" if connection.vendor == "sqlite" else "::jsonb"
    _run(
        f"INSERT INTO {table} ({columns})"
        f" SELECT id, dataset_id, %s{cast}, 0, 0.9, 5, 4, 0, 0, 'open' FROM {images} WHERE dataset_id = %s",
        [even, dataset.pk],
    )


def _run(sql: str, parameters: list[object]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        cursor.execute("ANALYZE")
