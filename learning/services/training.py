"""A training run, from labels to a judged version, or to the reason why there is none."""

from dataclasses import asdict, dataclass, replace
from time import monotonic

import numpy as np
from django.db import transaction
from django.utils import timezone

from annotations.services.consensus import consensus_refit
from gallery.models import DataSet
from learning.engine import calibration
from learning.engine.arrays import Floats, Pixels
from learning.engine.models.torchvision_nets import WeightsMissing
from learning.engine.prediction import probabilities
from learning.engine.training import Progress, Trained, TrainingConfig, TrainingFailed, cross_validate, train
from learning.models import LEARNING_LOSS, Mode, TrainingExample, TrainingRun
from learning.selectors import Label, champion_of, policy_of, training_labels
from learning.services.inputs import network_of, read_inputs
from learning.services.prediction import load_version
from learning.services.promotion import version_create

FOLDS = 3
LOSS_WEIGHT = 0.2  # of learning to rank losses: they are ranked as well as at 1, and the classes learned no worse
BEAT = 1.0  # seconds between two writes of the progress


class CannotTrain(Exception):  # noqa: N818
    """Why there is nothing to train on, in words for the data set's page."""


@dataclass(frozen=True, eq=False)
class TrainingSet:
    images: list[int]
    x: Pixels | Floats
    targets: Floats
    sources: list[str]
    skipped: dict[int, str]


def run_execute(pk: int) -> TrainingRun | None:
    """Do a run that is due. A run that can't be done ends failed with its reason; the champion stays as it is."""
    if not TrainingRun.objects.filter(pk=pk, due_at__lte=timezone.now()).exists():
        return None
    if not (run := TrainingRun.claim(pk)):
        return None
    # An attempt that was cut short has left how far it came.
    TrainingRun.objects.filter(pk=pk).update(phase="", progress=0.0)
    try:
        _execute(run)
    except (CannotTrain, TrainingFailed, WeightsMissing) as reason:
        run.fail(str(reason), final=True)
    except Exception as error:
        run.fail(f"{type(error).__name__}: {error}")
        raise
    run.refresh_from_db()
    return run


def _execute(run: TrainingRun) -> None:
    report = _Reporter(run)
    report.phase("weighing the crowd's answers")
    consensus_refit(dataset=run.dataset)
    report.phase("reading the pictures")
    policy = policy_of(run.dataset)
    backbone = policy.backbone
    data = _training_set(run.dataset, backbone)
    ranks_losses = LOSS_WEIGHT if policy.strategy == LEARNING_LOSS else 0.0
    config = TrainingConfig(epochs=run.epochs, seed=run.pk, learning_loss=ranks_losses)
    weights = np.ones(len(data.images))
    report.phase("training")
    network, initial = network_of(backbone), _initial(run, backbone)
    trained = train(
        data.x,
        data.targets,
        weights,
        config,
        network=network,
        initial=initial,
        on_progress=report.part(0.0, 0.4),
    )
    report.phase("checking itself on what it has not seen")
    plain = replace(config, learning_loss=0.0)  # the folds are asked for classes alone
    logits = cross_validate(
        data.x, data.targets, weights, plain, FOLDS, network=network, on_progress=report.part(0.4, 0.9)
    )
    report.phase("comparing with the champion")
    _finish(run, backbone, data, trained, config, logits)


def _finish(
    run: TrainingRun,
    backbone: str,
    data: TrainingSet,
    trained: Trained,
    config: TrainingConfig,
    logits: Floats,
) -> None:
    temperature = calibration.fit_temperature(logits, data.targets)
    _store_examples(run, data, logits, temperature)
    version_create(
        run=run,
        backbone=backbone,
        trained=trained,
        temperature=temperature,
        blind=dict(zip(data.images, logits, strict=True)),
        configuration={**asdict(config), "mode": run.mode, "skipped": data.skipped},
    )


def _training_set(dataset: DataSet, backbone: str) -> TrainingSet:
    labels = training_labels(dataset)
    _check(labels)
    inputs = read_inputs([label.image for label in labels], backbone)
    by_image = {label.image: label for label in labels}
    kept = [by_image[image] for image in inputs.ids]
    _check(kept)
    return TrainingSet(
        images=inputs.ids,
        x=inputs.x,
        targets=np.array([label.posterior for label in kept]),
        sources=[label.source for label in kept],
        skipped=inputs.skipped,
    )


def _check(labels: list[Label]) -> None:
    classes = {int(np.argmax(label.posterior)) for label in labels}
    if len(classes) < 2:
        raise CannotTrain(
            "There is nothing to tell apart yet: label pictures of at least two classes, then train again."
        )


def _initial(run: TrainingRun, backbone: str) -> dict[str, object] | None:
    champion = champion_of(run.dataset)
    if run.mode == Mode.NEW_CYCLE or champion is None or champion.backbone != backbone:
        return None
    return load_version(champion).state_dict


def _store_examples(run: TrainingRun, data: TrainingSet, logits: Floats, temperature: float) -> None:
    blind = probabilities(logits, temperature)
    rows = [
        TrainingExample(
            run=run,
            image_id=image,
            target=data.targets[row].round(6).tolist(),
            source=data.sources[row],
            out_of_fold=blind[row].round(4).tolist(),
        )
        for row, image in enumerate(data.images)
    ]
    with transaction.atomic():
        run.examples.all().delete()  # of an attempt that was cut short
        TrainingExample.objects.bulk_create(rows, batch_size=500)


class _Reporter:
    """Writes progress for the page and the heartbeat for the tick, at most once a second."""

    def __init__(self, run: TrainingRun) -> None:
        self.run, self.written = run, 0.0

    def phase(self, name: str) -> None:
        TrainingRun.objects.filter(pk=self.run.pk).update(phase=name, heartbeat_at=timezone.now())

    def part(self, start: float, end: float) -> Progress:
        def on_progress(share: float) -> None:
            if monotonic() - self.written < BEAT and share < 1:
                return
            self.written = monotonic()
            TrainingRun.objects.filter(pk=self.run.pk).update(
                progress=start + (end - start) * share, heartbeat_at=timezone.now()
            )

        return on_progress
