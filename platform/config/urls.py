"""The site map: one hop from an address to its app's urls.py, one more to the code."""

from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language
from drf_spectacular.views import SpectacularAPIView

from accounts.doors import per_address
from config.api import api_root
from config.docs import api_docs
from config.health import health

APPS = ("accounts", "gallery", "annotations", "learning")
APIS = (*APPS, "annotations.sites")

urlpatterns = [
    path("healthz", health, name="health"),
    path("language/", set_language, name="set_language"),
    path("admin/login/", per_address(admin.site.login)),
    path("admin/", admin.site.urls),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", api_docs, name="api-docs"),
    path("api/v1/", api_root, name="api_root"),
    *(path("api/v1/", include(f"{app}.api_urls")) for app in APIS),
    *(path("", include(f"{app}.urls")) for app in APPS),
    path("", include("annotations.sites.verify_urls")),
    path("", include("annotations.sites.urls")),
    path("", include("annotations.sites.owner_urls")),
]
