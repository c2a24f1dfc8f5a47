"""The queue that challenges draw from: a new order replaces what nobody has begun."""

from collections.abc import Iterable

from django.utils import timezone

from annotations.models import QueueItem
from gallery.models import DataSet


def queue_replace(*, dataset: DataSet, items: Iterable[QueueItem]) -> None:
    """Inside a transaction. Images on lease or half answered stay."""
    queue = QueueItem.objects.filter(dataset=dataset)
    queue.filter(image__consensus=None).exclude(leased_until__gt=timezone.now()).delete()
    QueueItem.objects.bulk_create(
        sorted(items, key=lambda item: item.image_id),
        batch_size=1000,
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=["priority", "score", "reason", "round"],
    )
