"""Where sites' servers ask, at the three vendors' own paths. `VerifyMiddleware` takes the short way to them."""

from django.urls import path

from annotations.sites.views import verify

urlpatterns = [
    path("siteverify", verify.siteverify, name="siteverify"),
    path("recaptcha/api/siteverify", verify.recaptcha_siteverify, name="recaptcha_siteverify"),
    path("turnstile/v0/siteverify", verify.turnstile_siteverify, name="turnstile_siteverify"),
]
