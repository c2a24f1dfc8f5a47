from django.db import transaction

from accounts.models import User
from annotations.models import Annotator
from annotations.selectors import datasets_answered
from annotations.services.consensus import consensus_refit
from annotations.services.streaks import streak_recount


def annotator_for(user: User) -> Annotator:
    annotator, _ = Annotator.objects.get_or_create(user=user)
    return annotator


@transaction.atomic
def annotator_join(*, visitor: Annotator, account: Annotator) -> None:
    """A visitor turns out to be somebody with an account. Only the link is written: every vote row stays as it is."""
    if visitor.user_id or visitor.same_as_id:
        return
    visitor.same_as = account
    visitor.save(update_fields=["same_as"])
    _work_out_again(visitor)
    streak_recount(annotator=account)


@transaction.atomic
def annotator_unjoin(*, visitor: Annotator) -> None:
    """Undo a joining that was wrong, such as a shared computer's."""
    account, visitor.same_as = visitor.same_as, None
    visitor.save(update_fields=["same_as"])
    _work_out_again(visitor)
    for annotator in sorted(filter(None, (account, visitor)), key=lambda face: face.pk):
        streak_recount(annotator=annotator)


def _work_out_again(visitor: Annotator) -> None:
    for dataset in datasets_answered(visitor):
        consensus_refit(dataset=dataset)
