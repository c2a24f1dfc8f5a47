from django.db import transaction

from annotations.models import Annotator, AnswerKind, Vote
from annotations.services.consensus import consensus_touch
from gallery.models import Image, LabelClass


@transaction.atomic
def vote_correct(*, image: Image, label: LabelClass, annotator: Annotator) -> Vote:
    """Somebody names the class of a picture in a data set that isn't theirs: a vote like others. The latest counts."""
    vote = Vote.objects.create(
        dataset_id=image.dataset_id,
        annotator=annotator,
        image=image,
        kind=AnswerKind.CHOICE,
        answer=label.index,
    )
    consensus_touch(dataset=image.dataset, images=[image.pk])
    return vote
