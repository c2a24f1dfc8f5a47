from django.urls import path

from annotations.sites.api import figures, secrets, sites, switches

urlpatterns = [
    path("sites/", sites.Sites.as_view(), name="api-sites"),
    path("sites/<int:pk>/", sites.OneSite.as_view(), name="api-site"),
    path("sites/<int:pk>/figures/", figures.SiteFigures.as_view(), name="api-site-figures"),
    path("sites/<int:pk>/secret/", secrets.SiteSecret.as_view(), name="api-site-secret"),
    path("sites/<int:pk>/close/", switches.SiteClose.as_view(), name="api-site-close"),
    path("sites/<int:pk>/open/", switches.SiteOpen.as_view(), name="api-site-open"),
]
