"""What the owner changes of the classes, from the page that edits the data set."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from gallery import selectors
from gallery.access import class_write, dataset_write
from gallery.forms import ClassForm, DataSetForm
from gallery.services.classes import class_add as add
from gallery.services.classes import class_edit as edit
from gallery.services.classes import class_remove as remove
from gallery.services.classes import class_restore as restore
from gallery.services.datasets import BadClasses
from gallery.views.datasets import edit_page


@login_required
@require_POST
def class_add(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    form = ClassForm(request.POST)
    if form.is_valid():
        try:
            label = add(dataset=dataset, by=request.user, **form.cleaned_data)
        except BadClasses as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, f"“{label}” is one of the classes now.")
            return redirect("dataset_edit", pk)
    return edit_page(request, dataset, DataSetForm(instance=dataset, owner=dataset.owner), form)


@login_required
def class_edit(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    label = class_write(request, pk, index)
    form = ClassForm(request.POST or None, initial={"name": label.name, "key": label.key})
    if request.method == "POST" and form.is_valid():
        try:
            edit(label=label, by=request.user, **form.cleaned_data)
        except BadClasses as reason:
            form.add_error(None, str(reason))
        else:
            messages.success(request, "Saved.")
            return redirect("dataset_edit", pk)
    rows = selectors.class_rows(label.dataset)
    row = next(row for row in rows if row.label == label)
    context = {"dataset": label.dataset, "label": label, "row": row, "form": form, "removable": len(rows) > 2}
    return render(request, "gallery/class_edit.html", context)


@login_required
@require_POST
def class_remove(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    label = class_write(request, pk, index)
    try:
        remove(label=label, by=request.user)
    except BadClasses as reason:
        messages.error(request, str(reason))
        return redirect("class_edit", pk, index)
    messages.success(request, f"“{label}” is removed. What was said of it is kept.")
    return redirect("dataset_edit", pk)


@login_required
@require_POST
def class_restore(request: HttpRequest, pk: int, index: int) -> HttpResponse:
    label = class_write(request, pk, index, removed=True)
    try:
        restore(label=label, by=request.user)
    except BadClasses as reason:
        messages.error(request, str(reason))
    else:
        messages.success(request, f"“{label}” is one of the classes again.")
    return redirect("dataset_edit", pk)
