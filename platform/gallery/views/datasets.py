from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.text import slugify

from gallery import selectors
from gallery.access import (
    Person,
    dataset_own,
    dataset_read,
    dataset_write,
    may_contribute,
    may_see_splits,
    may_write,
    visible_datasets,
    visible_images,
)
from gallery.exports import as_csv
from gallery.forms import ClassForm, DataSetForm, ImageFilterForm, NewDataSetForm
from gallery.models import DataSet, Image, LabelClass, Visibility
from gallery.services.datasets import dataset_create as create
from gallery.services.datasets import dataset_edit as edit

CARDS, PICTURES = 12, 48


def datasets(request: HttpRequest) -> HttpResponse:
    yours = DataSet.objects.filter(owner=request.user.pk)
    whose = request.GET.get("whose") or ("yours" if yours.exists() else "public")
    found = _of(request.user, whose)
    if query := request.GET.get("q", "").strip():
        found = found.filter(name__icontains=query)
    page = Paginator(selectors.with_covers(found.order_by("name", "pk")), CARDS).get_page(request.GET.get("page"))
    context = {"page": page, "cards": selectors.cards_of(page), "whose": whose, "query": query}
    return render(request, "gallery/datasets.html", context)


def _of(user: Person, whose: str) -> QuerySet[DataSet]:
    visible = visible_datasets(user)
    if whose == "yours":
        return visible.filter(owner=user.pk)
    # A reviewer sees private ones too, apart from the gallery.
    return visible if whose == "all" else visible.filter(visibility=Visibility.PUBLIC)


@login_required
def my_datasets(request: HttpRequest) -> HttpResponse:
    """A fragment for the account's page, which stands below the gallery and can't read it."""
    mine = selectors.with_covers(DataSet.objects.filter(owner=request.user)).order_by("-pk")[:CARDS]
    return render(request, "gallery/my_datasets.html", {"cards": selectors.cards_of(mine)})


@login_required
def dataset_create(request: HttpRequest) -> HttpResponse:
    form = NewDataSetForm(request.POST or None, owner=request.user)
    if request.method == "POST" and form.is_valid():
        dataset = create(owner=request.user, **form.cleaned_data)
        messages.success(request, f"“{dataset}” is ready for its first pictures.")
        return redirect("upload", dataset.pk)
    return render(request, "gallery/dataset_create.html", {"form": form})


@login_required
def dataset_edit(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    form = DataSetForm(request.POST or None, instance=DataSet.objects.get(pk=pk), owner=dataset.owner)
    if request.method == "POST" and form.is_valid():
        edit(dataset=dataset, by=request.user, **form.cleaned_data)
        messages.success(request, "Saved.")
        return redirect("dataset", pk)
    return edit_page(request, dataset, form, ClassForm())


def edit_page(request: HttpRequest, dataset: DataSet, form: DataSetForm, class_form: ClassForm) -> HttpResponse:
    context = {
        "dataset": dataset,
        "form": form,
        "class_form": class_form,
        "rows": selectors.class_rows(dataset),
        "removed": selectors.removed_classes(dataset),
    }
    return render(request, "gallery/dataset_edit.html", context)


def dataset(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_read(request, pk)
    filters = ImageFilterForm(request.GET, dataset=dataset, splits=may_see_splits(request.user, dataset))
    page = _pictures(request, dataset, filters)
    context = {"dataset": dataset, "filters": filters, "page": page}
    context["filtered"] = any(value not in ("", None) for value in filters.cleaned_data.values())
    context["may_write"] = may_write(request.user, dataset)
    context["may_contribute"] = may_contribute(request.user, dataset)
    context["waits"] = any(selectors.awaits_tag(image) for image in page)
    if not request.htmx:
        context |= {"progress": selectors.progress_of([dataset])[pk], "counts": selectors.dataset_counts(dataset)}
        context["classes"] = selectors.present_classes(dataset)
    response = render(request, "gallery/dataset_images.html" if request.htmx else "gallery/dataset.html", context)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _pictures(request: HttpRequest, dataset: DataSet, filters: ImageFilterForm) -> Page[Image]:
    images = visible_images(request.user).filter(dataset=dataset)
    # What makes no sense as a filter is left out, so that an old address still shows pictures.
    chosen = filters.cleaned_data if filters.is_valid() else {}
    images = selectors.with_tags(selectors.images_filtered(images, **chosen))
    page = Paginator(images, PICTURES).get_page(request.GET.get("page"))
    for image in page:
        image.words = selectors.tags_in_order(image)
    return page


@login_required
def dataset_export(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """For who may change it: the splits in it tell which pictures are controls."""
    dataset = dataset_write(request, pk)
    name = f"{slugify(dataset.name) or 'dataset'}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(as_csv(dataset), content_type="text/csv; charset=utf-8", headers=headers)


@login_required
def dataset_label(request: HttpRequest, pk: int) -> HttpResponse:
    """The owner names one picture after another, by key. Drawn at random: what looks alike is rarely in a row."""
    dataset = dataset_own(request, pk)
    left = selectors.unnamed(dataset).order_by("?")
    skipped = request.GET.get("skipped", "")
    other = left.exclude(pk=skipped) if skipped.isdecimal() else left
    last = request.GET.get("last", "")
    context = {
        "dataset": dataset,
        "image": other.first() or left.first(),
        "last": _named(dataset, int(last)) if last.isdecimal() else None,
        "choices": _with_keys(list(selectors.present_classes(dataset))),
        "progress": selectors.progress_of([dataset])[pk],
    }
    return render(request, "gallery/dataset_label.html", context)


def _named(dataset: DataSet, pk: int) -> Image | None:
    image = selectors.with_tags(dataset.images.shown()).filter(pk=pk).first()
    if image:
        image.words = selectors.tags_in_order(image)
    return image


def _with_keys(classes: list[LabelClass]) -> list[tuple[LabelClass, str]]:
    """A class's own key, or its place from 1 to 9 where no other class has that key."""
    taken = {cls.key.casefold() for cls in classes if cls.key}
    places = ("" if place > 9 or str(place) in taken else str(place) for place in range(1, len(classes) + 1))
    return [(cls, cls.key or place) for cls, place in zip(classes, places, strict=True)]
