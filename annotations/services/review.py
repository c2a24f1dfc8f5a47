"""What reviewers decide. Nothing is destroyed: a block leaves votes out of what is derived, no more."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from annotations.models import Annotator, Decision, FlagState, Verdict
from annotations.selectors import datasets_answered, faces_of
from annotations.services.decision_refits import refit_begin, refit_now
from annotations.services.flags import flags_resolve
from gallery.work import WorkState

RESOLVED = {
    Verdict.BLOCK: FlagState.UPHELD,
    Verdict.CLEAR: FlagState.CLEARED,
    Verdict.REINSTATE: FlagState.CLEARED,
}


class OwnAnswers(ValueError):  # noqa: N818 - a state, not a fault
    """Nobody judges their own answers; the message says so."""


@dataclass(frozen=True)
class Effect:
    """The decisions, one a person, and how many images have another label or state by all of them together: None
    while that is being worked out."""

    decisions: list[Decision]
    changed: int | None

    @property
    def state(self) -> WorkState:
        return WorkState.WAITING if self.changed is None else WorkState.DONE

    @property
    def decision(self) -> Decision:
        """Where it was about one person."""
        (one,) = self.decisions
        return one


def decision_make(*, annotator: Annotator, verdict: Verdict, by: User, note: str = "") -> Effect:
    """Block, clear or reinstate a person with all their faces, and work out again what their answers touched: at once,
    or in the background where there are many votes. New fits leave out at once who is blocked."""
    return decisions_make(annotators=[annotator], verdict=verdict, by=by, note=note)


@transaction.atomic
def decisions_make(*, annotators: Sequence[Annotator], verdict: Verdict, by: User, note: str = "") -> Effect:
    """The same verdict on several people, all or none. What they touched is worked out once, when all is decided."""
    ids = {annotator.person_id for annotator in annotators}
    people = list(Annotator.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    if any(person.user_id == by.pk for person in people):
        raise OwnAnswers("Another reviewer has to judge your own answers.")
    moved = [person for person in people if _settle(person, verdict)]
    touched = {dataset.pk: dataset for person in moved for dataset in datasets_answered(person)}.values()
    refit = refit_begin(touched)
    decisions = [
        Decision.objects.create(annotator=person, verdict=verdict, decided_by=by, note=note, refit=refit)
        for person in people
    ]
    changed = None if refit else refit_now(touched)
    detail = {"people": len(people)} if len(people) > 1 else {}
    if changed is not None:
        detail["images_changed"] = changed
    for person in people:
        audit(by, str(verdict), person, note=note, **detail)
    return Effect(decisions, changed)


def _settle(person: Annotator, verdict: Verdict) -> bool:
    """Close their flags and set or lift the block; whether their say is another one now."""
    flags_resolve(annotator=person, state=RESOLVED[verdict], at=timezone.now())
    was_blocked = faces_of(person).exclude(blocked_at=None).exists()
    faces_of(person).update(blocked_at=timezone.now() if verdict == Verdict.BLOCK else None)
    return was_blocked != (verdict == Verdict.BLOCK)
