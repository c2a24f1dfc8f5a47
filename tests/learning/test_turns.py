"""A long run gives way to what others wait for, and comes to the same version all the same."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from accounts.models import User
from gallery.models import DataSet
from gallery.services.datasets import dataset_create
from gallery.work import ATTEMPTS, WorkState
from learning.engine.fit import Checkpoints
from learning.models import Policy, Retag, TrainingRun
from learning.selectors import champion_of, policy_of
from learning.services import checkpoints, turns
from learning.services.reproducing import version_retrain
from learning.services.requests import run_request
from learning.services.training import run_execute
from learning.services.turns import next_run
from learning.views.status import gather

LONG_AGO = timedelta(minutes=1)


@pytest.fixture
def slices(settings, monkeypatch) -> None:
    """Each checkpoint is the end of a turn."""
    settings.TRAIN_SLICE = 0
    monkeypatch.setattr(checkpoints, "Checkpoints", partial(Checkpoints, seconds=0.0))


@pytest.fixture
def other(alice: User) -> DataSet:
    return dataset_create(owner=alice, name="Others", classes=[("a", ""), ("b", "")])


def waiting(dataset: DataSet) -> TrainingRun:
    run = run_request(dataset=dataset, trigger="a test")
    TrainingRun.objects.filter(pk=run.pk).update(due_at=timezone.now() - LONG_AGO)
    return run


def test_a_run_gives_way_again_and_again_and_loses_nothing(learnable, other, slices):
    run, small = waiting(learnable), waiting(other)
    for turn in range(1, ATTEMPTS + 3):
        run_execute(run.pk)
        run.refresh_from_db()
        assert (run.state, run.turns, run.attempt, run.error) == (WorkState.WAITING, turn, turn, "")
        assert next_run() == small.pk
    run_execute(small.pk)  # there is nothing to learn there: it fails, and waits no longer
    done = run_execute(run.pk)
    assert done.state == WorkState.DONE and champion_of(learnable) == done.version
    assert version_retrain(done.version).confidence_off == 0.0


def test_it_gives_way_to_a_re_tag_too(learnable, other, serve, slices):
    version = serve()
    Retag.objects.create(version=version)
    Retag.objects.update(created_at=timezone.now() - LONG_AGO)
    assert run_execute(waiting(learnable).pk).turns == 1


def test_alone_it_goes_on(learnable, slices):
    assert run_execute(waiting(learnable).pk).state == WorkState.DONE


def test_its_turn_is_as_long_as_the_settings_say(learnable, other, slices, settings):
    settings.TRAIN_SLICE = 3600
    waiting(other)
    assert run_execute(waiting(learnable).pk).state == WorkState.DONE


def test_what_a_free_worker_is_about_to_take_is_not_waited_for(learnable, other, slices, monkeypatch):
    monkeypatch.setattr(turns, "WAITS", 2 * LONG_AGO)
    waiting(other)
    assert run_execute(waiting(learnable).pk).state == WorkState.DONE


def test_without_a_checkpoint_to_go_on_from_it_does_not_give_way(learnable, other, slices, monkeypatch):
    waiting(other)
    monkeypatch.setattr(checkpoints, "checkpoint_keep", lambda run, blob: False)
    assert run_execute(waiting(learnable).pk).state == WorkState.DONE


def test_the_next_is_who_had_a_turn_longest_ago(learnable, other, alice):
    third = dataset_create(owner=alice, name="Third", classes=[("a", ""), ("b", "")])
    first, second, fresh = waiting(learnable), waiting(other), waiting(third)
    now = timezone.now()
    TrainingRun.objects.filter(pk=first.pk).update(heartbeat_at=now)
    TrainingRun.objects.filter(pk=second.pk).update(heartbeat_at=now - LONG_AGO)
    assert next_run() == fresh.pk
    TrainingRun.objects.filter(pk=fresh.pk).update(due_at=now + LONG_AGO)
    assert next_run() == second.pk


def test_the_time_of_others_is_not_its_own(learnable, other, slices):
    policy = policy_of(learnable)
    Policy.objects.filter(pk=policy.pk).update(deadline_minutes=1)
    run, small = waiting(learnable), waiting(other)
    run_execute(run.pk)
    run.refresh_from_db()
    hours = timedelta(hours=3)
    run.plan["begun"] = (timezone.now() - hours).isoformat()
    TrainingRun.objects.filter(pk=run.pk).update(plan=run.plan, heartbeat_at=timezone.now() - hours)
    run_execute(small.pk)
    done = run_execute(run.pk)
    assert done.state == WorkState.DONE and done.waited == pytest.approx(hours.total_seconds(), rel=0.01)


def test_the_page_says_that_it_lets_others_have_their_turn(learnable, other, slices):
    waiting(other)
    run_execute(waiting(learnable).pk)
    assert gather(learnable)["run_words"].startswith("Lets others have their turn")
