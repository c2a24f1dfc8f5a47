"""A control whose truth was wrong: from now on its answers count against another truth, or not at all."""

from django.db import transaction

from accounts.audit import audit
from accounts.models import User
from annotations.models import ControlAnswer, Regrade
from annotations.services.consensus import consensus_refit
from annotations.services.publication import NotNow
from annotations.services.review import OwnAnswers
from gallery.models import Image, LabelClass


@transaction.atomic
def regrade_make(*, image: Image, truth: LabelClass | None, by: User, note: str = "") -> Regrade:
    """Nobody's answer is rewritten: the grading reads the latest re-grade beside it. Without a truth none counts."""
    answers = ControlAnswer.objects.filter(image=image)
    if not answers.exists():
        raise NotNow("Nobody has answered this picture as a control yet.")
    if answers.filter(annotator__user=by).exists() or answers.filter(annotator__same_as__user=by).exists():
        raise OwnAnswers("You have answered this control yourself; another reviewer has to re-grade it.")
    regrade = Regrade.objects.create(
        dataset_id=image.dataset_id, image=image, truth=truth.index if truth else None, decided_by=by, note=note
    )
    changed = consensus_refit(dataset=image.dataset).changed
    said = str(truth) if truth else "counts for nobody"
    audit(by, "re-graded the control", image, truth=said, note=note, images_changed=changed)
    return regrade
