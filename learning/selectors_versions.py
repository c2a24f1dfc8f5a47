"""Everything about one version, as its page and the API show it. Versions from before a figure was kept lack it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet

from gallery.models import Image
from learning.engine.drift import ENOUGH
from learning.engine.intervals import share_interval
from learning.models import Drift, ModelVersion
from learning.triggers import NEW_UPLOADS

SKIPPED_SHOWN = 50


@dataclass(frozen=True)
class Skipped:
    """A picture that could not be read; None where the reader may not see it, or it is gone."""

    image: int | None
    reason: str


@dataclass(frozen=True)
class Skips:
    """How many pictures a run left out, and the first of them."""

    count: int
    first: list[Skipped]


@dataclass(frozen=True)
class Shares:
    """A class's share of the pictures, as a version sees it; `change` as in the engine's `ClassShare`."""

    name: str
    before: float
    now: float
    change: int


def accuracy_interval(version: ModelVersion) -> tuple[float, float] | None:
    """Between which shares the accuracy lies with 95% confidence."""
    n = version.metrics.get("n", 0)
    return share_interval(version.metrics["accuracy"], n) if n else None


def labels_by(version: ModelVersion) -> dict[str, int]:
    """How many of the labels that it learned from are the owner's word, and how many the crowd's."""
    counted = version.run.examples.values_list("source").annotate(n=Count("pk")).order_by()
    return {"owner": 0, "crowd": 0} | dict(counted)


def skipped_of(version: ModelVersion, images: QuerySet[Image]) -> Skips:
    """`images`: those that the reader may see."""
    reasons = {int(image): reason for image, reason in version.configuration.get("skipped", {}).items()}
    first = sorted(reasons)[:SKIPPED_SHOWN]
    seen = set(images.filter(pk__in=first).values_list("pk", flat=True))
    return Skips(len(reasons), [Skipped(image if image in seen else None, reasons[image]) for image in first])


def drift_of(version: ModelVersion) -> Drift | None:
    """What was found when somebody last looked; None before that."""
    found = Drift.objects.filter(version=version).exclude(checked_at=None).first()
    if found:
        found.version = version
    return found


def drift_words(version: ModelVersion, drift: Drift | None) -> str:
    if drift is None:
        return (
            f"Nobody has looked yet: that takes {NEW_UPLOADS} pictures uploaded since this version was made, while it "
            "serves."
        )
    if drift.p_value is None:
        return (
            f"Too few pictures to tell: {drift.current:,} uploaded since this version was made, and "
            f"{drift.reference:,} evaluation pictures from before; it takes {ENOUGH} of either."
        )
    like = "unlike" if drift.shifted else "like"
    figure = "p < 0.001" if drift.p_value < 0.001 else f"p = {drift.p_value:.2g}"
    return f"New pictures look {like} what version {version.number} learned from ({figure})."


def drift_shares(drift: Drift) -> list[Shares]:
    names = drift.version.dataset.classes.order_by("index").values_list("name", flat=True)
    rows = zip(names, drift.classes, strict=False)
    return [Shares(name, row["before"], row["now"], row["change"]) for name, row in rows]


def version_scores(version: ModelVersion) -> list[dict[str, Any]]:
    """A row a class, by the classes' names; precision is None where an old version lacks it."""
    names = version.dataset.classes.order_by("index").values_list("name", flat=True)
    rows = version.metrics.get("per_class", [])
    return [{"name": name, "precision": None, **row} for name, row in zip(names, rows, strict=False)]
