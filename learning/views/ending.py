"""A campaign that has ended, on the page of what is asked, and its owner's «go on»."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from annotations.models import Campaign
from annotations.services.publication import NotNow
from gallery.access import dataset_write
from gallery.models import DataSet
from learning.selectors import policy_of
from learning.selectors_ending import answers_spent, standing_of
from learning.services.resuming import asking_resume


@dataclass(frozen=True)
class Ending:
    """`campaign`: where it has ended. `goes_on`: how it stands until then, in sentences."""

    campaign: Campaign | None
    goes_on: str


@login_required
@require_POST
def dataset_resume(request: HttpRequest, pk: int) -> HttpResponse:
    try:
        asking_resume(dataset=dataset_write(request, pk), by=request.user)
        messages.success(request, "People are asked again. A new round comes.")
    except NotNow as reason:
        messages.warning(request, str(reason))
    return redirect("dataset_asked", pk)


def ending_of(dataset: DataSet) -> Ending:
    ended = Campaign.objects.filter(dataset=dataset).exclude(ended_at=None).first()
    return Ending(ended, "" if ended else " ".join(_goes_on(dataset)))


def _goes_on(dataset: DataSet) -> list[str]:
    policy, sentences = policy_of(dataset), []
    if policy.budget is not None:
        sentences.append(f"{answers_spent(dataset):,} of {policy.budget:,} answers are spent.")
    standing = standing_of(dataset) if policy.stops else None
    if standing and not standing.stop:
        sentences.append(standing.reason)
    return sentences
