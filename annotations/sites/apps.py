from django.apps import AppConfig


class SitesConfig(AppConfig):
    name = "annotations.sites"
    label = "sites"
