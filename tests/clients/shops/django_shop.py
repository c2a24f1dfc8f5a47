"""A shop of somebody who uses django-hCaptcha at /hcaptcha and django-turnstile at /turnstile: addresses and keys are
ours, nothing else is changed. A form that is posted is answered with what Django's own check of it says."""

import os

import django
from django import forms
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import Context, Engine
from django.urls import path
from serving import serve

TESSERA, SITEKEY, SECRET = (os.environ[name] for name in ("TESSERA", "SITEKEY", "SECRET"))
settings.configure(
    SECRET_KEY="of the shop",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["hcaptcha", "turnstile"],
    HCAPTCHA_JS_API_URL=f"{TESSERA}/1/api.js",
    HCAPTCHA_VERIFY_URL=f"{TESSERA}/siteverify",
    HCAPTCHA_SITEKEY=SITEKEY,
    HCAPTCHA_SECRET=SECRET,
    TURNSTILE_JS_API_URL=f"{TESSERA}/turnstile/v0/api.js",
    TURNSTILE_VERIFY_URL=f"{TESSERA}/turnstile/v0/siteverify",
    TURNSTILE_SITEKEY=SITEKEY,
    TURNSTILE_SECRET=SECRET,
)
django.setup()

from hcaptcha.fields import hCaptchaField  # noqa: E402 - their settings are read at import
from turnstile.fields import TurnstileField  # noqa: E402

PAGE = Engine().from_string(
    '<!doctype html><html lang="en"><title>A shop</title>'
    '<main><form method="post">{{ form }}<button>Send</button></form>'
)


class HcaptchaForm(forms.Form):
    captcha = hCaptchaField()


class TurnstileForm(forms.Form):
    captcha = TurnstileField()


def answer(request: HttpRequest, form_class: type[forms.Form]) -> HttpResponse:
    if request.method != "POST":
        return HttpResponse(PAGE.render(Context({"form": form_class()})))
    form = form_class(request.POST)
    return JsonResponse({"taken": form.is_valid(), "errors": form.errors.get("captcha", [])})


urlpatterns = [
    path("hcaptcha", answer, {"form_class": HcaptchaForm}),
    path("turnstile", answer, {"form_class": TurnstileForm}),
]

if __name__ == "__main__":
    serve(get_wsgi_application())
