from typing import Any

from django.db.models import Model
from django.utils.text import Truncator

from accounts.models import AuditEntry, User

LONGEST = AuditEntry._meta.get_field("subject").max_length


def audit(actor: User | None, verb: str, subject: object, **detail: Any) -> AuditEntry:
    """Record a decision, inside the transaction that carries it out."""
    return AuditEntry.objects.create(actor=actor, verb=verb, subject=_named(subject), detail=detail)


def _named(subject: object) -> str:
    """«data set Digits». A row with an `audit_name` has a say in it: people, who may be erased, go by number."""
    words = str(subject)
    if isinstance(subject, Model):
        words = getattr(subject, "audit_name", "") or f"{subject._meta.verbose_name} {subject}"
    return Truncator(words).chars(LONGEST)
