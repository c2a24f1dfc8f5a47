"""An annotator objects to how they were judged; a reviewer answers."""

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from accounts.audit import audit
from accounts.models import User
from annotations.models import Annotator, Appeal, AppealState, Verdict
from annotations.selectors import datasets_answered, faces_of, is_blocked
from annotations.services.publication import NotNow
from annotations.services.review import OwnAnswers, decision_make
from gallery.models import DataSet


@transaction.atomic
def appeal_make(*, annotator: Annotator, dataset: DataSet, text: str) -> Appeal:
    # Of two appeals that race, the person's row lets one through at a time.
    person = Annotator.objects.select_for_update().get(pk=annotator.person_id)
    if not datasets_answered(person).filter(pk=dataset.pk).exists():
        raise NotNow(gettext("You have answered nothing there that could be judged."))
    if Appeal.objects.filter(annotator__in=faces_of(person), dataset=dataset, state=AppealState.OPEN).exists():
        raise NotNow(gettext("Your appeal there waits for a reviewer already."))
    return Appeal.objects.create(annotator=person, dataset=dataset, text=text)


@transaction.atomic
def appeal_decide(*, appeal: Appeal, grant: bool, by: User, answer: str = "") -> Appeal:
    """Granting lifts a block, or settles the flags. Of two reviewers who decide at once, the first has decided."""
    person = Annotator.objects.get(pk=appeal.annotator.person_id)
    if person.user_id == by.pk:
        raise OwnAnswers("Another reviewer has to judge your own answers.")
    state = AppealState.GRANTED if grant else AppealState.DECLINED
    mine = Appeal.objects.filter(pk=appeal.pk, state=AppealState.OPEN)
    if not mine.update(state=state, answer=answer, decided_by=by, decided_at=timezone.now()):
        raise NotNow("A reviewer has decided on this appeal already.")
    if grant:
        verdict = Verdict.REINSTATE if is_blocked(person) else Verdict.CLEAR
        decision_make(annotator=person, verdict=verdict, by=by, note=answer or "An appeal was granted.")
    audit(by, f"{state} the appeal of", person, answer=answer)
    appeal.refresh_from_db()
    return appeal
