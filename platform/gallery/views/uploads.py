from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from gallery.access import contributable_datasets, dataset_contribute
from gallery.selectors import cards_of, present_classes, with_covers
from gallery.services.images import UploadReport, images_upload

CARDS = 24


@login_required
def upload_choose(request: HttpRequest) -> HttpResponse:
    open_to_me = with_covers(contributable_datasets(request.user)).order_by("name", "pk")
    page = Paginator(open_to_me, CARDS).get_page(request.GET.get("page"))
    return render(request, "gallery/upload_choose.html", {"page": page, "cards": cards_of(page)})


def upload(request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.is_authenticated and _by_script(request):
        # A redirect to the log-in page would reach the script as a success that it can't read.
        return JsonResponse({"detail": "Log in first."}, status=401)
    return _upload(request, pk)


@login_required
def _upload(request: HttpRequest, pk: int) -> HttpResponse:
    dataset = dataset_contribute(request, pk)
    report = None
    if request.method == "POST":
        report = images_upload(dataset=dataset, files=request.FILES.getlist("files"), uploader=request.user)
        if _by_script(request):
            return JsonResponse(_fates(report))
    context = {"dataset": dataset, "report": report, "classes": present_classes(dataset)}
    context["max_mb"] = settings.UPLOAD_MAX_BYTES // 2**20
    return render(request, "gallery/upload.html", context)


def _by_script(request: HttpRequest) -> bool:
    return request.headers.get("X-Requested-With") == "XMLHttpRequest"


def _fates(report: UploadReport) -> dict[str, Any]:
    return {
        "accepted": [
            {
                "id": image.pk,
                "name": image.name,
                "url": reverse("image", args=[image.pk]),
                "thumbnail": reverse("image_thumbnail", args=[image.pk]),
            }
            for image in report.accepted
        ],
        "duplicates": [{"name": name, "url": reverse("image", args=[image.pk])} for name, image in report.duplicates],
        "refused": [{"name": name, "reason": reason} for name, reason in report.refused],
    }
