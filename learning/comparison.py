"""The first model and the one that serves, side by side on images that they were judged on. No torch here."""

from dataclasses import dataclass

from django.db.models import QuerySet

from gallery.models import DataSet, Image, Split
from learning.models import ModelVersion
from learning.selectors import champion_of, evaluation_labels, training_labels


@dataclass(frozen=True)
class Said:
    label: str
    confidence: float


@dataclass(frozen=True)
class Compared:
    image: int
    truth: str | None
    first: Said | None
    champion: Said | None


@dataclass(frozen=True)
class Comparison:
    """Both models on the same images. The counts are over all of them, `images` is a sample."""

    first: int | None
    champion: int | None
    compared: int
    agree: int
    judged: int
    first_right: int
    champion_right: int
    images: list[Compared]


def compare(dataset: DataSet, images: QuerySet[Image], n: int) -> Comparison:
    """`images`: those that the reader may see. The sample is `n` of them in the order of their digests, so at random
    and yet the same each time; images of the evaluation split come first."""
    first, champion = dataset.versions.order_by("number").first(), champion_of(dataset)
    rows = _rows(dataset, images, first, champion)
    both = [row for row in rows if row.first and row.champion]
    judged = [row for row in both if row.truth]
    return Comparison(
        first=first.number if first else None,
        champion=champion.number if champion else None,
        compared=len(both),
        agree=sum(row.first.label == row.champion.label for row in both),
        judged=len(judged),
        first_right=sum(row.first.label == row.truth for row in judged),
        champion_right=sum(row.champion.label == row.truth for row in judged),
        images=rows[:n],
    )


def _rows(
    dataset: DataSet, images: QuerySet[Image], first: ModelVersion | None, champion: ModelVersion | None
) -> list[Compared]:
    names = [cls.name for cls in dataset.classes.order_by("index")]
    truths = {label.image: names[label.cls] for label in evaluation_labels(dataset) + training_labels(dataset)}
    early, late = _said(first, names), _said(champion, names)
    return [
        Compared(image, truths.get(image), early.get(image), late.get(image))
        for image in _in_order(images.filter(dataset=dataset), {*early, *late})
    ]


def _in_order(images: QuerySet[Image], judged: set[int]) -> list[int]:
    rows = images.values_list("digest", "pk", "split")
    known = [(split != Split.EVALUATION, digest, pk) for digest, pk, split in rows if pk in judged]
    return [pk for *_, pk in sorted(known)]


def _said(version: ModelVersion | None, names: list[str]) -> dict[int, Said]:
    said = version.predictions if version else {}
    return {int(image): Said(names[cls], confidence) for image, (cls, confidence) in said.items()}
