"""Asking for work: rows for the workers to find. No torch here, so that a web process can ask."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from annotations.services.campaigns import refuse_ended
from gallery.models import DataSet
from gallery.work import WorkState, ring
from learning.engine.strategies.selection import annealed
from learning.models import LEARNING_LOSS, Drift, Mode, ModelVersion, Policy, Retag, SamplingRound, TrainingRun
from learning.selectors import champion_of, current_run, policy_of


@transaction.atomic
def run_request(
    *,
    dataset: DataSet,
    trigger: str,
    mode: Mode = Mode.NEW_CYCLE,
    epochs: int | None = None,
    delay_seconds: float = 0,
) -> TrainingRun:
    """A run, or the one that waits or runs already: later triggers join it, and may bring it forward."""
    due_at = timezone.now() + timedelta(seconds=delay_seconds)
    DataSet.objects.select_for_update().get(pk=dataset.pk)
    run = current_run(dataset)
    if run is None:
        epochs = epochs or policy_of(dataset).epochs
        run = TrainingRun.objects.create(dataset=dataset, mode=mode, epochs=epochs, trigger=trigger, due_at=due_at)
    elif run.state == WorkState.WAITING and due_at < run.due_at:
        run.due_at = due_at
        run.save(update_fields=["due_at"])
    if run.due_at <= timezone.now():
        ring("learning.train", run.pk)
    return run


@transaction.atomic
def round_request(*, dataset: DataSet) -> SamplingRound:
    """A round by the data set's present policy; one that waits already takes it over. Raises NotNow for an ended
    campaign: nobody would be asked."""
    refuse_ended(dataset)
    policy, champion = policy_of(dataset), champion_of(dataset)
    waiting = dataset.rounds.filter(state=WorkState.WAITING).first()
    requested = waiting or SamplingRound(dataset=dataset)
    requested.version, requested.size = champion, policy.round_size
    requested.strategy = _strategy(policy, champion)
    requested.random_share = annealed(policy.random_share, champion.labels if champion else 0, policy.random_halving)
    if champion:  # without a model there is nothing by which two pictures are alike, or odd, or of a class
        requested.duplicates, requested.outliers, requested.balance = policy.duplicates, policy.outliers, policy.balance
    requested.save()
    ring("learning.sample", requested.pk)
    return requested


def _strategy(policy: Policy, champion: ModelVersion | None) -> str:
    """The policy's, as soon as a version can serve it."""
    if champion is None:
        return "random"  # without a model every image is as uncertain as any other
    if policy.strategy == LEARNING_LOSS and not champion.configuration.get("learning_loss"):
        return "margin"  # until the next version, which is trained to tell its loss
    return policy.strategy


@transaction.atomic
def retag_request(version: ModelVersion) -> Retag:
    """Every tag of the data set by this version; asked again it starts over."""
    retag, _ = Retag.objects.update_or_create(
        version=version, defaults={"state": WorkState.WAITING, "attempt": 0, "after": 0, "done": 0}
    )
    ring("learning.retag", retag.pk)
    return retag


@transaction.atomic
def drift_request(version: ModelVersion, *, uploads: int) -> Drift:
    """Compare the latest of so many uploads since the version with what was there before. What was found last stays
    until there is more to say, and should it fail it waits for as many uploads again."""
    drift, _ = Drift.objects.update_or_create(
        version=version, defaults={"state": WorkState.WAITING, "attempt": 0, "seen": uploads}
    )
    ring("learning.drift", drift.pk)
    return drift
