"""Asking why a model says what it says: rows for the workers to find. No torch here, so that a web process can ask."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from annotations.services.publication import NotNow
from gallery.models import Image, LabelClass, Source
from gallery.work import WorkState, ring
from learning.models import Explanation, ExplanationKind
from learning.selectors import champion_of

MOST_WAITING = 20  # of one person: each keeps a worker busy for some seconds
DELETED = "The picture was deleted."


class TooManyExplanations(ValueError):  # noqa: N818 - a state, not a fault
    """This person has asked for so many that they wait for a worker; the message says so."""


@transaction.atomic
def explanation_request(*, image: Image, kind: ExplanationKind, label: LabelClass | None, by: User) -> Explanation:
    """By the version that serves, about `label` or else the class that it says. What somebody has asked before is given
    as it is; what failed is tried again.

    Raises NotNow before a model has said anything, and TooManyExplanations.
    """
    version = champion_of(image.dataset)
    if version is None:
        raise NotNow("No model tags these pictures yet, so there is nothing to explain.")
    about = None if kind == ExplanationKind.SIMILAR else label or _said(image)
    User.objects.select_for_update().get(pk=by.pk)  # of two requests that race, one counts after the other
    asked, new = Explanation.objects.get_or_create(
        image=image, version=version, kind=kind, label=about, defaults={"asked_by": by}
    )
    if not new and asked.state != WorkState.FAILED:
        return asked
    _check_few(asked, by)
    asked.state, asked.attempt, asked.error = WorkState.WAITING, 0, ""
    asked.asked_by, asked.created_at = by, timezone.now()
    asked.save(update_fields=["state", "attempt", "error", "asked_by", "created_at"])
    ring("learning.explain", asked.pk)
    return asked


def explanations_forget() -> int:
    """Of deleted pictures no copy stays, with a map over it or without; how many rows that were."""
    rows = Explanation.objects.exclude(image__deleted_at=None).exclude(picture="")
    for row in rows:
        row.picture.storage.delete(row.picture.name)
        Explanation.objects.filter(pk=row.pk).update(picture="", facts={}, state=WorkState.FAILED, error=DELETED)
    return len(rows)


def _said(image: Image) -> LabelClass:
    tag = image.tags.standing().select_related("label").filter(source=Source.MODEL).first()
    if tag is None:
        raise NotNow("The model has not said yet what this picture shows. Name a class, or ask again in a moment.")
    return tag.label


def _check_few(asked: Explanation, by: User) -> None:
    others = Explanation.objects.filter(asked_by=by, state__in=[WorkState.WAITING, WorkState.RUNNING])
    if others.exclude(pk=asked.pk).count() >= MOST_WAITING:
        raise TooManyExplanations(
            f"{MOST_WAITING} explanations that you asked for are not worked out yet. Ask again when some of them are."
        )
