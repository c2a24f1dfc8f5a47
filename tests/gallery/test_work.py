"""Work as rows: claimed once, taken over from a silent worker, ended after three attempts; the bell is a hint."""

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Event

import pytest
from celery.canvas import Signature
from django.db import OperationalError, transaction
from django.utils import timezone

from gallery.models import DataSet, Image, Tagging
from gallery.work import ATTEMPTS, SILENT_AFTER, WorkState, beating, ring

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(dataset: DataSet, alice) -> Tagging:
    image = Image.objects.create(dataset=dataset, uploader=alice, name="a", width=1, height=1, digest="a")
    return Tagging.objects.create(image=image)


def silence(work: Tagging, seconds: float) -> None:
    Tagging.objects.filter(pk=work.pk).update(heartbeat_at=timezone.now() - timedelta(seconds=seconds))


def is_due(work: Tagging) -> bool:
    return Tagging.objects.due().filter(pk=work.pk).exists()


def test_of_two_claims_one_gets_the_row(work: Tagging) -> None:
    mine = Tagging.claim(work.pk)
    assert (mine.state, mine.attempt) == (WorkState.RUNNING, 1)
    assert Tagging.claim(work.pk) is None
    assert Tagging.objects.get(pk=work.pk).attempt == 1


def test_there_is_nothing_to_claim_where_there_is_no_row() -> None:
    assert Tagging.claim(1) is None


def test_a_worker_silent_for_half_a_minute_loses_the_row(work: Tagging) -> None:
    assert timedelta(seconds=30) == SILENT_AFTER
    Tagging.claim(work.pk)
    silence(work, 29)
    assert Tagging.claim(work.pk) is None
    silence(work, 31)
    assert is_due(work)
    assert Tagging.claim(work.pk).attempt == 2


def test_a_heartbeat_keeps_the_row(work: Tagging) -> None:
    mine = Tagging.claim(work.pk)
    silence(work, 31)
    mine.beat()
    assert not is_due(work)
    assert Tagging.claim(work.pk) is None


def test_what_is_done_is_never_claimed_again(work: Tagging) -> None:
    Tagging.claim(work.pk).finish()
    silence(work, 3600)
    assert Tagging.objects.get(pk=work.pk).state == WorkState.DONE
    assert Tagging.claim(work.pk) is None


def test_a_failure_is_tried_again_and_ends_after_three_attempts(work: Tagging) -> None:
    states = []
    for attempt in range(ATTEMPTS):
        Tagging.claim(work.pk).fail(f"broke {attempt}")
        states.append(Tagging.objects.get(pk=work.pk).state)
    assert states == [WorkState.WAITING, WorkState.WAITING, WorkState.FAILED]
    assert Tagging.objects.get(pk=work.pk).error == "broke 2"
    assert Tagging.claim(work.pk) is None


def test_a_hopeless_failure_ends_at_once(work: Tagging) -> None:
    Tagging.claim(work.pk).fail("no picture", final=True)
    assert not is_due(work)
    assert Tagging.objects.get(pk=work.pk).error == "no picture"


def test_the_reason_of_a_failure_goes_with_the_next_attempt(work: Tagging) -> None:
    Tagging.claim(work.pk).fail("broke")
    assert Tagging.claim(work.pk).error == ""


def test_what_takes_its_worker_down_each_time_ends_too(work: Tagging) -> None:
    for _ in range(ATTEMPTS):
        assert Tagging.claim(work.pk)
        silence(work, 31)
    assert Tagging.claim(work.pk) is None
    row = Tagging.objects.get(pk=work.pk)
    assert (row.state, row.error) == (WorkState.FAILED, "Its worker fell silent 3 times.")


# ── The door-bell ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def rung(monkeypatch) -> list[tuple[str, tuple]]:
    heard: list[tuple[str, tuple]] = []
    monkeypatch.setattr(Signature, "apply_async", lambda self, **options: heard.append((self.task, tuple(self.args))))
    return heard


@pytest.fixture
def broken_broker(monkeypatch) -> None:
    def fail(self: Signature, **options: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(Signature, "apply_async", fail)


def test_the_bell_rings_once_the_rows_are_committed(rung, django_capture_on_commit_callbacks) -> None:
    with django_capture_on_commit_callbacks() as callbacks:
        ring("gallery.look", 7)
    assert rung == []
    for callback in callbacks:
        callback()
    assert rung == [("gallery.look", (7,))]


@pytest.mark.django_db(transaction=True)
def test_the_bell_rings_at_once_outside_a_transaction_and_never_for_what_was_rolled_back(rung) -> None:
    ring("gallery.look", 1)
    with pytest.raises(ValueError, match="second thoughts"), transaction.atomic():
        ring("gallery.look", 2)
        raise ValueError("second thoughts")
    with transaction.atomic():
        ring("gallery.look", 3)
        assert len(rung) == 1
    assert rung == [("gallery.look", (1,)), ("gallery.look", (3,))]


def in_a_transaction(job: Callable[[], None]) -> None:
    with transaction.atomic():
        job()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("around", [lambda job: job(), in_a_transaction], ids=["outside", "inside"])
def test_a_broken_broker_costs_nobody_their_work(work: Tagging, broken_broker, around, caplog) -> None:
    def enqueue() -> None:
        Tagging.objects.filter(pk=work.pk).update(error="written in the same breath")
        ring("gallery.look", work.pk)

    with caplog.at_level(logging.ERROR, logger="django.db.backends.base"):
        around(enqueue)
    assert Tagging.objects.get(pk=work.pk).error == "written in the same breath"
    assert is_due(work)


def test_a_database_that_is_busy_for_a_moment_ends_no_heart(work: Tagging, monkeypatch) -> None:
    beats, twice = [], Event()

    def busy() -> None:
        beats.append(1)
        if len(beats) == 2:
            twice.set()
        raise OperationalError("database is locked")

    monkeypatch.setattr("gallery.work.BEAT", 0.001)
    monkeypatch.setattr(work, "beat", busy)
    with beating(work):
        assert twice.wait(10)


@pytest.fixture
def three(dataset: DataSet, alice) -> list[Tagging]:
    images = [
        Image.objects.create(dataset=dataset, uploader=alice, name="a", width=1, height=1, digest=f"{number}")
        for number in range(3)
    ]
    return [Tagging.objects.create(image=image) for image in images]


def test_of_many_rows_those_are_claimed_that_nobody_has(three: list[Tagging]) -> None:
    pks = [row.pk for row in three]
    Tagging.claim(pks[1])
    mine = Tagging.claim_many(pks)
    assert [(row.pk, row.state, row.attempt) for row in mine] == [(pks[0], "running", 1), (pks[2], "running", 1)]
    assert Tagging.claim_many(pks) == []


def test_of_many_rows_one_that_took_its_worker_down_each_time_ends_failed(three: list[Tagging]) -> None:
    pks = [row.pk for row in three]
    for _ in range(ATTEMPTS):
        Tagging.claim(pks[0])
        silence(three[0], 2 * SILENT_AFTER.total_seconds())
    assert [row.pk for row in Tagging.claim_many(pks)] == pks[1:]
    three[0].refresh_from_db()
    assert three[0].state == WorkState.FAILED and "fell silent" in three[0].error


def test_many_are_finished_but_not_what_another_has_taken_over(three: list[Tagging]) -> None:
    mine = Tagging.claim_many([row.pk for row in three])
    silence(three[1], 2 * SILENT_AFTER.total_seconds())
    Tagging.claim(three[1].pk)
    Tagging.finish_many(mine)
    assert [Tagging.objects.get(pk=row.pk).state for row in three] == ["done", "running", "done"]
