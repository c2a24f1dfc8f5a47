from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models.fields.files import FieldFile
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from gallery import selectors
from gallery.access import image_read, image_write, may_write
from gallery.models import Image
from gallery.services.images import image_delete as delete
from gallery.work import WorkState

TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp"}
# How long a picture has waited for its tag, and how soon its page then asks again.
ASKS_AGAIN = ((timedelta(seconds=5), "200ms"), (timedelta(minutes=1), "1s"))
SELDOM = "10s"


def image(request: HttpRequest, pk: int) -> HttpResponse:
    image = image_read(request, pk)
    writes = may_write(request.user, image.dataset)
    context = {
        "image": image,
        "classes": selectors.present_classes(image.dataset),
        "may_write": writes,
        "may_delete": writes or request.user.pk == image.uploader_id,
        "is_owner": request.user.pk == image.dataset.owner_id,
    }
    return render(request, "gallery/image.html", context | _tags(image))


def image_tags(request: HttpRequest, pk: int) -> HttpResponse:
    """A fragment that asks again by itself while there is something to wait for."""
    image = image_read(request, pk)
    is_owner = request.user.pk == image.dataset.owner_id
    return render(request, "gallery/image_tags.html", {"image": image, "is_owner": is_owner} | _tags(image))


def _tags(image: Image) -> dict[str, object]:
    waits = selectors.awaits_tag(image)
    asks_again = _asks_again(timezone.now() - image.tagging.created_at) if waits else ""
    return {
        "tags": list(selectors.tags_in_order(image)),
        "waits": waits,
        "asks_again": asks_again,
        "patient": asks_again == SELDOM,
        "unreadable": image.tagging.state == WorkState.FAILED,
    }


def _asks_again(waited: timedelta) -> str:
    return next((pause for until, pause in ASKS_AGAIN if waited < until), SELDOM)


@login_required
@require_POST
def image_delete(request: HttpRequest, pk: int) -> HttpResponse:
    image = image_write(request, pk)
    delete(image=image)
    messages.success(request, f"“{image}” is deleted.")
    return redirect("dataset", image.dataset_id)


def image_file(request: HttpRequest, pk: int) -> FileResponse:
    image = image_read(request, pk)
    return _stream(image.file)


def image_thumbnail(request: HttpRequest, pk: int) -> FileResponse:
    image = image_read(request, pk)
    return _stream(image.thumbnail)


def _stream(file: FieldFile) -> FileResponse:
    """Through us, not from a folder that everybody can read; what we store is of these types alone."""
    try:
        content = file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    response = FileResponse(content, content_type=TYPES[file.name.rsplit(".", 1)[-1]])
    response.headers["Cache-Control"] = "private, max-age=3600"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
