"""How a data set is asked about: its rule for «asked enough», and its way into public challenges."""

from collections import Counter

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from annotations.challenges.registry import misfit
from annotations.forms import CampaignForm
from annotations.models import Consensus, ConsensusState, Publication
from annotations.selectors import campaign_of, campaign_read, keys_of
from annotations.services.campaigns import campaign_change
from annotations.services.publication import NotNow, publication_request, publication_withdraw
from annotations.views.fragments import fragment
from gallery.access import dataset_read, may_write
from gallery.models import DataSet


@require_http_methods(["GET", "POST"])
def dataset_campaign(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_read(request, pk)
    if request.method == "GET":
        return _shown(request, dataset, None)
    if not may_write(request.user, dataset):
        raise Http404
    verb = request.POST.get("do")
    if verb in {"request", "withdraw"}:
        _publish(request, dataset, verb)
        return _done(request, dataset)
    form = CampaignForm(request.POST, campaign=campaign_of(dataset), keys=keys_of(dataset))
    if not form.is_valid():
        return _shown(request, dataset, form, status=422)
    _change(request, dataset, form)
    return _done(request, dataset)


def _publish(request: HttpRequest, dataset: DataSet, verb: str) -> None:
    try:
        if verb == "withdraw":
            publication_withdraw(dataset=dataset, by=request.user)
            messages.success(request, "The public is not asked about this data set any more. The answers stay.")
        else:
            publication_request(dataset=dataset, by=request.user)
            messages.success(request, "A reviewer will look at a sample of the pictures and decide.")
    except NotNow as reason:
        messages.warning(request, str(reason))


def _change(request: HttpRequest, dataset: DataSet, form: CampaignForm) -> None:
    before = _states(dataset)
    campaign_change(
        dataset=dataset,
        threshold=form.cleaned_data["percent"] / 100,
        minimum_trusted=form.cleaned_data["minimum_trusted"],
        cap=form.cleaned_data["cap"],
        use_model=form.cleaned_data["use_model"],
        kinds=form.cleaned_data["kinds"],
        flips=form.cleaned_data["flips"],
        by=request.user,
    )
    after = _states(dataset)
    messages.success(
        request,
        f"Saved. People agree on {after[ConsensusState.ACCEPTED]} pictures now ({before[ConsensusState.ACCEPTED]} "
        f"before), and {after[ConsensusState.CONTESTED]} are contested ({before[ConsensusState.CONTESTED]} before).",
    )


def _states(dataset: DataSet) -> Counter[str]:
    return Counter(Consensus.objects.filter(dataset=dataset).values_list("state", flat=True))


def _done(request: HttpRequest, dataset: DataSet) -> HttpResponse:
    return _shown(request, dataset, None) if request.htmx else redirect("dataset", dataset.pk)


def _shown(request: HttpRequest, dataset: DataSet, form: CampaignForm | None, *, status: int = 200) -> HttpResponse:
    campaign, keys = campaign_read(dataset), keys_of(dataset)
    approved = dataset.is_public and campaign.publication == Publication.APPROVED
    context = {
        "dataset": dataset,
        "campaign": campaign,
        "approved": approved,
        "published": approved and not campaign.ended_at,
        "owner": may_write(request.user, dataset),
        "form": form or CampaignForm(campaign=campaign, keys=keys),
        "misfit": misfit(campaign.kinds, keys),
        "after_post": request.method == "POST",
    }
    return fragment(request, "annotations/campaign.html", context, title=f"Questions about {dataset}", status=status)
