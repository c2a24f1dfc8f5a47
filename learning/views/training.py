"""How a data set learns: the fragment of its page, and «train now»."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from annotations.views.fragments import fragment
from gallery.access import dataset_read, dataset_write, may_write
from gallery.models import DataSet
from learning.models import Mode
from learning.selectors import current_run
from learning.services.requests import run_request
from learning.views import status


@never_cache
@require_GET
def dataset_learning(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_read(request, pk)
    context = status.gather(dataset)
    if request.htmx and request.GET.get("seen") == context["seen"]:
        return HttpResponse(status=204)  # nothing has happened: what is shown stays, with focus and scroll
    context |= {"owner": may_write(request.user, dataset)}
    return fragment(request, "learning/learning.html", context, title=f"How {dataset} learns")


@require_POST
def dataset_train(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    mode = Mode.CONTINUE if request.POST.get("mode") == Mode.CONTINUE else Mode.NEW_CYCLE
    joins = current_run(dataset) is not None
    run_request(dataset=dataset, trigger=f"asked for by {request.user}"[:80], mode=mode)
    messages.success(
        request, "A training run waits or runs already: this joins it." if joins else "Training starts now."
    )
    return done(request, dataset)


def done(request: HttpRequest, dataset: DataSet) -> HttpResponse:
    """After an owner's deed: the fragment anew, or the data set's page where there are no scripts."""
    if not request.htmx:
        return redirect("dataset", dataset.pk)
    context = {**status.gather(dataset), "owner": True, "after_post": True}
    return fragment(request, "learning/learning.html", context, title="")
