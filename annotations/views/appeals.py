"""Objections: annotators write them, reviewers answer them."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from annotations import access, access_review
from annotations.figures import interval
from annotations.forms_review import AppealAnswerForm, AppealForm
from annotations.models import Appeal, AppealState, Reliability
from annotations.services.appeals import appeal_decide
from annotations.services.appeals import appeal_make as make
from annotations.services.publication import NotNow
from annotations.services.review import OwnAnswers

PAGE = 20


@require_POST
def appeal_make(request: HttpRequest, pk: int) -> HttpResponse:
    annotator, dataset = access_review.dataset_judged(request, pk)
    form = AppealForm(request.POST)
    if not form.is_valid():
        messages.warning(request, gettext("Write in at most 1,000 characters why you were judged wrongly."))
        return redirect("my_reliability")
    try:
        make(annotator=annotator, dataset=dataset, text=form.cleaned_data["text"])
        messages.success(request, gettext("Thank you. A reviewer looks at it, and the answer will be here."))
    except NotNow as reason:
        messages.warning(request, str(reason))
    return redirect("my_reliability")


@require_GET
def review_appeals(request: HttpRequest) -> HttpResponse:
    access.reviewer(request)
    appeals = Appeal.objects.filter(state=AppealState.OPEN).select_related("annotator__user", "dataset")
    page = Paginator(appeals.order_by("created_at", "pk"), PAGE).get_page(request.GET.get("page"))
    found = Reliability.objects.filter(annotator__in=[appeal.annotator_id for appeal in page])
    by_place = {(row.annotator_id, row.dataset_id): row for row in found}
    rows = [(appeal, by_place.get((appeal.annotator_id, appeal.dataset_id))) for appeal in page]
    shown = [(appeal, row, row and interval(row.low, row.accuracy, row.high)) for appeal, row in rows]
    return render(request, "annotations/review_appeals.html", {"tab": "appeals", "page": page, "rows": shown})


@require_POST
def review_appeal_decide(request: HttpRequest, pk: int) -> HttpResponse:
    appeal = access_review.appeal_review(request, pk)
    form = AppealAnswerForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Nothing was decided: grant or decline, with an answer of at most 500 characters.")
        return redirect("review_appeals")
    try:
        appeal_decide(appeal=appeal, grant=form.is_yes, by=request.user, answer=form.cleaned_data["answer"])
        messages.success(request, f"The appeal of {appeal.annotator} is {'granted' if form.is_yes else 'declined'}.")
    except (NotNow, OwnAnswers) as reason:
        messages.warning(request, str(reason))
    return redirect("review_appeals")
