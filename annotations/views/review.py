"""What reviewers see and decide: people, data sets for the public, reported pictures, and the log of decisions."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, F, Max, Q, Window
from django.db.models.functions import Random, RowNumber
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.models import AuditEntry
from annotations import access
from annotations.figures import interval
from annotations.forms import DecisionForm, UpholdForm
from annotations.models import (
    Annotator,
    Campaign,
    Decision,
    Flag,
    FlagState,
    Publication,
    Reliability,
    Report,
    ReportState,
    Verdict,
)
from annotations.services.publication import NotNow, publication_decide
from annotations.services.reports import report_decide
from annotations.services.review import OwnAnswers, decision_make
from annotations.views import evidence
from annotations.wording import changed_words
from gallery.models import Image

PAGE = 50
SAMPLE = 24
DONE = {Verdict.BLOCK: "Blocked", Verdict.CLEAR: "Cleared", Verdict.REINSTATE: "Reinstated"}


@require_GET
def review(request: HttpRequest) -> HttpResponse:
    access.reviewer(request)
    flags = Flag.objects.filter(state=FlagState.OPEN).select_related("annotator__user", "dataset")
    page = Paginator(flags, PAGE).get_page(request.GET.get("page"))
    rows = [(flag, row, row and interval(row.low, row.accuracy, row.high)) for flag, row in _with_reliability(page)]
    return _tab(request, "flags", {"page": page, "rows": rows})


@require_GET
def review_blocked(request: HttpRequest) -> HttpResponse:
    access.reviewer(request)
    people = Annotator.objects.filter(same_as=None).exclude(blocked_at=None).select_related("user")
    page = Paginator(people.order_by("-blocked_at", "-id"), PAGE).get_page(request.GET.get("page"))
    latest = Decision.objects.filter(annotator__in=[person.pk for person in page]).values("annotator")
    decisions = Decision.objects.filter(pk__in=latest.annotate(last=Max("pk")).values("last"))
    by_person = {decision.annotator_id: decision for decision in decisions.select_related("decided_by")}
    return _tab(request, "blocked", {"page": page, "rows": [(p, by_person.get(p.pk)) for p in page]})


@require_GET
def review_datasets(request: HttpRequest) -> HttpResponse:
    access.reviewer(request)
    waiting = Campaign.objects.filter(publication=Publication.REQUESTED).select_related("dataset__owner")
    waiting = waiting.annotate(images=Count("dataset__images", filter=Q(dataset__images__deleted_at=None)))
    page = Paginator(waiting.order_by("pk"), 10).get_page(request.GET.get("page"))
    samples = _samples([campaign.pk for campaign in page])
    return _tab(request, "datasets", {"page": page, "rows": [(c, samples.get(c.pk, [])) for c in page]})


@require_POST
def review_dataset_decide(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = access.dataset_review(request, pk)
    form = UpholdForm(request.POST)
    if form.is_valid():
        try:
            publication_decide(dataset=dataset, approve=form.is_yes, by=request.user)
            messages.success(request, f"“{dataset}” is {'now in' if form.is_yes else 'kept out of'} public challenges.")
        except NotNow as reason:
            messages.warning(request, str(reason))
    return redirect("review_datasets")


@require_GET
def review_reports(request: HttpRequest) -> HttpResponse:
    access.reviewer(request)
    reports = Report.objects.filter(state=ReportState.OPEN)
    firsts = reports.values("image").annotate(last=Max("pk"), times=Count("pk")).order_by("-last")
    page = Paginator(firsts, PAGE).get_page(request.GET.get("page"))
    by_pk = reports.select_related("image__dataset").in_bulk([row["last"] for row in page])
    return _tab(request, "reports", {"page": page, "rows": [(by_pk[row["last"]], row["times"]) for row in page]})


@require_POST
def review_report_decide(request: HttpRequest, pk: int) -> HttpResponse:
    report = access.report_review(request, pk)
    form = UpholdForm(request.POST)
    if form.is_valid():
        report_decide(report=report, uphold=form.is_yes, by=request.user)
        messages.success(request, "The picture stays out." if form.is_yes else "The picture is back.")
    return redirect("review_reports")


@require_GET
def audit_log(request: HttpRequest) -> HttpResponse:
    access.reviewer(request)
    page = Paginator(AuditEntry.objects.select_related("actor"), PAGE).get_page(request.GET.get("page"))
    return _tab(request, "log", {"page": page})


@require_GET
def review_annotator(request: HttpRequest, pk: int) -> HttpResponse:
    person = access.person_review(request, pk)
    found = evidence.gather(person)
    tab = "blocked" if found["blocked"] else "flags"
    return render(request, "annotations/review_annotator.html", {"tab": tab, **found})


@require_POST
def review_decide(request: HttpRequest, pk: int) -> HttpResponse:
    person = access.person_review(request, pk)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Nothing was decided: choose what to do, with a note of at most 500 characters.")
    else:
        _decide(request, person, form)
    return redirect("review_annotator", person.pk)


def _decide(request: HttpRequest, person: Annotator, form: DecisionForm) -> None:
    verdict = Verdict(form.cleaned_data["verdict"])
    try:
        effect = decision_make(annotator=person, verdict=verdict, by=request.user, note=form.cleaned_data["note"])
    except OwnAnswers:
        messages.warning(request, "Nothing was decided: another reviewer has to judge your own answers.")
        return
    messages.success(request, f"{DONE[verdict]} {person}. {changed_words(effect.changed)}")


def _with_reliability(page: Any) -> list[tuple[Flag, Reliability | None]]:
    people = [flag.annotator_id for flag in page]
    found = Reliability.objects.filter(annotator__in=people)
    by_place = {(row.annotator_id, row.dataset_id): row for row in found}
    return [(flag, by_place.get((flag.annotator_id, flag.dataset_id))) for flag in page]


def _samples(datasets: list[int]) -> dict[int, list[Image]]:
    """Some pictures of each data set, drawn anew each time, so that nobody can arrange what a reviewer sees."""
    nth = Window(RowNumber(), partition_by=F("dataset"), order_by=Random())
    images = Image.objects.shown().filter(dataset__in=datasets).annotate(nth=nth).filter(nth__lte=SAMPLE)
    samples: dict[int, list[Image]] = {}
    for image in images:
        samples.setdefault(image.dataset_id, []).append(image)
    return samples


def _tab(request: HttpRequest, tab: str, context: dict[str, Any]) -> HttpResponse:
    return render(request, f"annotations/review_{tab}.html", {"tab": tab, **context})
