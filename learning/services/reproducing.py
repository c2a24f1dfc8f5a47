"""A version made again from what its run has stored, to see whether it comes out the same."""

from dataclasses import dataclass

import numpy as np

from learning.engine.fit import Checkpoints
from learning.engine.prediction import predict, probabilities
from learning.engine.regimes import Outcome
from learning.models import ModelVersion
from learning.services.inputs import read_inputs
from learning.services.learning import TrainingSet, learn, training_set
from learning.services.planning import CannotTrain, Plan


@dataclass(frozen=True)
class Reproduced:
    """Of the pictures that the version was judged on: how many could be asked about again, the share that is taken for
    the same class, and by how much a confidence differs at most."""

    pictures: int
    same: float
    confidence_off: float


def version_retrain(version: ModelVersion) -> Reproduced:
    """Stores nothing. Raises CannotTrain for a version from before runs kept a plan, or whose pictures are gone."""
    run = version.run
    if not run.plan:
        raise CannotTrain("This version is from before runs kept what they did; it can't be made again.")
    plan = Plan.of(run)
    data = training_set(run, plan)
    outcome = learn(run, plan, data, lambda share: None, Checkpoints(None, lambda blob: None))
    return _compared(version, plan, data, outcome)


def _compared(version: ModelVersion, plan: Plan, data: TrainingSet, outcome: Outcome) -> Reproduced:
    then = {int(image): (cls, sure) for image, (cls, sure) in version.predictions.items()}
    if version.provisional:
        said = dict(zip(data.images, probabilities(outcome.blind, outcome.blind_temperature), strict=True))
    else:
        inputs = read_inputs(sorted(then), plan.reading_of(outcome.trained))
        said = dict(zip(inputs.ids, predict(outcome.trained, inputs.x, outcome.temperature), strict=True))
    common = [image for image in then if image in said]
    if not common:
        raise CannotTrain("None of the pictures that it was judged on is there any more.")
    now = np.array([said[image] for image in common])
    classes, sure = np.array([then[image] for image in common]).T
    return Reproduced(
        pictures=len(common),
        same=float((now.argmax(axis=1) == classes).mean()),
        confidence_off=float(np.abs(now.max(axis=1) - sure).max().round(4)),
    )
