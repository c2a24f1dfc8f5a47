"""The classes of a data set that is in use. Nothing is lost: a removed class keeps its row, and so its column in every
posterior; what was said of it stays stored, and counts again once it is restored."""

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from gallery.models import DataSet, LabelClass, Source, Tag
from gallery.services.datasets import MOST_CLASSES, BadClasses, check_classes
from gallery.work import ring


@transaction.atomic
def class_add(*, dataset: DataSet, by: User, name: str, key: str = "") -> LabelClass:
    """A class after all others; or the removed one of this name, restored."""
    classes = _locked(dataset)
    if (same := _named(classes, name)) and same.removed_at:
        same.name, same.key = name, key or same.key
        return _restore(same, classes, by)
    if len(classes) >= MOST_CLASSES:
        raise BadClasses(f"{MOST_CLASSES:,} classes are the most, those that were removed among them.")
    check_classes([*_pairs(classes), (name, key)])
    label = LabelClass.objects.create(dataset=dataset, index=classes[-1].index + 1, name=name, key=key)
    audit(by, "added a class to", dataset, label=name)
    _changed(dataset)
    return label


@transaction.atomic
def class_edit(*, label: LabelClass, by: User, name: str, key: str) -> LabelClass:
    """Another name or key. What was said of it holds: it is the same class."""
    classes = _locked(label.dataset)
    others = [cls for cls in classes if cls.pk != label.pk]
    if (same := _named(others, name)) and same.removed_at:
        raise BadClasses(f"A class that was removed is called “{same.name}”: restore that one, or take another name.")
    check_classes([*_pairs(others), (name, key)])
    before = next(cls.name for cls in classes if cls.pk == label.pk)
    label.name, label.key = name, key
    label.save(update_fields=["name", "key"])
    audit(by, "changed a class of", label.dataset, label=name, before=before)
    return label


@transaction.atomic
def class_remove(*, label: LabelClass, by: User) -> LabelClass:
    """Nobody is asked about it any more, and nothing is taught or shown of it. Doing it twice is harmless."""
    classes = _locked(label.dataset)
    check_classes(_pairs([cls for cls in classes if cls.pk != label.pk]))
    if LabelClass.objects.filter(pk=label.pk, removed_at=None).update(removed_at=timezone.now()):
        audit(by, "removed a class of", label.dataset, label=label.name)
        _changed(label.dataset)
    label.refresh_from_db()
    return label


@transaction.atomic
def class_restore(*, label: LabelClass, by: User) -> LabelClass:
    classes = _locked(label.dataset)
    label.refresh_from_db()
    return _restore(label, classes, by) if label.removed_at else label


def _locked(dataset: DataSet) -> list[LabelClass]:
    """All its classes, also removed ones. Of two changes at once the second sees what the first did."""
    DataSet.objects.select_for_update().get(pk=dataset.pk)
    return list(dataset.classes.order_by("index"))


def _pairs(classes: list[LabelClass]) -> list[tuple[str, str]]:
    """Of those that there are, as `check_classes` reads them."""
    return [(cls.name, cls.key) for cls in classes if cls.removed_at is None]


def _named(classes: list[LabelClass], name: str) -> LabelClass | None:
    return next((cls for cls in classes if cls.name.casefold() == name.casefold()), None)


def _restore(label: LabelClass, classes: list[LabelClass], by: User) -> LabelClass:
    """With its key, unless another class has that meanwhile."""
    others = _pairs([cls for cls in classes if cls.pk != label.pk])
    if label.key.casefold() in {key.casefold() for _, key in others}:
        label.key = ""
    check_classes([*others, (label.name, label.key)])
    label.removed_at = None
    label.save(update_fields=["name", "key", "removed_at"])
    # Whatever was learned meanwhile was not taught these: they are new labels.
    Tag.objects.filter(label=label, source=Source.OWNER).update(updated_at=timezone.now())
    audit(by, "restored a class of", label.dataset, label=label.name)
    _changed(label.dataset)
    return label


def _changed(dataset: DataSet) -> None:
    """Consensus and tags follow in the background. The time stays until they have."""
    DataSet.objects.filter(pk=dataset.pk).update(classes_changed_at=timezone.now())
    ring("learning.classes_settle", dataset.pk)
