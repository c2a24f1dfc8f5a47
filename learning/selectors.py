from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Max, Min, Q, QuerySet
from django.utils import timezone

from annotations.models import Consensus, ConsensusState
from annotations.selectors import UNDECIDED, campaign_of, removed_indices, rulings
from gallery.models import DataSet, Image, Source, Split, Tag
from gallery.selectors import named_by_owner
from gallery.work import WorkState
from learning.models import ModelVersion, Policy, TrainingRun, VersionState

ENOUGH_EVALUATION = 50


@dataclass(frozen=True)
class Label:
    """What an image is taken for: by its owner's word, or by the crowd's accepted posterior."""

    image: int
    posterior: list[float]
    source: str

    @property
    def cls(self) -> int:
        """The likeliest."""
        return max(range(len(self.posterior)), key=self.posterior.__getitem__)


@dataclass(frozen=True)
class Fresh:
    """Labels that no training run has seen yet, and the age of the first in seconds."""

    count: int
    oldest_age: float


def policy_of(dataset: DataSet) -> Policy:
    policy, _ = Policy.objects.get_or_create(dataset=dataset)
    return policy


def policy_locked(dataset: DataSet) -> Policy:
    """Inside a transaction: held until its end, by whoever writes tags, and by whoever changes what they go by."""
    return Policy.objects.select_for_update().get(pk=policy_of(dataset).pk)


def champion_of(dataset: DataSet) -> ModelVersion | None:
    return dataset.versions.filter(state=VersionState.CHAMPION).first()


def challenger_of(dataset: DataSet) -> ModelVersion | None:
    return dataset.versions.filter(state=VersionState.CHALLENGER).first()


def training_labels(dataset: DataSet) -> list[Label]:
    """The union of what the owner has said and what the crowd has agreed on, without the evaluation split."""
    return _labels(dataset, ~Q(split=Split.EVALUATION))


def evaluation_labels(dataset: DataSet) -> list[Label]:
    """By the owner, or by the crowd alone: no model is judged by what a model has said."""
    return _labels(dataset, Q(split=Split.EVALUATION), without_model=True)


def labels_by_people(dataset: DataSet, images: QuerySet[Any]) -> list[Label]:
    """Of any split; a query of the images' ids."""
    return _labels(dataset, Q(pk__in=images), without_model=True)


def fresh_labels(dataset: DataSet) -> Fresh:
    since = dataset.runs.aggregate(last=Max("created_at"))["last"] or datetime.min.replace(tzinfo=UTC)
    learnable = ~Q(image__split=Split.EVALUATION) & Q(image__deleted_at=None, image__dataset=dataset)
    tags = Tag.objects.standing().filter(learnable, source=Source.OWNER, updated_at__gt=since)
    agreed = Consensus.objects.filter(learnable, state=ConsensusState.ACCEPTED, accepted_at__gt=since)
    agreed = agreed.exclude(label__in=removed_indices(dataset))
    firsts = [tags.aggregate(at=Min("updated_at"))["at"], agreed.aggregate(at=Min("accepted_at"))["at"]]
    first = min((at for at in firsts if at), default=None)
    age = (timezone.now() - first).total_seconds() if first else 0.0
    return Fresh(tags.count() + agreed.count(), age)


def uploads_since(version: ModelVersion) -> QuerySet[Image]:
    return version.dataset.images.shown().filter(uploaded_at__gt=version.created_at)


def current_run(dataset: DataSet) -> TrainingRun | None:
    return dataset.runs.filter(state__in=[WorkState.WAITING, WorkState.RUNNING]).first()


def askable(dataset: DataSet, *, again: bool = False) -> QuerySet[Image]:
    """Images whose class nobody has said or agreed on; with `again` also those that people agree on but may doubt."""
    images = dataset.images.shown().exclude(named_by_owner())
    return images.filter(UNDECIDED | _askable_again(dataset) if again else UNDECIDED)


def _askable_again(dataset: DataSet) -> Q:
    """Of the pool, agreed on by the crowd alone, and by fewer answers than it takes to give up on an image."""
    cap = campaign_of(dataset).cap
    agreed = Q(split=Split.POOL, consensus__state=ConsensusState.ACCEPTED, consensus__votes__lt=cap)
    return agreed & ~Q(pk__in=list(rulings(dataset)))  # no answer changes what a reviewer has ruled


def askable_pool(dataset: DataSet, *, again: bool = False) -> list[int]:
    """Those of the pool, by ascending id: what a strategy chooses from."""
    return list(askable(dataset, again=again).filter(split=Split.POOL).order_by("pk").values_list("pk", flat=True))


def _labels(dataset: DataSet, split: Q, *, without_model: bool = False) -> list[Label]:
    """None is of a class that was removed. The crowd's posteriors leave those classes out as soon as it is fitted."""
    images = dataset.images.shown().filter(split)
    n_classes, removed = dataset.classes.count(), removed_indices(dataset)
    tags = Tag.objects.standing().filter(image__in=images, source=Source.OWNER)
    owned = dict(tags.values_list("image", "label__index"))
    agreed = images.filter(consensus__state=ConsensusState.ACCEPTED).exclude(pk__in=owned)
    labels = [Label(pk, one_hot(cls, n_classes), "owner") for pk, cls in owned.items()]
    labels += [
        Label(pk, widened(crowd if without_model and crowd else posterior, n_classes), "crowd")
        for pk, posterior, crowd in agreed.values_list("pk", "consensus__posterior", "consensus__crowd")
    ]
    return sorted((label for label in labels if label.cls not in removed), key=lambda label: label.image)


def one_hot(cls: int, n_classes: int) -> list[float]:
    return [float(index == cls) for index in range(n_classes)]


def widened(posterior: list[float], n_classes: int) -> list[float]:
    """A posterior from before a class was added, with nothing for the new class; sums to 1."""
    total = sum(posterior)
    return [p / total for p in posterior] + [0.0] * (n_classes - len(posterior))
