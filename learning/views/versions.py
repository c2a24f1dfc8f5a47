"""Model versions: bring one back, take its weights home."""

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_GET, require_POST

from gallery.access import dataset_write
from learning.models import VersionState
from learning.services.serving import version_bring_back as bring_back
from learning.views.training import done


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
