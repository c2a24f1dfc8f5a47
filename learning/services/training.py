"""A training run, from labels to a judged version, or to the reason why there is none."""

from dataclasses import asdict
from datetime import datetime, timedelta
from time import monotonic

from django.utils import timezone

from annotations.services.consensus import consensus_refit
from gallery.work import beating
from learning.engine.models.torchvision_nets import WeightsMissing
from learning.engine.prediction import probabilities
from learning.engine.regimes import Outcome
from learning.engine.training import TrainingFailed
from learning.models import TrainingExample, TrainingRun
from learning.selectors import policy_of
from learning.services.checkpoints import checkpoint_drop, checkpoints_of
from learning.services.learning import TrainingSet, learn, training_set
from learning.services.planning import CannotTrain, Plan, plan_make
from learning.services.promotion import RunLost, version_create
from learning.services.turns import GaveWay, run_give_way, waited

BEAT = 1.0  # seconds between two writes of the progress
COMPARING = "comparing with the champion"
NO_ROOM = "The model could not be stored"


def run_execute(pk: int) -> TrainingRun | None:
    """Do a run that is due. A run that can't be done ends failed with its reason; the champion stays as it is."""
    before = TrainingRun.objects.filter(pk=pk, due_at__lte=timezone.now()).first()
    if before is None or not (run := TrainingRun.claim(pk)):
        return None
    run.waited += waited(before)
    # An attempt that was cut short has left how far it came.
    TrainingRun.objects.filter(pk=pk).update(phase="", progress=0.0, waited=run.waited)
    try:
        with beating(run):
            _execute(run)
    except (CannotTrain, TrainingFailed, WeightsMissing) as reason:
        run.fail(str(reason), final=True)
    except GaveWay:
        run_give_way(run)
    except RunLost:
        return None  # whoever has it now finishes it
    except Exception as error:
        run.fail(f"{type(error).__name__}: {error}")
        raise
    run.refresh_from_db()
    if not run.going:
        checkpoint_drop(run)
    return run


def _execute(run: TrainingRun) -> None:
    report = _Reporter(run)
    if run.plan:  # an attempt before this one has decided what is done
        plan = Plan.of(run)
    else:
        report.phase("weighing the crowd's answers")
        consensus_refit(dataset=run.dataset)
        plan = plan_make(run)
    allowed = timedelta(minutes=policy_of(run.dataset).deadline_minutes, seconds=run.waited)
    report.deadline = datetime.fromisoformat(plan.begun) + allowed
    report.phase("reading the pictures")
    data = training_set(run, plan)
    report.phase("training")
    outcome = learn(run, plan, data, report.progress, checkpoints_of(run))
    _check_classes(run, plan)
    report.phase(COMPARING)
    _store_blind(run, data, outcome)
    configuration = asdict(outcome.trained.config) | {
        "mode": run.mode,
        "regime": plan.regime,
        "skipped": data.skipped,
        "told": outcome.told,
        "revision": plan.revision,
    }
    try:
        version_create(
            run=run,
            plan=plan,
            outcome=outcome,
            blind=dict(zip(data.images, outcome.blind, strict=True)),
            configuration=configuration,
        )
    except OSError as error:
        raise CannotTrain(f"{NO_ROOM}: {error.strerror or error}.") from error


def _check_classes(run: TrainingRun, plan: Plan) -> None:
    """A class that was added meanwhile the version doesn't know, no more; one that was removed it was taught."""
    since = datetime.fromisoformat(plan.begun)
    if removed := run.dataset.classes.filter(removed_at__gt=since, index__lt=plan.classes).first():
        raise CannotTrain(f"The class “{removed}” was removed while it was being learned. Train again.")


def _store_blind(run: TrainingRun, data: TrainingSet, outcome: Outcome) -> None:
    """Beside each image that was learned from, what a network says of it that had not seen it; no others."""
    run.examples.filter(image__in=data.skipped).delete()
    said = probabilities(outcome.blind, outcome.blind_temperature).round(4)
    for row, example in enumerate(data.examples):
        if data.asked[row]:
            example.out_of_fold = said[row].tolist()
    TrainingExample.objects.bulk_create(
        data.examples,
        batch_size=500,
        update_conflicts=True,
        unique_fields=["run", "image"],
        update_fields=["out_of_fold"],  # a bulk update of thousands takes several times as long
    )


class _Reporter:
    """Writes progress for the page and the heartbeat for the tick, at most once a second; and keeps the deadline."""

    def __init__(self, run: TrainingRun) -> None:
        self.run, self.written = run, 0.0
        self.deadline: datetime | None = None

    def phase(self, name: str) -> None:
        self._write(phase=name)

    def progress(self, share: float) -> None:
        if monotonic() - self.written >= BEAT or share >= 1:
            self.written = monotonic()
            self._write(progress=share)

    def _write(self, **fields: object) -> None:
        now = timezone.now()
        mine = TrainingRun.objects.filter(pk=self.run.pk, attempt=self.run.attempt)
        if not mine.update(heartbeat_at=now, **fields):
            raise RunLost(f"run {self.run.pk} was taken over")
        if self.deadline and now > self.deadline:
            raise CannotTrain("It took longer than this data set's runs may, and was given up.")
