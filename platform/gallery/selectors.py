from collections.abc import Iterable

from django.db.models import Count, Prefetch, Q, QuerySet

from gallery.models import DataSet, Image, Source, Split, Tag
from gallery.work import WorkState

ORDER = {Source.OWNER: 0, Source.CROWD: 1, Source.MODEL: 2}


def with_tags(images: QuerySet[Image]) -> QuerySet[Image]:
    tags = Tag.objects.select_related("label")
    return images.select_related("tagging").prefetch_related(Prefetch("tags", queryset=tags))


def tags_in_order(image: Image) -> list[Tag]:
    """The word that counts first: the owner's, then the crowd's, then a model's."""
    return sorted(image.tags.all(), key=lambda tag: ORDER[Source(tag.source)])


def awaits_tag(image: Image) -> bool:
    return image.tagging.state in {WorkState.WAITING, WorkState.RUNNING}


def dataset_counts(dataset: DataSet) -> dict[str, int]:
    counts = {
        "images": Count("pk", distinct=True),
        "gold": Count("pk", filter=Q(split=Split.GOLD), distinct=True),
        "evaluation": Count("pk", filter=Q(split=Split.EVALUATION), distinct=True),
        "owner": Count("pk", filter=Q(tags__source=Source.OWNER), distinct=True),
        "crowd": Count("pk", filter=Q(tags__source=Source.CROWD), distinct=True),
    }
    return dataset.images.present().aggregate(**counts)


def export_rows(dataset: DataSet) -> Iterable[list[object]]:
    """One row an image: the owner's word where there is one, else the crowd's, else a model's."""
    yield ["image", "name", "split", "label", "source", "confidence"]
    images = with_tags(dataset.images.present().order_by("pk"))
    for image in images.iterator(chunk_size=500):
        tags = tags_in_order(image)
        said = [tags[0].label.name, tags[0].source, round(tags[0].confidence, 4)] if tags else ["", "", ""]
        yield [image.pk, image.name, image.split, *said]
