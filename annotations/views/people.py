"""Decisions about people: what one would change, and one about several people at once."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotations import access
from annotations.forms_review import BulkForm
from annotations.models import DecisionRefit, Flag, FlagState, Verdict
from annotations.selectors import faces_of
from annotations.services.effects import decisions_preview
from annotations.services.review import OwnAnswers, decisions_make
from annotations.views.fragments import fragment
from annotations.views.review import DONE
from annotations.wording import changed_words


@require_GET
def review_effect(request: HttpRequest) -> HttpResponse:
    """What it would change to block the people named, or to reinstate them."""
    access.reviewer(request)
    form = _named(request.GET)
    people = form.cleaned_data["person"] if form.is_valid() else []
    verdict = Verdict.BLOCK if request.GET.get("verdict") == Verdict.BLOCK else Verdict.REINSTATE
    context = {"verdict": verdict, "preview": decisions_preview(annotators=list(people), verdict=verdict)}
    return fragment(request, "annotations/effect.html", context, title="What it would change")


@never_cache
@require_GET
def review_refit(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is with what was decided last about a person, where that is worked out in the background."""
    person = access.person_review(request, pk)
    refits = DecisionRefit.objects.filter(decisions__annotator__in=faces_of(person))
    context = {"person": person, "refit": refits.order_by("-pk").first()}
    return fragment(request, "annotations/refit.html", context, title=f"What was decided about {person}")


@require_GET
def review_bulk(request: HttpRequest) -> HttpResponse:
    """The people chosen, with why they are flagged, before anything is decided about them."""
    access.reviewer(request)
    form = _named(request.GET)
    if not form.is_valid():
        messages.info(request, "Choose the people first that it is about.")
        return redirect("review")
    people = form.cleaned_data["person"].select_related("user").order_by("pk")
    flags = Flag.objects.filter(annotator__in=people, state=FlagState.OPEN).select_related("dataset")
    rows = [(person, [flag for flag in flags if flag.annotator_id == person.pk]) for person in people]
    return render(
        request, "annotations/review_bulk.html", {"tab": "flags", "rows": rows, "asked": request.GET.urlencode()}
    )


@require_POST
def review_bulk_decide(request: HttpRequest) -> HttpResponse:
    access.reviewer(request)
    form = BulkForm(request.POST)
    if not form.is_valid():
        messages.warning(
            request, "Nothing was decided: choose people and what to do, with a note of at most 500 characters."
        )
        return redirect("review")
    people, verdict = list(form.cleaned_data["person"]), Verdict(form.cleaned_data["verdict"])
    try:
        effect = decisions_make(annotators=people, verdict=verdict, by=request.user, note=form.cleaned_data["note"])
    except OwnAnswers:
        messages.warning(request, "Nothing was decided: another reviewer has to judge your own answers.")
        return redirect("review")
    people_said = "1 person" if len(effect.decisions) == 1 else f"{len(effect.decisions)} people"
    messages.success(request, f"{DONE[verdict]} {people_said}. {changed_words(effect.changed)}")
    return redirect("review")


def _named(data: QueryDict) -> BulkForm:
    """The people of an address; what is to be done with them is asked later."""
    return BulkForm({"verdict": Verdict.BLOCK, "person": data.getlist("person")})
