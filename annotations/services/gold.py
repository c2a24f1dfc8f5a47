"""Gold: pictures whose class the data set's owner has said, shown as controls. A retired one is never a control again.

Gold is a picture of the split GOLD with the owner's tag; its row here says where it comes from, and is made when it
is needed: without one it is active.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from annotations.models import Challenge, Gold, QueueItem
from annotations.services import posteriors
from annotations.services.issuing import challenges_close
from gallery.models import DataSet, Image, LabelClass, Source, Split, Tag

BATCH = 500
NAMED_IN_AUDIT = 50  # images that one entry lists


class NotGold(ValueError):  # noqa: N818 - a state, not a fault
    """What was asked for can't be done to this picture; the message says why."""


@dataclass
class Added:
    """What became of the pictures that were to be gold, each refused one with its reason."""

    images: list[Image] = field(default_factory=list)
    refused: list[tuple[Image, str]] = field(default_factory=list)


@transaction.atomic
def gold_add(*, dataset: DataSet, labels: Iterable[tuple[Image, LabelClass]], by: User) -> Added:
    """The owner says what these pictures are, and they become controls. The last word on a picture holds.

    A picture of the evaluation split is refused: what a model is measured by is never a control.
    """
    added, chosen = Added(), {}
    for image, label in labels:
        if reason := _why_not(dataset, image, label):
            added.refused.append((image, reason))
        else:
            chosen[image.pk] = (image, label)
    added.images = [image for image, _ in chosen.values()]
    if chosen:
        _make_gold(dataset, list(chosen.values()), by)
        audit(by, "added gold to", dataset, n=len(chosen), images=sorted(chosen)[:NAMED_IN_AUDIT])
    return added


@transaction.atomic
def gold_retire(*, image: Image, by: User) -> Gold:
    """Never a control again. What the owner has said stays, and still trains; so do the answers that were given."""
    _lock(image, Split.GOLD, "Only a picture that is gold can be retired.")
    gold, _ = Gold.objects.get_or_create(image=image, defaults=_origin(image))
    gold.retired_by, gold.retired_at = by, timezone.now()
    gold.save(update_fields=["retired_by", "retired_at"])
    _move(image, Split.TRAINING)
    # Nobody is judged by it any more, not even those who have it before them.
    challenges_close(Challenge.objects.filter(tiles__image=image, tiles__truth__isnull=False))
    audit(by, "retired gold", image)
    return gold


@transaction.atomic
def gold_unretire(*, image: Image, by: User) -> Gold:
    """It is a control again, as it was."""
    _lock(image, Split.TRAINING, "Only gold that is retired can be brought back.")
    gold = Gold.objects.filter(image=image).exclude(retired_at=None).first()
    if gold is None or not image.tags.filter(source=Source.OWNER).exists():
        raise NotGold("Only gold that is retired can be brought back.")
    gold.retired_by = gold.retired_at = None
    gold.save(update_fields=["retired_by", "retired_at"])
    _move(image, Split.GOLD)
    audit(by, "brought back gold", image)
    return gold


def _why_not(dataset: DataSet, image: Image, label: LabelClass) -> str:
    if image.dataset_id != dataset.pk or label.dataset_id != dataset.pk:
        return "It is not of this data set."
    if image.split == Split.EVALUATION:
        return "It is kept for evaluation, and is never a control."
    if image.deleted_at or image.withdrawn_at:
        return "It is deleted or withdrawn: nobody is shown it."
    return "This class was removed." if label.removed_at else ""


def _make_gold(dataset: DataSet, chosen: Sequence[tuple[Image, LabelClass]], by: User) -> None:
    images, now = [image.pk for image, _ in chosen], timezone.now()
    _say(chosen)
    for start in range(0, len(images), BATCH):
        some = images[start : start + BATCH]
        # By the split as it is now: nothing of the evaluation is taken, whatever the rows that were read say.
        Image.objects.filter(pk__in=some).exclude(split=Split.EVALUATION).update(split=Split.GOLD)
        Gold.objects.filter(image__in=some).update(retired_at=None, retired_by=None)
        QueueItem.objects.filter(image__in=some).delete()  # nobody is asked what the owner has said
        posteriors.forget(some)
    rows = [Gold(image_id=image, dataset=dataset, added_by=by, added_at=now) for image in images]
    Gold.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _say(chosen: Sequence[tuple[Image, LabelClass]]) -> None:
    Tag.objects.bulk_create(
        [Tag(image=image, source=Source.OWNER, label=label, confidence=1.0) for image, label in chosen],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["image", "source"],
        update_fields=["label", "confidence", "updated_at"],
    )


def _lock(image: Image, split: Split, otherwise: str) -> None:
    """Of two who decide at once, the second sees what the first did."""
    if not Image.objects.select_for_update().filter(pk=image.pk, split=split, deleted_at=None).exists():
        raise NotGold(otherwise)


def _move(image: Image, split: Split) -> None:
    Image.objects.filter(pk=image.pk).update(split=split)
    image.split = split


def _origin(image: Image) -> dict[str, object]:
    """Of gold that has no row yet: the owner's word made it so."""
    tag = image.tags.filter(source=Source.OWNER).first()
    said = tag.updated_at if tag else timezone.now()
    return {"dataset_id": image.dataset_id, "added_by_id": image.dataset.owner_id, "added_at": said}
