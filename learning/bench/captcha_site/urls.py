import json

from captcha.fields import CaptchaField
from django.forms import Form
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt

from learning.bench.challenges_load import WORD


class WordForm(Form):
    captcha = CaptchaField()


def same_word() -> tuple[str, str]:
    return WORD.upper(), WORD


@csrf_exempt
def verify(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"passed": WordForm(json.loads(request.body)).is_valid()})


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


urlpatterns = [path("captcha/", include("captcha.urls")), path("verify", verify), path("healthz", healthz)]
