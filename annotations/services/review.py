"""What reviewers decide. Nothing is destroyed: a block leaves votes out of what is derived, no more."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from annotations.models import Annotator, Decision, FlagState, Verdict
from annotations.selectors import datasets_answered, faces_of
from annotations.services.consensus import consensus_refit
from annotations.services.flags import flags_resolve

RESOLVED = {
    Verdict.BLOCK: FlagState.UPHELD,
    Verdict.CLEAR: FlagState.CLEARED,
    Verdict.REINSTATE: FlagState.CLEARED,
}


class OwnAnswers(ValueError):  # noqa: N818 - a state, not a fault
    """Nobody judges their own answers; the message says so."""


@dataclass(frozen=True)
class Effect:
    decision: Decision
    changed: int


@transaction.atomic
def decision_make(*, annotator: Annotator, verdict: Verdict, by: User, note: str = "") -> Effect:
    """Block, clear or reinstate a person with all their faces, and work out again what their answers touched."""
    person = Annotator.objects.select_for_update().get(pk=annotator.person_id)
    if person.user_id == by.pk:
        raise OwnAnswers("Another reviewer has to judge your own answers.")
    decision = Decision.objects.create(annotator=person, verdict=verdict, decided_by=by, note=note)
    flags_resolve(annotator=person, state=RESOLVED[verdict], at=timezone.now())
    before = set(faces_of(person).exclude(blocked_at=None).values_list("pk", flat=True))
    faces_of(person).update(blocked_at=timezone.now() if verdict == Verdict.BLOCK else None)
    changed = 0
    if bool(before) != (verdict == Verdict.BLOCK):
        changed = sum(consensus_refit(dataset=dataset).changed for dataset in datasets_answered(person))
    audit(by, str(verdict), person, note=note, images_changed=changed)
    return Effect(decision, changed)
