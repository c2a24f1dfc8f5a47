from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from accounts.audit import audit
from gallery.models import DataSet, Image, LabelClass, Tag


class NoAddNoDelete:
    """Pictures come by upload and leave a tombstone: the services see to both."""

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class ClassInline(NoAddNoDelete, TabularInline):
    model = LabelClass
    fields = ("index", "name", "key", "removed_at")
    readonly_fields = ("index", "removed_at")
    extra = 0


@admin.register(DataSet)
class DataSetAdmin(NoAddNoDelete, ModelAdmin):
    list_display = ("name", "owner", "visibility", "open_for_contributions", "created_at")
    list_filter = ("visibility",)
    list_select_related = ("owner",)
    search_fields = ("name", "owner__email")
    autocomplete_fields = ("owner",)
    readonly_fields = ("task_type", "created_at")
    inlines = (ClassInline,)

    def save_model(self, request: HttpRequest, obj: DataSet, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if "visibility" in form.changed_data:
            audit(request.user, f"made {obj.visibility}", obj)


class TagInline(NoAddNoDelete, TabularInline):
    model = Tag
    fields = readonly_fields = ("source", "label", "confidence", "sure", "version", "updated_at")
    extra = 0


@admin.register(Image)
class ImageAdmin(NoAddNoDelete, ModelAdmin):
    list_display = ("id", "name", "dataset", "uploader", "split", "uploaded_at", "withdrawn_at", "deleted_at")
    list_filter = ("split", "dataset")
    list_select_related = ("dataset", "uploader")
    search_fields = ("name", "dataset__name")
    fields = readonly_fields = (*list_display, "width", "height", "digest")
    inlines = (TagInline,)
    show_full_result_count = False
