"""What a command is told by name: a data set, and whose doing it is."""

from django.core.management.base import CommandError

from accounts.models import User
from annotations.imported import BY_ID
from gallery.models import DataSet


def dataset_called(name: str) -> DataSet:
    by_id = BY_ID.fullmatch(name)
    found = list(DataSet.objects.filter(**({"pk": by_id[1]} if by_id else {"name": name})).order_by("pk")[:10])
    if not found:
        raise CommandError(f"There is no data set “{name}”.")
    if len(found) > 1:
        numbers = ", ".join(f"id:{row.pk}" for row in found)
        raise CommandError(f"Several data sets are called “{name}”. Say which: {numbers}.")
    return found[0]


def user_called(email: str | None) -> User | None:
    if email is None:
        return None
    try:
        return User.objects.get_by_natural_key(email)
    except User.DoesNotExist as error:
        raise CommandError(f"Nobody has the address {email}.") from error
