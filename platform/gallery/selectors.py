import math
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import Case, Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, When
from django.utils.translation import ngettext

from gallery.models import DataSet, Image, LabelClass, Source, Split, Tag
from gallery.prepared import One, Prepared
from gallery.work import WorkState

CLASSES = Prepared(lambda several: LabelClass.objects.filter(dataset=One("dataset")).order_by("index"))
ORDER = {Source.OWNER: 0, Source.CROWD: 1, Source.MODEL: 2}


def with_tags(images: QuerySet[Image]) -> QuerySet[Image]:
    tags = Tag.objects.standing().select_related("label")
    return images.select_related("tagging").prefetch_related(Prefetch("tags", queryset=tags))


def tags_in_order(image: Image) -> list[Tag]:
    """The word that counts first: the owner's, then the crowd's, then a model's."""
    return sorted(image.tags.all(), key=lambda tag: ORDER[Source(tag.source)])


def classes_read(dataset: DataSet) -> DataSet:
    """The data set with its classes at hand, as `prefetch_related` leaves them."""
    classes = dataset.classes.all()
    classes._result_cache = CLASSES.objects(LabelClass, dataset=dataset.pk)
    classes._prefetch_done = True
    dataset._prefetched_objects_cache = {"classes": classes}
    return dataset


def awaits_tag(image: Image) -> bool:
    return image.tagging.state in {WorkState.WAITING, WorkState.RUNNING}


def dataset_counts(dataset: DataSet) -> dict[str, int]:
    counts = {
        "images": Count("pk", distinct=True),
        "gold": Count("pk", filter=Q(split=Split.GOLD), distinct=True),
        "evaluation": Count("pk", filter=Q(split=Split.EVALUATION), distinct=True),
        "owner": Count("pk", filter=Q(tags__source=Source.OWNER, tags__label__removed_at=None), distinct=True),
        "crowd": Count("pk", filter=Q(tags__source=Source.CROWD, tags__label__removed_at=None), distinct=True),
    }
    return dataset.images.present().aggregate(**counts)


def export_rows(dataset: DataSet) -> Iterable[list[object]]:
    """One row an image: the owner's word where there is one, else the crowd's, else a model's."""
    yield ["image", "name", "split", "label", "source", "confidence", "sure"]
    images = with_tags(dataset.images.present().order_by("pk"))
    for image in images.iterator(chunk_size=500):
        tags = tags_in_order(image)
        yield [image.pk, image.name, image.split, *(_said(tags[0]) if tags else ["", "", "", ""])]


def _said(tag: Tag) -> list[object]:
    return [tag.label.name, tag.source, round(tag.confidence, 4), tag.sure]


@dataclass(frozen=True)
class Progress:
    """How many of a data set's images somebody has named: its owner, or the crowd by agreement."""

    images: int
    named: int

    @property
    def percent(self) -> int:
        return 100 * self.named // self.images if self.images else 0

    def __str__(self) -> str:
        words = ngettext(
            "%(named)s of %(images)s pictures named", "%(named)s of %(images)s pictures named", self.images
        )
        return words % {"named": intcomma(self.named), "images": intcomma(self.images)}

    @property
    def images_a_tile(self) -> int:
        """A hundred, and from 100,000 images on as many as keep the mosaic at a thousand tiles."""
        return max(100, math.ceil(self.images / 1000))

    @property
    def tiles(self) -> list[int]:
        """Tenths, rounded down so that a full tile is a finished one; the last tile stands for what is left."""
        size = self.images_a_tile
        return [
            10 * min(max(self.named - start, 0), size, self.images - start) // min(size, self.images - start)
            for start in range(0, self.images, size)
        ]


def progress_of(datasets: Iterable[DataSet]) -> dict[int, Progress]:
    """Two queries, however many data sets."""
    pks = [dataset.pk for dataset in datasets]
    images = Image.objects.shown().filter(dataset__in=pks).order_by()
    named = images.filter(_named_by(Source.OWNER, Source.CROWD))
    total_of, named_of = (dict(rows.values_list("dataset").annotate(n=Count("pk"))) for rows in (images, named))
    return {pk: Progress(total_of.get(pk, 0), named_of.get(pk, 0)) for pk in pks}


def with_word(images: QuerySet[Image]) -> QuerySet[Image]:
    """Each image with the class and the source of the word that counts, and whether it is sure, for filters."""
    rank = Case(*(When(source=source, then=place) for source, place in ORDER.items()))
    word = Tag.objects.standing().filter(image=OuterRef("pk")).order_by(rank)[:1]
    return images.annotate(
        word_label=Subquery(word.values("label__index")),
        word_source=Subquery(word.values("source")),
        word_sure=Subquery(word.values("sure")),
    )


def images_filtered(
    images: QuerySet[Image],
    *,
    label: int | None = None,
    source: str = "",
    split: str = "",
    sure: bool | None = None,
) -> QuerySet[Image]:
    """By the word that counts, its source ("none": nobody has said anything yet), whether it is sure, and the split."""
    if label is not None or source or sure is not None:
        images = with_word(images)
    if label is not None:
        images = images.filter(word_label=label)
    if source:
        images = images.filter(word_source=None if source == "none" else source)
    if sure is not None:
        images = images.filter(word_sure=sure)
    return images.filter(split=split) if split else images


@dataclass(frozen=True)
class Card:
    """What a list shows of a data set."""

    dataset: DataSet
    progress: Progress
    covers: list[int]


COVERS = 4


def with_covers(datasets: QuerySet[DataSet]) -> QuerySet[DataSet]:
    """Each data set with its newest images, its owner and its number of classes: one query for a list."""
    newest = Image.objects.shown().filter(dataset=OuterRef("pk")).order_by("-pk").values("pk")
    covers = {f"cover_{n}": Subquery(newest[n : n + 1]) for n in range(COVERS)}
    n_classes = Count("classes", filter=Q(classes__removed_at=None))
    return datasets.select_related("owner").annotate(n_classes=n_classes, **covers)


def cards_of(datasets: Iterable[DataSet]) -> list[Card]:
    """For data sets that came through `with_covers`."""
    datasets = list(datasets)
    progress = progress_of(datasets)
    covers = {dataset.pk: [pk for n in range(COVERS) if (pk := getattr(dataset, f"cover_{n}"))] for dataset in datasets}
    return [Card(dataset, progress[dataset.pk], covers[dataset.pk]) for dataset in datasets]


def unnamed(dataset: DataSet) -> QuerySet[Image]:
    """What neither the owner nor the crowd has named."""
    return dataset.images.shown().exclude(_named_by(Source.OWNER, Source.CROWD))


def named_by_owner() -> Exists:
    """Of images: whether the owner has said what they are, in a class that there still is."""
    return _named_by(Source.OWNER)


def _named_by(*sources: Source) -> Exists:
    return Exists(Tag.objects.standing().filter(image=OuterRef("pk"), source__in=sources))


def present_classes(dataset: DataSet) -> QuerySet[LabelClass]:
    return dataset.classes.filter(removed_at=None)


@dataclass(frozen=True)
class ClassRow:
    """A class, on how many pictures its name stands, and on how many of these by the word of people."""

    label: LabelClass
    pictures: int
    labels: int


def class_rows(dataset: DataSet) -> list[ClassRow]:
    """The classes that there are, in their order: as many queries for many as for one."""
    words = with_word(dataset.images.present()).values_list("word_label", "word_source").order_by()
    counts = {(label, source): n for label, source, n in words.annotate(n=Count("pk"))}
    return [
        _class_row(cls, {source: counts.get((cls.index, source), 0) for source in ORDER})
        for cls in present_classes(dataset)
    ]


def _class_row(label: LabelClass, counts: dict[Source, int]) -> ClassRow:
    return ClassRow(label, sum(counts.values()), counts[Source.OWNER] + counts[Source.CROWD])


def removed_classes(dataset: DataSet) -> QuerySet[LabelClass]:
    return dataset.classes.exclude(removed_at=None)
