"""Model versions: all about one, bring one back, take its weights home."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from annotations.services.publication import NotNow
from gallery.access import dataset_read, dataset_write, may_write, visible_images
from learning.models import VersionState
from learning.selectors import champion_of
from learning.services.serving import version_bring_back as bring_back
from learning.services.serving import version_shadow as shadow
from learning.services.serving import version_shadow_end as shadow_end
from learning.views import one_version
from learning.views.training import done


@require_GET
def version(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    dataset = dataset_read(request, pk)
    rows = dataset.versions.select_related("parent", "run").defer("predictions", "parent__predictions")
    context = one_version.gather(get_object_or_404(rows, number=number), visible_images(request.user))
    context |= {"owner": may_write(request.user, dataset), "champion": champion_of(dataset)}
    return render(request, "learning/version.html", context)


@require_POST
def version_bring_back(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    version = get_object_or_404(dataset.versions, number=number)
    if version.state == VersionState.CHAMPION:
        messages.info(request, f"Version {number} is the one that tags already.")
    else:
        bring_back(version=version, by=request.user)
        messages.success(request, f"Version {number} tags from now on, and goes over all pictures.")
    return done(request, dataset)


@require_POST
def version_shadow(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    try:
        shadow(version=get_object_or_404(dataset.versions, number=number), by=request.user)
        messages.success(
            request, f"Version {number} says of new uploads what it would tag. Nobody is shown it as a tag."
        )
    except NotNow as reason:
        messages.warning(request, str(reason))
    return redirect("version", pk, number)


@require_POST
def version_shadow_end(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    dataset = dataset_write(request, pk)
    shadow_end(version=get_object_or_404(dataset.versions, number=number), by=request.user)
    messages.success(request, f"Version {number} looks at new uploads no longer.")
    return redirect("version", pk, number)


@require_GET
def version_weights(request: HttpRequest, pk: int, number: int) -> FileResponse:
    dataset = dataset_write(request, pk)
    version = get_object_or_404(dataset.versions, number=number)
    try:
        file = version.weights.open("rb")
    except (OSError, ValueError):
        raise Http404 from None
    name = f"{dataset.pk}-version-{number}.safetensors"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/octet-stream")
