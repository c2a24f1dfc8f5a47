"""A run's images become arrays, and the engine learns from them by the plan's regime."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from learning.engine.arrays import Booleans, Floats, Pixels
from learning.engine.calibration import fit_temperature
from learning.engine.fit import Checkpoints, Progress
from learning.engine.models.catalogue import HEAD
from learning.engine.online import online
from learning.engine.prediction import logits
from learning.engine.regimes import Outcome, transfer, whole
from learning.engine.stages import Stages
from learning.engine.training import train
from learning.models import ModelVersion, TrainingExample, TrainingRun
from learning.policy_fields import Regime
from learning.services.inputs import Reading, load_backbone, read_inputs
from learning.services.networks import load_version
from learning.services.planning import GUESS, CannotTrain, Plan

FEW = 50  # rows by which no temperature can be told


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The examples that could be read, and their rows. `asked`: those of which a network that has not learned from them
    is to say something."""

    examples: list[TrainingExample]
    x: Pixels | Floats
    targets: Floats
    weights: Floats
    asked: Booleans
    skipped: dict[int, str]

    @property
    def images(self) -> list[int]:
        return [example.image_id for example in self.examples]


def training_set(run: TrainingRun, plan: Plan) -> TrainingSet:
    """Why a picture can't be read is told. Raises CannotTrain when too few can."""
    examples = {example.image_id: example for example in run.examples.order_by("image")}
    inputs = read_inputs(list(examples), plan.reading)
    kept = [examples[image] for image in inputs.ids]
    targets = np.array([example.target for example in kept]).reshape(len(kept), plan.classes)
    guessed = np.array([example.source == GUESS for example in kept], dtype=bool)
    replayed = np.array([example.replayed for example in kept], dtype=bool)
    if plan.regime != Regime.ONLINE and len(set(targets[~guessed].argmax(axis=1).tolist())) < 2:
        raise CannotTrain("Too few of the labelled pictures can be read: there is nothing to tell apart.")
    if not kept:
        raise CannotTrain("None of the new pictures can be read.")
    weights = np.array([example.weight for example in kept])
    return TrainingSet(kept, inputs.x, targets, weights, ~(guessed | replayed), inputs.skipped)


def learn(run: TrainingRun, plan: Plan, data: TrainingSet, on_progress: Progress, checkpoints: Checkpoints) -> Outcome:
    parent = run.dataset.versions.get(number=plan.parent) if plan.parent else None
    if plan.regime == Regime.ONLINE and parent:
        return _online(plan, data, parent, on_progress, checkpoints)
    stages = Stages(checkpoints)
    if plan.regime == Regime.TRANSFER:
        return _transfer(plan, data, on_progress, stages)
    network = HEAD if plan.reading.frozen else plan.backbone
    initial = load_version(parent).state_dict if parent else None
    outcome = whole(
        data.x,
        data.targets,
        data.weights,
        plan.config,
        network=network,
        initial=initial,
        guessed=~data.asked,
        on_progress=on_progress,
        stages=stages,
    )
    if data.asked.all():
        return outcome
    known = data.asked
    without = whole(
        data.x[known],
        data.targets[known],
        data.weights[known],
        plan.config,
        network=network,
        initial=initial,
        stages=stages,
    )
    return replace(outcome, without=without)


def _transfer(plan: Plan, data: TrainingSet, on_progress: Progress, stages: Stages) -> Outcome:
    def pixels() -> Pixels:
        inputs = read_inputs(data.images, Reading(plan.backbone, frozen=False))
        if inputs.ids != data.images:
            raise CannotTrain("Pictures were deleted while they were being learned from. Train again.")
        return inputs.x

    return transfer(
        data.x,
        pixels,
        load_backbone(plan.backbone).body,
        plan.backbone,
        data.targets,
        data.weights,
        plan.config,
        on_progress=on_progress,
        stages=stages,
    )


def _online(
    plan: Plan, data: TrainingSet, parent: ModelVersion, on_progress: Progress, checkpoints: Checkpoints
) -> Outcome:
    """What is said of a new row is what the version before says, which had not seen it (prequential evaluation: J. Gama
    et al. 2013, “On evaluating stream learning algorithms”, §3); what was said of an old one stays said."""
    before = load_version(parent)
    trained = train(
        data.x,
        data.targets,
        data.weights,
        online(plan.config),
        network=before.network,
        initial=before.state_dict,
        standard=before.standard,
        optimiser=before.optimiser or {},
        on_progress=on_progress,
        checkpoints=checkpoints,
    )
    said = _widened(logits(before, data.x), plan.classes)
    fresh = data.asked
    enough = fresh.sum() >= FEW
    temperature = fit_temperature(said[fresh], data.targets[fresh]) if enough else parent.temperature
    return Outcome(trained, temperature, said, parent.temperature, {"replayed": int((~fresh).sum())})


def _widened(said: NDArray[np.float32], n_classes: int) -> NDArray[np.float32]:
    """A class that has come since is as unlikely as the least likely of those before."""
    missing = n_classes - said.shape[1]
    return said if not missing else np.pad(said, ((0, 0), (0, missing)), mode="minimum", stat_length=None)
