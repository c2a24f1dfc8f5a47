"""How a picture is answered as a control, and a reviewer's word that its truth was wrong."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET, require_POST

from annotations import access_review
from annotations.controls import answers_to, is_right
from annotations.forms_review import NOBODY, ClassOrNoneForm
from annotations.models import Contradiction, Regrade
from annotations.services.publication import NotNow
from annotations.services.regrading import regrade_make
from annotations.services.review import OwnAnswers
from annotations.views.back import back
from annotations.views.fragments import fragment
from annotations.wording import named, said
from gallery.models import Image


@require_GET
def image_control(request: HttpRequest, pk: int) -> HttpResponse:
    image = access_review.image_regrade(request, pk)
    return fragment(request, "annotations/image_control.html", _gather(image), title="As a control")


@require_POST
def image_regrade(request: HttpRequest, pk: int) -> HttpResponse:
    image = access_review.image_regrade(request, pk)
    form = ClassOrNoneForm(request.POST, dataset=image.dataset)
    if not form.is_valid():
        messages.warning(request, "Nothing was re-graded: choose what it is, with a note of at most 500 characters.")
        return back(request, "image_control", image.pk)
    try:
        regrade_make(image=image, truth=form.picked, by=request.user, note=form.cleaned_data["note"])
        messages.success(request, f"Re-graded: {form.picked or 'the answers to it count for nobody'}.")
    except (NotNow, OwnAnswers) as reason:
        messages.warning(request, str(reason))
    return back(request, "image_control", image.pk)


def _gather(image: Image) -> dict[str, Any]:
    answers, names = answers_to(image), list(image.dataset.classes.values_list("name", flat=True))
    regrades = list(Regrade.objects.filter(image=image).select_related("decided_by").order_by("-id"))
    truth = regrades[0].truth if regrades else (answers[0].truth if answers else None)
    counts = Counter(said(answer.kind, answer.answer, names) for answer in answers).most_common()
    return {
        "image": image,
        "answers": answers,
        "right": 0 if truth is None else sum(is_right(a.kind, a.answer, truth) for a in answers),
        "truth": None if truth is None else named(truth, names),
        "regrades": [(one, "counts for nobody" if one.truth is None else named(one.truth, names)) for one in regrades],
        "contradictions": [
            (one, named(one.truth, names)) for one in Contradiction.objects.filter(image=image).order_by("-id")
        ],
        "classes": image.dataset.classes.filter(removed_at=None),
        "nobody": NOBODY,
        "bars": {
            "title": "What people answered",
            "rows": [{"name": words, "percent": round(100 * n / counts[0][1]), "text": str(n)} for words, n in counts],
        },
    }
