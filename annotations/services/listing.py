"""How a person stands on the scoreboard."""

from django.db import IntegrityError, transaction

from annotations.models import Annotator


class NameTaken(ValueError):  # noqa: N818
    """Somebody chose that name a moment before."""


def listing_change(*, annotator: Annotator, listed: bool, public_name: str) -> None:
    """At once, over all faces of the person: a visitor who wanted no place isn't given one by logging in."""
    Annotator.objects.filter(same_as=annotator.person_id).update(unlisted=not listed)
    try:
        with transaction.atomic():
            Annotator.objects.filter(pk=annotator.person_id).update(unlisted=not listed, public_name=public_name)
    except IntegrityError:
        raise NameTaken from None
