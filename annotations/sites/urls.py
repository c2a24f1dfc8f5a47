"""What the widget needs: its script at the addresses of three protocols, and its frames."""

from django.urls import path

from annotations.sites.views import frames, script, visit, without

urlpatterns = [
    path("1/api.js", script.widget_script, name="widget_script"),
    path("1/secure-api.js", script.widget_script, name="widget_script_secure"),
    path("recaptcha/api.js", script.widget_script, name="widget_script_recaptcha"),
    path("turnstile/v0/api.js", script.widget_script, name="widget_script_turnstile"),
    path("embed/widget/", frames.embed_widget, name="embed_widget"),
    path("embed/begin/", frames.embed_begin, name="embed_begin"),
    path("embed/<uuid:pk>/", visit.embed_visit, name="embed_visit"),
    path("embed/<uuid:pk>/next/", visit.embed_next, name="embed_next"),
    path("embed/<uuid:pk>/<uuid:challenge>/sprite", visit.embed_sprite, name="embed_sprite"),
    path("embed/<uuid:pk>/<uuid:challenge>/answer/", visit.embed_answer, name="embed_answer"),
    path("embed/<uuid:pk>/<uuid:challenge>/report/", visit.embed_report, name="embed_report"),
    path("embed/<uuid:pk>/without-pictures/", without.embed_ways, name="embed_ways"),
    path("embed/<uuid:pk>/without-pictures/start/", without.embed_unseen, name="embed_unseen"),
    path("embed/<uuid:pk>/without-pictures/answer/", without.embed_unseen_answer, name="embed_unseen_answer"),
    path("embed/<uuid:pk>/without-pictures/sound/<int:place>.wav", without.embed_sound, name="embed_sound"),
]
