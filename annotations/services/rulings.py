"""A reviewer's word on a picture that people could not agree on. Taking it back is another row."""

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from annotations.models import Ruling
from annotations.services.consensus import consensus_touch
from annotations.services.publication import NotNow
from gallery.models import Image, LabelClass


@transaction.atomic
def ruling_make(*, image: Image, label: LabelClass | None, by: User) -> Ruling:
    """What it is, or with no label that nobody can tell. The latest ruling holds."""
    ruling = _write(image, label.index if label else None, by)
    audit(by, "ruled on", image, label=str(label) if label else "nobody can tell")
    return ruling


@transaction.atomic
def ruling_withdraw(*, image: Image, by: User) -> Ruling:
    """Take back what was ruled last; the image is what the votes say again."""
    # The image's row stands for its rulings: of two who take one back at once, the second finds it withdrawn.
    Image.objects.select_for_update().get(pk=image.pk)
    latest = Ruling.objects.filter(image=image).order_by("-id").first()
    if latest is None or latest.withdrawn:
        raise NotNow("There is no ruling on this picture to take back.")
    withdrawal = _write(image, latest.label, by, withdrawn=True)
    audit(by, "took back the ruling on", image)
    return withdrawal


def _write(image: Image, label: int | None, by: User, *, withdrawn: bool = False) -> Ruling:
    ruling = Ruling.objects.create(
        dataset_id=image.dataset_id, image=image, label=label, withdrawn=withdrawn, decided_by=by
    )
    consensus_touch(dataset=image.dataset, images=[image.pk])
    return ruling
