"""What people say of one picture, and what their answers show of themselves."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.views.decorators.http import require_GET, require_POST

from annotations.access_review import annotator_judged
from annotations.contested import doubted_since
from annotations.figures import share_bars
from annotations.forms import LabelForm
from annotations.identity import annotator_of
from annotations.models import Consensus, Vote
from annotations.services.corrections import image_correct as correct
from annotations.services.reports import TooManyReports, report_make
from annotations.services.withholding import verdicts_tell
from annotations.views import own_answers
from annotations.views.back import back
from annotations.views.fragments import fragment
from annotations.wording import said
from gallery.access import image_read, may_write
from gallery.models import Image

VOTES_SHOWN = 50


@login_required
@require_POST
def image_correct(request: HttpRequest, pk: int) -> HttpResponse:
    image = image_read(request, pk)
    form = LabelForm(request.POST, dataset=image.dataset)
    if not form.is_valid():
        messages.error(request, "That isn't one of the classes of this data set: pick one from the list.")
        return back(request, "image", image.pk)
    label = form.cleaned_data["label"]
    correct(image=image, label=label, by=request.user)
    own = image.dataset.owner_id == request.user.pk
    messages.success(
        request,
        f"It is now “{label}”, on your word."
        if own
        else f"Thank you. Your answer “{label}” counts together with those of others.",
    )
    return back(request, "image", image.pk)


@login_required
@require_POST
def image_report(request: HttpRequest, pk: int) -> HttpResponse:
    image = image_read(request, pk)
    try:
        report_make(image=image, annotator=annotator_of(request))
    except TooManyReports as reason:
        messages.warning(request, str(reason))
        return redirect("image", image.pk)
    messages.success(request, "Thank you. The picture is hidden until a reviewer has looked at it.")
    # The picture's own page may be closed to who reported it, so the way back is the data set's.
    return redirect("dataset", image.dataset_id)


@require_GET
def image_votes(request: HttpRequest, pk: int) -> HttpResponse:
    image = image_read(request, pk)
    consensus = Consensus.objects.filter(image=image).first()
    names = list(image.dataset.classes.values_list("name", flat=True))
    context = {
        "image": image,
        "consensus": consensus,
        "label": names[consensus.label] if consensus else "",
        "bars": share_bars("How probable each class is", consensus.posterior, names) if consensus else None,
        "doubted": doubted_since(image),
        "votes": _votes(request, image, names),
    }
    return fragment(request, "annotations/image_votes.html", context, title="What people said")


@require_GET
def my_reliability(request: HttpRequest) -> HttpResponse:
    """Who looks at their figures sees how they did: what they answered last stands from then on."""
    if annotator := annotator_judged(request):
        verdicts_tell(annotator=annotator)
    context = own_answers.gather(annotator, request.user)
    return fragment(request, "annotations/my_reliability.html", context, title="How reliable you are")


def _votes(request: HttpRequest, image: Image, names: list[str]) -> list[dict[str, Any]]:
    """Who said what, for reviewers; the data set's owner sees that answers are of different people, not of whom."""
    is_reviewer = request.user.is_authenticated and request.user.is_reviewer
    if not is_reviewer and not may_write(request.user, image.dataset):
        return []
    votes = Vote.objects.standing().filter(image=image).select_related("annotator__user").order_by("-id")[:VOTES_SHOWN]
    return [
        {
            "who": str(vote.annotator) if is_reviewer else _pseudonym(vote),
            "url": reverse("review_annotator", args=[vote.annotator_id]) if is_reviewer else "",
            "said": said(vote.kind, vote.answer, names),
            "at": vote.created_at,
        }
        for vote in votes
    ]


def _pseudonym(vote: Vote) -> str:
    """The same for all answers of a person in a data set, another in the next data set."""
    digest = salted_hmac("annotations.pseudonym", f"{vote.annotator.person_id} {vote.dataset_id}").hexdigest()
    return f"Annotator {digest[:6]}"
