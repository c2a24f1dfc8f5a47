"""The back room: sites are looked at, and closed where they do harm. Secrets don't come up here."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from annotations.admin import ReadOnlyAdmin
from annotations.sites.models import Site, Visit
from annotations.sites.services.sites import site_close, site_open


@admin.register(Site)
class SiteAdmin(ReadOnlyAdmin):
    list_display = ("name", "owner", "hosts", "key", "test_mode", "closed_at", "created_at")
    list_select_related = ("owner",)
    list_filter = ("test_mode",)
    search_fields = ("name", "owner__email", "key")
    actions = ("close", "open")

    @admin.action(description="Close: their widgets give no challenge", permissions=["switch"])
    def close(self, request: HttpRequest, queryset: QuerySet[Site]) -> None:
        for site in queryset:
            site_close(site=site, by=request.user)

    @admin.action(description="Open again", permissions=["switch"])
    def open(self, request: HttpRequest, queryset: QuerySet[Site]) -> None:
        for site in queryset:
            site_open(site=site, by=request.user)

    def has_switch_permission(self, request: HttpRequest) -> bool:
        return request.user.is_administrator


@admin.register(Visit)
class VisitAdmin(ReadOnlyAdmin):
    list_display = ("id", "site", "annotator", "protocol", "hostname", "failed", "votes", "opened_at", "passed_at")
    list_select_related = ("site", "annotator__user")
    list_filter = ("protocol",)
