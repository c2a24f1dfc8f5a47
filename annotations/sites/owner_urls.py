from django.urls import path

from annotations.sites.views import owner, playground, switches

urlpatterns = [
    path("sites/", owner.sites, name="sites"),
    path("sites/new/", owner.site_create, name="site_create"),
    path("sites/<int:pk>/", owner.site, name="site"),
    path("sites/<int:pk>/edit/", owner.site_edit, name="site_edit"),
    path("sites/<int:pk>/rotate/", switches.site_rotate, name="site_rotate"),
    path("sites/<int:pk>/close/", switches.site_close, name="site_close"),
    path("sites/<int:pk>/open/", switches.site_open, name="site_open"),
    path("sites/<int:pk>/test-mode/", switches.site_test_mode, name="site_test_mode"),
    path("sites/<int:pk>/playground/", playground.site_playground, name="site_playground"),
]
