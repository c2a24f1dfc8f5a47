"""How far people agree on a data set's pictures, and what stopping in time saves."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from annotations.models import Campaign
from annotations.savings import OVERLAP, savings_of
from annotations.views.fragments import fragment
from annotations.wording import named
from gallery.access import dataset_read
from gallery.models import DataSet

RELIABLE, TENTATIVE = 0.8, 0.667  # Krippendorff's own limits for alpha
ASKED = {"choices": "When people name what a picture shows", "tiles": "When people say whether it shows a class"}


@require_GET
def dataset_agreement(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_read(request, pk)
    context = {"dataset": dataset, "savings": savings_of(dataset), "overlap": OVERLAP, **_agreement(dataset)}
    return fragment(request, "annotations/agreement.html", context, title=f"Agreement on {dataset}")


def _agreement(dataset: DataSet) -> dict[str, Any]:
    """Without a campaign nothing was worked out yet: looking makes no row."""
    stored = Campaign.objects.filter(dataset=dataset).values_list("agreement", flat=True).first()
    if not stored:
        return {"computed_at": None, "asked": []}
    names = list(dataset.classes.values_list("name", flat=True))
    return {
        "computed_at": parse_datetime(stored["computed_at"]),
        "asked": [_shown(one, names) for one in stored["asked"]],
    }


def _shown(one: dict[str, Any], names: list[str]) -> dict[str, Any]:
    rows = [{"name": named(row["index"], names), **row} for row in one["classes"]]
    return {**one, "title": ASKED[one["kind"]], "verdict": verdict(one["alpha"]), "rows": rows}


def verdict(alpha: dict[str, float] | None) -> str:
    if alpha is None:
        return "Everybody always gave the same answer, so that chance can’t be told from agreement."
    if alpha["value"] >= RELIABLE:
        return "That is reliable: labels can be built on."
    if alpha["value"] >= TENTATIVE:
        return "That is enough for tentative conclusions; 0.80 and more counts as reliable."
    return (
        "That is little: the pictures are hard, the classes overlap, or people don’t look. 0.80 and more is reliable."
    )
