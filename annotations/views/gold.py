"""A data set's gold: the pictures by which answers are checked, how each is answered, and what becomes of it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from annotations import access_gold as access
from annotations.forms_gold import GoldFilterForm, GoldImportForm, GoldPickForm
from annotations.selectors_gold import SUSPECT, gold_images, gold_items, gold_suspects
from annotations.services import gold, gold_import
from gallery.models import DataSet, Image, Split
from gallery.selectors import present_classes, tags_in_order, with_tags

ROWS, PICTURES = 24, 48
REFUSED_SHOWN = 100


@require_GET
def dataset_gold(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = access.dataset_gold(request, pk)
    response = render(
        request, "annotations/gold_list.html" if request.htmx else "annotations/gold.html", _list(request, dataset)
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


@login_required
@require_http_methods(["GET", "POST"])
def dataset_gold_add(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = access.dataset_gold_own(request, pk)
    form = GoldPickForm(request.POST or None, dataset=dataset)
    if request.method == "POST" and form.is_valid():
        label = form.cleaned_data["label"]
        added = gold.gold_add(
            dataset=dataset, labels=[(image, label) for image in form.cleaned_data["images"]], by=request.user
        )
        _say_added(request, len(added.images), str(label), [reason for _, reason in added.refused])
        return redirect("dataset_gold_add", pk)
    status = 422 if request.method == "POST" else 200
    return render(request, "annotations/gold_add.html", _pool(request, dataset, form), status=status)


@login_required
@require_POST
def dataset_gold_import(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = access.dataset_gold_own(request, pk)
    form = GoldImportForm(request.POST, request.FILES)
    context: dict[str, Any] = {"dataset": dataset, "form": form}
    if form.is_valid():
        # One byte more than is taken: the service says that it is too much, and no more is read.
        data = form.cleaned_data["file"].read(gold_import.LARGEST + 1)
        try:
            report = gold_import.gold_import(dataset=dataset, data=data, by=request.user)
        except gold_import.BadFile as reason:
            form.add_error("file", str(reason))
        else:
            context |= {"report": report, "refused": report.refused[:REFUSED_SHOWN]}
            context["more"] = len(report.refused) - len(context["refused"])
    return render(request, "annotations/gold_import.html", context, status=200 if form.is_valid() else 422)


@login_required
@require_POST
def gold_retire(request: HttpRequest, dataset: int, pk: int) -> HttpResponse:
    image = access.gold_image(request, dataset, pk)
    try:
        gold.gold_retire(image=image, by=request.user)
        messages.success(request, f"“{image}” is retired: nobody is checked by it any more. You can bring it back.")
    except gold.NotGold as reason:
        messages.warning(request, str(reason))
    return _row(request, image)


@login_required
@require_POST
def gold_unretire(request: HttpRequest, dataset: int, pk: int) -> HttpResponse:
    image = access.gold_image(request, dataset, pk)
    try:
        gold.gold_unretire(image=image, by=request.user)
        messages.success(request, f"“{image}” is gold again. You can retire it.")
    except gold.NotGold as reason:
        messages.warning(request, str(reason))
    return _row(request, image)


def _list(request: HttpRequest, dataset: DataSet) -> dict[str, Any]:
    # What makes no sense as a filter is left out, so that an old address still shows pictures.
    form = GoldFilterForm(request.GET)
    state = form.cleaned_data["state"] if form.is_valid() else ""
    suspects = gold_suspects(dataset)
    page = Paginator(gold_images(dataset, state, suspects), ROWS).get_page(request.GET.get("page"))
    return {
        "dataset": dataset,
        "filters": GoldFilterForm(initial={"state": state}),
        "state": state,
        "suspect_filter": SUSPECT,
        "suspects": len(suspects),
        "page": page,
        "items": gold_items(dataset, page, suspects),
        "is_owner": _is_owner(request, dataset),
        "import_form": GoldImportForm(),
    }


def _pool(request: HttpRequest, dataset: DataSet, form: GoldPickForm) -> dict[str, Any]:
    """What may become gold: the pool, in the order of arrival so that a page stays what it is while others come."""
    images = with_tags(dataset.images.shown().filter(split=Split.POOL).order_by("pk"))
    page: Page[Image] = Paginator(images, PICTURES).get_page(request.GET.get("page"))
    words = {image.pk: (tags_in_order(image) or [None])[0] for image in page}
    picked = set(form.data.getlist("images")) if form.is_bound else set()
    rows = [(image, words[image.pk], str(image.pk) in picked) for image in page]
    classes = present_classes(dataset)
    return {"dataset": dataset, "form": form, "page": page, "rows": rows, "classes": classes}


def _row(request: HttpRequest, image: Image) -> HttpResponse:
    """The picture's row as it is now, and where there are no scripts the list."""
    if not request.htmx:
        return redirect("dataset_gold", image.dataset_id)
    dataset = image.dataset
    fresh = gold_images(dataset).filter(pk=image.pk)
    item = gold_items(dataset, fresh, gold_suspects(dataset))[0]
    context = {"dataset": dataset, "item": item, "is_owner": _is_owner(request, dataset), "after_post": True}
    return render(request, "annotations/gold_row.html", context)


def _is_owner(request: HttpRequest, dataset: DataSet) -> bool:
    return request.user.pk == dataset.owner_id


def _say_added(request: HttpRequest, n: int, label: str, refused: list[str]) -> None:
    if n:
        messages.success(request, f"{n} picture{'s are' if n > 1 else ' is'} gold now, as “{label}”.")
    for reason in dict.fromkeys(refused):
        messages.warning(request, f"{refused.count(reason)} left out. {reason}")
