from django.db import transaction

from accounts.models import User
from annotations.models import QueueItem
from annotations.services import posteriors
from annotations.services.annotators import annotator_for
from annotations.services.votes import vote_correct
from gallery.models import Image, LabelClass
from gallery.services.images import image_label


@transaction.atomic
def image_correct(*, image: Image, label: LabelClass, by: User) -> None:
    """In their own data set the owner's word holds; in anybody else's a correction is a vote like others."""
    if image.dataset.owner_id != by.pk:
        vote_correct(image=image, label=label, annotator=annotator_for(by))
        return
    image_label(image=image, label=label)
    # Nobody is asked what the owner has said. The votes stay, as evidence about those who gave them.
    QueueItem.objects.filter(image=image).delete()
    posteriors.forget([image.pk])
