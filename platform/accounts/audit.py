from typing import Any

from accounts.models import AuditEntry, User


def audit(actor: User | None, verb: str, subject: object, **detail: Any) -> AuditEntry:
    """Record a decision, inside the transaction that carries it out."""
    name = f"{subject._meta.model_name} {subject.pk}" if hasattr(subject, "_meta") else str(subject)
    return AuditEntry.objects.create(actor=actor, verb=verb, subject=name, detail=detail)
