"""A challenger beside the champion, on what was uploaded since it began."""

from dataclasses import dataclass

import numpy as np
from django.db.models import Avg, Count, F, Q, QuerySet

from gallery.models import Image
from learning.engine.paired import Comparison, paired_bootstrap
from learning.models import ModelVersion, ShadowTag, VersionState
from learning.selectors import champion_of, labels_by_people

DIFFERING_SHOWN = 24


@dataclass(frozen=True)
class Differing:
    """A picture that they name differently; `truth` is what people say of it, where they do."""

    image: Image
    label: str
    confidence: float
    champion_label: str
    champion_confidence: float
    truth: str | None


@dataclass(frozen=True)
class Shadow:
    """Both on the same `n` uploads: mean confidences, and on the `judged` that people have named since how many each
    has right. The figures are of all of them, `differing` are the latest that the reader may see."""

    version: ModelVersion
    champion: ModelVersion
    n: int
    agree: int
    confidence: float | None
    champion_confidence: float | None
    judged: int
    right: int
    champion_right: int
    compared: Comparison | None
    differing: list[Differing]


def shadow_of(version: ModelVersion, images: QuerySet[Image]) -> Shadow | None:
    """Beside the one that serves, or where it challenges no longer, beside the last; None where it never did.
    `images`: those that the reader may see."""
    champion = _beside(version)
    if champion is None:
        return None
    rows = ShadowTag.objects.filter(version=version, champion=champion)
    figures = rows.aggregate(
        n=Count("pk"),
        agree=Count("pk", filter=Q(label=F("champion_label"))),
        confidence=Avg("confidence"),
        champion_confidence=Avg("champion_confidence"),
    )
    named = labels_by_people(version.dataset, rows.values("image"))
    truths = {label.image: label.cls for label in named}
    said = rows.filter(image__in=list(truths)).values_list("image", "label", "champion_label")
    right = [(mine == truths[image], theirs == truths[image]) for image, mine, theirs in said]
    mine, theirs = (np.array([pair[which] for pair in right], dtype=np.bool_) for which in (0, 1))
    return Shadow(
        version,
        champion,
        **figures,
        judged=len(right),
        right=int(mine.sum()),
        champion_right=int(theirs.sum()),
        compared=paired_bootstrap(theirs, mine) if right else None,
        differing=_differing(version, rows, images, truths),
    )


def _beside(version: ModelVersion) -> ModelVersion | None:
    if version.state == VersionState.CHALLENGER:
        return champion_of(version.dataset)
    last = version.shadow_tags.select_related("champion").order_by("-pk").first()
    return last.champion if last else None


def _differing(
    version: ModelVersion, rows: QuerySet[ShadowTag], images: QuerySet[Image], truths: dict[int, int]
) -> list[Differing]:
    names = list(version.dataset.classes.order_by("index").values_list("name", flat=True))
    differ = rows.exclude(label=F("champion_label")).filter(image__in=images).select_related("image").order_by("-pk")
    return [
        Differing(
            row.image,
            names[row.label],
            row.confidence,
            names[row.champion_label],
            row.champion_confidence,
            names[truths[row.image_id]] if row.image_id in truths else None,
        )
        for row in differ[:DIFFERING_SHOWN]
    ]


def shadow_words(shadow: Shadow) -> str:
    """The comparison in a sentence or two."""
    mine, other = (f"version {version.number}" for version in (shadow.version, shadow.champion))
    if not shadow.n:
        return f"Nothing has been uploaded yet since it stands beside {other}."
    alike = f"They say the same of {shadow.agree / shadow.n:.0%} of {_uploads(shadow.n)}."
    if shadow.compared is None:
        return f"{alike} Who is right can't be told: people have named none of them yet."
    return (
        f"{alike} Of {shadow.judged:,} that people have named since, {mine} is right on {shadow.right:,} and {other} "
        f"on {shadow.champion_right:,}: {mine} is better with probability {shadow.compared.p_better:.0%}."
    )


def _uploads(n: int) -> str:
    return "1 upload" if n == 1 else f"{n:,} uploads"
