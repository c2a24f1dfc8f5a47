"""What the learning of a data set looks like right now, gathered for its page."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from annotations.figures import confusion
from annotations.models import Consensus, ConsensusState, QueueItem
from annotations.selectors import removed_indices
from gallery.models import DataSet, Source, Split, Tag
from gallery.work import SILENT_AFTER, WorkState
from learning.charts import Point, accuracy_chart
from learning.models import ModelVersion, Policy, Retag, TrainingRun, VersionState
from learning.selectors import current_run, fresh_labels, policy_of

VERSIONS_SHOWN = 100
BUSY, QUIET = 2, 10  # seconds between two looks of a page


def gather(dataset: DataSet) -> dict[str, Any]:
    versions = list(dataset.versions.defer("predictions", "configuration")[:VERSIONS_SHOWN])
    champion, challenger = (_in_state(versions, state) for state in (VersionState.CHAMPION, VersionState.CHALLENGER))
    run, retag = current_run(dataset), _retag(champion)
    fresh, policy = fresh_labels(dataset).count, policy_of(dataset)
    queued = QueueItem.objects.filter(dataset=dataset).count()
    return {
        "dataset": dataset,
        "champion": champion,
        "challenger": challenger,
        "champion_accuracy": _accuracy(champion) if champion else "",
        "versions": [(version, _accuracy(version)) for version in versions],
        "chart": accuracy_chart([_point(version) for version in versions]),
        "matrix": matrix_of(champion) if champion else None,
        "run": run,
        "run_percent": round(100 * run.progress) if run else 0,
        "run_words": _run_words(run) if run else "",
        "failed": _failed(dataset),
        "retag": retag,
        "queued": queued,
        "next_words": "" if run else next_words(fresh, policy),
        "trainable": bool(versions) or classes_labelled(dataset) >= 2,
        "every": BUSY if run or retag else QUIET,
        "seen": _digest(versions, run, retag, fresh, queued, policy),
    }


def _in_state(versions: Sequence[ModelVersion], state: VersionState) -> ModelVersion | None:
    return next((version for version in versions if version.state == state), None)


def next_words(fresh: int, policy: Policy) -> str:
    """When the next run comes, in words."""
    if not policy.automatic:
        return f"{_pictures(fresh, 'new picture')} to learn from. Training starts when its owner asks for it."
    missing = max(policy.buffer_size - fresh, 0)
    if not fresh:
        return (
            f"{_pictures(missing, 'more picture')} until the next training run, or {policy.delay_seconds} seconds "
            "after the first new one."
        )
    if not missing:
        return "The next training run starts any moment."
    return (
        f"{_pictures(missing, 'more picture')} until the next training run. It comes with fewer, too, "
        f"{policy.delay_seconds} seconds after the first new one."
    )


def classes_labelled(dataset: DataSet) -> int:
    """How many classes there is something to learn about."""
    learnable = dataset.images.shown().exclude(split=Split.EVALUATION)
    owner = Tag.objects.filter(image__in=learnable, source=Source.OWNER).values_list("label__index", flat=True)
    crowd = Consensus.objects.filter(image__in=learnable, state=ConsensusState.ACCEPTED)
    named = set(owner.distinct()) | set(crowd.values_list("label", flat=True).distinct())
    return len(named - removed_indices(dataset))


def _pictures(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def _retag(champion: ModelVersion | None) -> Retag | None:
    if champion is None:
        return None
    return Retag.objects.filter(version=champion, state__in=[WorkState.WAITING, WorkState.RUNNING]).first()


def _failed(dataset: DataSet) -> TrainingRun | None:
    """The latest run where it failed; what failed before a later success is of no interest."""
    latest = dataset.runs.first()
    return latest if latest and latest.state == WorkState.FAILED else None


def _run_words(run: TrainingRun) -> str:
    if run.state == WorkState.RUNNING:
        return run.phase.capitalize() or "Starting"
    if run.turns and not run.error:
        return "Lets others have their turn, and goes on then"
    if run.attempt:
        return "Stopped unexpectedly, and is tried again"
    if timezone.now() - run.due_at > SILENT_AFTER:
        return "No worker has taken it yet; none may be running"
    return "Waits for a worker"


def _accuracy(version: ModelVersion) -> str:
    return f"{version.metrics['accuracy']:.1%}"


def _point(version: ModelVersion) -> Point:
    words = f"Version {version.number} ({version.state}): {_accuracy(version)} with {version.labels:,} labels"
    return Point(version.labels, version.metrics["accuracy"], words)


def matrix_of(version: ModelVersion, *, matrix_id: str = "champion-confusion") -> dict[str, Any] | None:
    if "confusion" not in version.metrics:
        return None
    names = list(version.dataset.classes.values_list("name", flat=True))
    caption = f"Version {version.number} on {version.metrics['n']:,} pictures it had not learned from: " + (
        "rows say what they show, columns what it said."
    )
    return confusion(version.metrics["confusion"], names, matrix_id=matrix_id, caption=caption)


def _digest(
    versions: Sequence[ModelVersion],
    run: TrainingRun | None,
    retag: Retag | None,
    fresh: int,
    queued: int,
    policy: Policy,
) -> str:
    """Changes when what is shown does, so that a page which looks again is left alone while nothing happens."""
    state = (
        [(version.pk, version.state) for version in versions],
        run and (run.pk, _run_words(run), run.attempt, round(100 * run.progress)),
        retag and (retag.pk, retag.done, retag.state),
        (fresh, queued, policy.automatic, policy.buffer_size, policy.delay_seconds),
    )
    return hashlib.sha256(repr(state).encode()).hexdigest()[:12]
