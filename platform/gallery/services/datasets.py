from collections.abc import Sequence

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from gallery.models import DataSet, LabelClass, Visibility

MOST_CLASSES = 1000  # those that were removed among them: each keeps its column


class BadClasses(ValueError):  # noqa: N818
    """The class list makes no sense; the message says why."""


@transaction.atomic
def dataset_create(
    *,
    owner: User,
    name: str,
    classes: Sequence[tuple[str, str]],
    description: str = "",
    visibility: Visibility = Visibility.PRIVATE,
    open_for_contributions: bool = False,
) -> DataSet:
    """`classes`: (name, key) pairs in the order of their indexes; a key may be empty."""
    check_classes(classes)
    dataset = DataSet.objects.create(
        owner=owner,
        name=name,
        description=description,
        visibility=visibility,
        open_for_contributions=open_for_contributions,
    )
    LabelClass.objects.bulk_create(
        LabelClass(dataset=dataset, index=index, name=name, key=key) for index, (name, key) in enumerate(classes)
    )
    return dataset


@transaction.atomic
def dataset_edit(
    *, dataset: DataSet, by: User, name: str, description: str, visibility: Visibility, open_for_contributions: bool
) -> DataSet:
    before = DataSet.objects.select_for_update().get(pk=dataset.pk).visibility
    dataset.name, dataset.description = name, description
    dataset.visibility, dataset.open_for_contributions = visibility, open_for_contributions
    dataset.save(update_fields=["name", "description", "visibility", "open_for_contributions"])
    if visibility != before:
        audit(by, f"made {Visibility(visibility).value}", dataset)
    return dataset


def check_classes(classes: Sequence[tuple[str, str]]) -> None:
    names = [name.casefold() for name, _ in classes]
    keys = [key.casefold() for _, key in classes if key]
    if len(classes) < 2:
        raise BadClasses("At least two classes are needed: with one there is nothing to tell apart.")
    if len(classes) > MOST_CLASSES:
        raise BadClasses(f"{MOST_CLASSES:,} classes are the most.")
    if any(not name.strip() for name in names):
        raise BadClasses("Every class needs a name.")
    if len(set(names)) < len(names):
        raise BadClasses("Two classes have the same name.")
    if len(set(keys)) < len(keys):
        raise BadClasses("Two classes have the same key.")
    if any(len(key) > 1 for key in keys):
        raise BadClasses("A key is one character.")


def classes_from_text(text: str) -> list[tuple[str, str]]:
    """A line or comma a class: «cat» or «cat = c». One-character names are their own keys."""
    classes = []
    for part in text.replace(",", "\n").splitlines():
        name, _, key = (piece.strip() for piece in part.partition("="))
        if name:
            classes.append((name, key or (name if len(name) == 1 else "")))
    return classes
