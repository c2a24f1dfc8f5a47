"""After somebody was blocked: train again on what is agreed without their answers."""

from django.db import transaction
from django.utils import timezone

from accounts.audit import audit
from accounts.models import User
from annotations.models import Annotator
from annotations.selectors import is_blocked
from annotations.services.publication import NotNow
from gallery.models import DataSet
from gallery.work import WorkState
from learning.models import TrainingRun
from learning.selectors import current_run
from learning.services.requests import run_request

TRIGGER = "without the answers of somebody blocked"


class NotBlocked(NotNow):
    """There is nothing to leave out, or not yet; the message says so."""


@transaction.atomic
def retrain_without(*, person: Annotator, dataset: DataSet, by: User) -> TrainingRun:
    """A run from scratch, or the waiting one brought forward: a run reads its labels when it starts."""
    if not is_blocked(person):
        raise NotBlocked("They are not blocked, so their answers would be learned from again.")
    run = current_run(dataset)
    if run is not None and run.state == WorkState.RUNNING:
        raise NotBlocked("A run is going that has read its labels already. Ask again when it is done.")
    audit(by, "trained again without the answers of", person, dataset=str(dataset))
    joined = run_request(dataset=dataset, trigger=TRIGGER)
    # Due from now on, also where it has waited for a worker since before the block: this tells that it comes after.
    joined.due_at = timezone.now()
    joined.save(update_fields=["due_at"])
    return joined
