"""What a run does, decided when it first begins and stored with it: its settings, and every image that it learns from.

An attempt that takes over from one that was cut short, and `manage.py retrain`, find the same inputs here.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from django.db import transaction
from django.utils import timezone

from learning.engine.models import catalogue
from learning.engine.online import replayed
from learning.engine.self_training import pseudo_labels
from learning.engine.trained import Trained, TrainingConfig
from learning.models import LEARNING_LOSS, Mode, ModelVersion, Policy, TrainingExample, TrainingRun
from learning.policy_fields import Regime
from learning.revision import revision
from learning.selectors import (
    ENOUGH_EVALUATION,
    Label,
    askable_pool,
    champion_of,
    evaluation_labels,
    policy_of,
    training_labels,
)
from learning.services.inputs import Reading
from learning.services.prediction import predict_images

LOSS_WEIGHT = 0.2  # of learning to rank losses: they are ranked as well as at 1, and the classes learned no worse
GUESSED_FROM = 5000  # images of the pool that pseudo-labels are drawn from, others each run
GUESS = "model"


class CannotTrain(Exception):  # noqa: N818
    """Why there is nothing to train on, in words for the data set's page."""


@dataclass(frozen=True)
class Plan:
    """`regime`: scratch, head, transfer or online. `frozen`: whether the backbone's stored features are what is learned
    from, at first at least. `parent`: the number of the version whose weights it goes on from.
    `classes` and `labels`: as many as there were. `begun`: when, ISO 8601. `revision`: of the code."""

    backbone: str
    regime: str
    frozen: bool
    config: TrainingConfig
    parent: int | None
    classes: int
    labels: int
    begun: str
    revision: str

    @property
    def reading(self) -> Reading:
        """What is learned from."""
        return Reading(self.backbone, self.frozen)

    def reading_of(self, trained: Trained) -> Reading:
        """What the outcome looks at: the pictures, where a second stage was kept."""
        return Reading(self.backbone, frozen=trained.network == catalogue.HEAD)

    @classmethod
    def of(cls, run: TrainingRun) -> "Plan":
        facts: dict[str, Any] = dict(run.plan)
        return cls(**{**facts, "config": TrainingConfig(**facts["config"])})


def plan_make(run: TrainingRun) -> Plan:
    """Raises CannotTrain where there are not two classes to tell apart."""
    begun = timezone.now()  # a class that is removed from here on was perhaps learned from
    policy, champion, labels = policy_of(run.dataset), champion_of(run.dataset), training_labels(run.dataset)
    regime = _regime(policy, run, champion)
    frozen = _frozen(policy, regime)
    if champion and regime == Regime.ONLINE:
        frozen = champion.frozen
    goes_on = champion and run.mode != Mode.NEW_CYCLE and _fits(champion, policy) and champion.frozen == frozen
    plan = Plan(
        backbone=policy.backbone,
        regime=regime,
        frozen=frozen,
        config=_config(policy, run),
        parent=champion.number if champion and goes_on else None,
        classes=len(labels[0].posterior) if labels else 0,  # as many as there were when they were read
        labels=len(labels),
        begun=begun.isoformat(),
        revision=revision(),
    )
    rows = _examples(run, plan, labels, policy, champion)
    with transaction.atomic():
        run.plan = asdict(plan)
        run.save(update_fields=["plan"])
        run.examples.all().delete()
        TrainingExample.objects.bulk_create(rows, batch_size=500)
    return plan


def _regime(policy: Policy, run: TrainingRun, champion: ModelVersion | None) -> str:
    pretrained = catalogue.entry(policy.backbone).pretrained
    usual = Regime.HEAD if pretrained else Regime.SCRATCH
    if run.mode == Mode.ONLINE:
        return Regime.ONLINE if champion and _can_learn_online(champion, policy) else usual
    return policy.regime if pretrained and policy.regime not in (Regime.AUTO, Regime.ONLINE) else usual


def _can_learn_online(champion: ModelVersion, policy: Policy) -> bool:
    """Without evaluation labels a challenger is judged by what folds say, and a buffer has no folds."""
    return _fits(champion, policy) and len(evaluation_labels(champion.dataset)) >= ENOUGH_EVALUATION


def _fits(champion: ModelVersion, policy: Policy) -> bool:
    """Whether its weights are such as the policy wants."""
    head = champion.configuration.get("head", policy.head)
    return (champion.backbone, head) == (policy.backbone, policy.head)


def _frozen(policy: Policy, regime: str) -> bool:
    return catalogue.entry(policy.backbone).pretrained and regime != Regime.SCRATCH


def _config(policy: Policy, run: TrainingRun) -> TrainingConfig:
    ranks_losses = LOSS_WEIGHT if policy.strategy == LEARNING_LOSS else 0.0
    return TrainingConfig(
        epochs=run.epochs,
        seed=run.pk,
        learning_loss=ranks_losses,
        mixup=0.0 if ranks_losses else policy.mixup,
        head=policy.head,
        frozen=policy.frozen,
        augment=policy.augment,
        flips=policy.flips,
        balance=float(policy.even_classes),
        patience=policy.patience,
        ema=policy.ema,
    )


def _examples(
    run: TrainingRun, plan: Plan, labels: Sequence[Label], policy: Policy, champion: ModelVersion | None
) -> list[TrainingExample]:
    if champion and plan.regime == Regime.ONLINE:
        return _buffer(run, labels, policy, champion)
    if len({label.cls for label in labels}) < 2:
        raise CannotTrain(
            "There is nothing to tell apart yet: label pictures of at least two classes, then train again."
        )
    rows = [_example(run, label) for label in labels]
    if not policy.self_training or plan.regime == Regime.TRANSFER:  # a network that is bent would be to its mistakes
        return rows
    return rows + _guesses(run, labels, policy.self_training, champion)


def _example(run: TrainingRun, label: Label) -> TrainingExample:
    return TrainingExample(run=run, image_id=label.image, target=label.posterior, source=label.source)


def _again(run: TrainingRun, label: Label, weight: float, known: "Known") -> TrainingExample:
    return TrainingExample(
        run=run,
        image_id=label.image,
        target=label.posterior,
        source=label.source,
        weight=weight,
        replayed=True,
        out_of_fold=known.blind,
    )


def _buffer(run: TrainingRun, labels: Sequence[Label], policy: Policy, champion: ModelVersion) -> list[TrainingExample]:
    """What is new since the champion, or has another class than it learned, and some of the old."""
    known = lineage(champion)
    fresh = [label for label in labels if not _learned(known.get(label.image), label)]
    if not fresh:
        raise CannotTrain("There is no new label to learn from.")
    new = {label.image for label in fresh}
    old = [label for label in labels if label.image not in new]
    ages = np.array([known[label.image].age for label in old], dtype=np.int64)
    rows, weights = replayed(ages, round(policy.replay * len(fresh)), policy.recency, seed=run.pk)
    again = [
        _again(run, old[row], weight, known[old[row].image])
        for row, weight in zip(rows.tolist(), weights.tolist(), strict=True)
    ]
    return [_example(run, label) for label in fresh] + again


def _learned(known: "Known | None", label: Label) -> bool:
    return known is not None and known.label == label.cls


class Known(NamedTuple):
    """Of an image that was learned from: how many runs ago it was new, what it was last taken for, and what was said of
    it by what had not seen it."""

    age: int
    label: int
    blind: list[float] | None


def lineage(version: ModelVersion) -> dict[int, Known]:
    """All images that a version and those before it have learned from, back to the run that learned from all labels."""
    known: dict[int, Known] = {}
    ancestor: ModelVersion | None = version
    age = 1
    while ancestor is not None:
        rows = ancestor.run.examples.exclude(source=GUESS).values_list("image", "target", "out_of_fold")
        for image, target, blind in rows.iterator():
            last = known.get(image)
            known[image] = last._replace(age=age) if last else Known(age, int(np.argmax(target)), blind)
        if not learned_online(ancestor):
            break
        ancestor, age = ancestor.parent, age + 1
    return known


def learned_online(version: ModelVersion) -> bool:
    return (version.run.plan or {}).get("regime") == Regime.ONLINE


def _guesses(
    run: TrainingRun, labels: Sequence[Label], threshold: float, champion: ModelVersion | None
) -> list[TrainingExample]:
    """Images that nobody has said anything of and the champion is sure of; drawn anew each run."""
    if champion is None:
        return []
    pool = np.array(askable_pool(run.dataset), dtype=np.int64)
    drawn = np.random.default_rng(run.pk).permutation(pool)[:GUESSED_FROM]
    inputs, probabilities = predict_images(champion, drawn.tolist())
    if probabilities.shape[1] != len(labels[0].posterior) or not inputs.ids:
        return []  # a class has come since, of which the champion knows nothing
    counts = np.bincount([label.cls for label in labels], minlength=probabilities.shape[1])
    found = pseudo_labels(probabilities, counts, threshold)
    return [
        TrainingExample(run=run, image_id=inputs.ids[row], target=target, source=GUESS, weight=float(weight))
        for row, target, weight in zip(
            found.indices.tolist(), found.targets.tolist(), found.weights.tolist(), strict=True
        )
    ]
