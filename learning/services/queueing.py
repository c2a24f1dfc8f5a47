"""The queue that challenges draw from: a new order replaces what nobody has begun."""

from collections.abc import Collection, Iterable

from annotations.models import QueueItem
from annotations.selectors import not_begun
from gallery.models import DataSet
from learning.selectors import askable


def queue_replace(*, dataset: DataSet, items: Iterable[QueueItem], keep_rounds: Collection[int] = ()) -> None:
    """Inside a transaction. Images on lease or half answered stay; so does what one of `keep_rounds` asked about and
    can be asked still, in its place."""
    queue = QueueItem.objects.filter(dataset=dataset)
    kept = queue.filter(round__in=keep_rounds, image__in=askable(dataset).values("pk"))
    not_begun(dataset).exclude(pk__in=kept.values("pk")).delete()
    already = set(kept.values_list("image", flat=True))
    QueueItem.objects.bulk_create(
        sorted((item for item in items if item.image_id not in already), key=lambda item: item.image_id),
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=["priority", "score", "reason", "round"],
    )
