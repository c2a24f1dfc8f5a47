"""The gate: a challenger serves only if it is better than the champion on labels that neither was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from numpy.typing import NDArray

from annotations.selectors import removed_indices
from annotations.services.opinions import opinions_store
from gallery.models import DataSet
from gallery.work import WorkState
from learning.engine import evaluation
from learning.engine.arrays import Floats
from learning.engine.paired import paired_bootstrap
from learning.engine.prediction import logits, probabilities
from learning.engine.regimes import Outcome
from learning.engine.trained import Trained, serialise
from learning.models import ModelVersion, TrainingRun, VersionState
from learning.selectors import ENOUGH_EVALUATION, champion_of, evaluation_labels, policy_of
from learning.services.inputs import Reading, read_inputs
from learning.services.opinions import opinions_of_run
from learning.services.planning import Plan
from learning.services.prediction import given_present, logits_given_present, predict_images
from learning.services.serving import version_challenge, version_promote

FLOOR = 0.15


@dataclass(frozen=True, eq=False)
class Judged:
    """Both models on the same images (N,): the challenger's logits (N, K), the champion's classes, the truth.

    `guess`: there is no champion to compare with, and the one to beat always names the most frequent class.
    """

    images: list[int]
    logits: Floats
    temperature: float
    before: NDArray[np.int64]
    actual: NDArray[np.int64]
    provisional: bool
    guess: bool

    @cached_property
    def probabilities(self) -> NDArray[np.float32]:
        """Calibrated, as people are shown them."""
        return probabilities(self.logits, self.temperature)


class RunLost(Exception):  # noqa: N818
    """Another worker has taken the run over, after this one was silent for too long."""


def version_create(
    *,
    run: TrainingRun,
    plan: Plan,
    outcome: Outcome,
    blind: Mapping[int, Floats],
    configuration: dict[str, Any],
) -> ModelVersion:
    """Judge what was trained and store it as champion or rejected, once a run.

    `blind`: training image → logits (K,) of a fold that had not seen it.
    """
    champion = champion_of(run.dataset)
    reading = plan.reading_of(outcome.trained)
    judged = _judge(run, reading, outcome, blind, champion)
    # The first to serve has nobody to stand beside.
    shadows = policy_of(run.dataset).shadow and champion is not None
    decision = _decide(judged, run.dataset, passed="Passed, and tried beside it" if shadows else "Promoted")
    # A rejected version has no word on what the crowd should believe, except where no version had one before.
    speaks = decision.promote or not run.dataset.versions.exists()
    opinions = opinions_of_run(run, champion, reading, outcome.trained, outcome.temperature) if speaks else {}
    without = _without(run, reading, outcome.without, judged) if outcome.without else None
    with transaction.atomic():
        if not TrainingRun.objects.filter(pk=run.pk, state=WorkState.RUNNING, attempt=run.attempt).update(
            state=WorkState.DONE, phase="", progress=1.0, finished_at=timezone.now()
        ):
            raise RunLost(f"run {run.pk} was taken over")
        version = _store(run, champion, outcome.trained, judged)
        if without:
            version.metrics["without_self_training"] = without
        version.backbone, version.frozen = reading
        version.configuration, version.labels = configuration, plan.labels - len(configuration["skipped"])
        version.temperature, version.reason = outcome.temperature, decision.reason[:300]
        version.save()
        opinions_store(dataset=run.dataset, version=version.number, rows=opinions)
        if decision.promote and shadows:
            version_challenge(version)
        elif decision.promote:
            version_promote(version)
    return version


def _judge(
    run: TrainingRun,
    reading: Reading,
    outcome: Outcome,
    blind: Mapping[int, Floats],
    champion: ModelVersion | None,
) -> Judged:
    # Of a class that was added since the run began it could know nothing.
    labels = [label for label in evaluation_labels(run.dataset) if label.cls < outcome.trained.n_classes]
    if len(labels) < ENOUGH_EVALUATION:
        return _judge_blind(run, outcome.blind_temperature, blind, champion)
    truth = {label.image: label.cls for label in labels}
    inputs = read_inputs(sorted(truth), reading)
    actual = np.array([truth[image] for image in inputs.ids])
    before = _champion_says(champion, inputs.ids) if champion else _guess(actual)
    said = logits_given_present(logits(outcome.trained, inputs.x), removed_indices(run.dataset))
    return Judged(inputs.ids, said, outcome.temperature, before, actual, provisional=False, guess=champion is None)


def _without(run: TrainingRun, reading: Reading, outcome: Outcome, judged: Judged) -> dict[str, float]:
    """The figures of the same run without pseudo-labels, on what it was judged by."""
    if judged.provisional:
        said, actual = outcome.blind, np.array([cls for _, cls in _blind(run).values()])
    else:
        said, actual = logits(outcome.trained, read_inputs(judged.images, reading).x), judged.actual
    return {"accuracy": evaluation.accuracy(said.argmax(axis=1), actual)}


def _champion_says(champion: ModelVersion, images: Sequence[int]) -> NDArray[np.int64]:
    inputs, shares = predict_images(champion, images)
    said = dict(zip(inputs.ids, shares.argmax(axis=1).tolist(), strict=True))
    return np.array([said[image] for image in images])


def _guess(actual: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.full(len(actual), np.bincount(actual).argmax())


def _judge_blind(
    run: TrainingRun, temperature: float, blind: Mapping[int, Floats], champion: ModelVersion | None
) -> Judged:
    """For want of evaluation labels: by what either said of training images while not having seen them."""
    mine = _blind(run)
    before = _blind(champion.run) if champion else {}
    common = [image for image in mine if image in before]
    images = common or list(mine)
    actual = np.array([mine[image][1] for image in images])
    removed = removed_indices(run.dataset)
    said = [int(np.argmax(given_present(np.array(before[image][0]), removed))) for image in common]
    champion_says = np.array(said) if common else _guess(actual)
    # From the logits: what is stored is rounded.
    mine_says = logits_given_present(np.array([blind[image] for image in images]), removed)
    return Judged(images, mine_says, temperature, champion_says, actual, provisional=True, guess=not common)


def _blind(run: TrainingRun) -> dict[int, tuple[list[float], int]]:
    told = run.examples.exclude(out_of_fold=None).order_by("image")
    rows = told.values_list("image", "out_of_fold", "target")
    return {image: (blind, int(np.argmax(target))) for image, blind, target in rows}


def _decide(judged: Judged, dataset: DataSet, passed: str) -> evaluation.Decision:
    said, n_classes = judged.probabilities.argmax(axis=1), judged.probabilities.shape[1]
    before = evaluation.per_class_accuracy(judged.before, judged.actual, n_classes)
    decision = evaluation.decide(
        paired_bootstrap(judged.before == judged.actual, said == judged.actual),
        evaluation.per_class_accuracy(said, judged.actual, n_classes),
        # A guess is right on all of one class; that is no floor to hold a model to.
        champion_per_class=[] if judged.guess else before,
        floor=FLOOR,
        enough_better=policy_of(dataset).sure_of_better,
        provisional=judged.provisional,
        class_names=[cls.name for cls in dataset.classes.all()],
        passed=passed,
    )
    return replace(decision, reason=_first_words(judged)) if judged.guess and decision.promote else decision


def _first_words(judged: Judged) -> str:
    right = evaluation.accuracy(judged.probabilities.argmax(axis=1), judged.actual)
    basis = " (provisional, by cross-validation)" if judged.provisional else ""
    return f"The first to serve{basis}: right on {right:.1%} of {len(judged.actual)} pictures it had not learned from."


def _store(run: TrainingRun, champion: ModelVersion | None, trained: Trained, judged: Judged) -> ModelVersion:
    last = run.dataset.versions.aggregate(last=Max("number"))["last"] or 0
    said, confidence = judged.probabilities.argmax(axis=1), judged.probabilities.max(axis=1)
    rows = zip(judged.images, said.tolist(), confidence.round(4).tolist(), strict=True)
    version = ModelVersion(
        dataset=run.dataset,
        number=last + 1,
        parent=champion,
        run=run,
        state=VersionState.REJECTED,
        provisional=judged.provisional,
        metrics=evaluation.metrics(
            judged.probabilities, judged.actual, trained.n_classes, uncalibrated=probabilities(judged.logits)
        ),
        predictions={str(image): [cls, sure] for image, cls, sure in rows},
    )
    version.weights.save(f"{run.dataset_id}-{last + 1}.safetensors", ContentFile(serialise(trained)), save=False)
    return version
