"""For the page about a person: which models learned from their answers, and training again without them."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotations.access import person_review
from annotations.selectors import datasets_answered
from annotations.views.fragments import fragment
from learning.poisoning import aftermath
from learning.services.retraining import NotBlocked, retrain_without


@never_cache
@require_GET
def person_models(request: HttpRequest, pk: int) -> HttpResponse:
    person = person_review(request, pk)
    rows = aftermath(person)
    context = {"person": person, "rows": rows, "going": any(row.going for row in rows)}
    return fragment(request, "learning/effects.html", context, title=f"Models that learned from {person}")


@require_POST
def person_retrain(request: HttpRequest, pk: int, dataset: int) -> HttpResponse:
    person = person_review(request, pk)
    found = get_object_or_404(datasets_answered(person), pk=dataset)
    try:
        retrain_without(person=person, dataset=found, by=request.user)
    except NotBlocked as reason:
        messages.warning(request, str(reason))
    return redirect("person_models" if request.htmx else "review_annotator", person.pk)
