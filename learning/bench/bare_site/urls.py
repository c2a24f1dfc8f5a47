from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from django.utils import timezone

from learning.bench.bare_site.models import Row


def update(request: HttpRequest) -> JsonResponse:
    changed = Row.objects.filter(pk=request.POST["pk"]).update(redeemed_at=timezone.now())
    return JsonResponse({"success": changed == 1})


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("update", update), path("healthz", healthz)]
