from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as PasswordAwareAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from knox.models import AuthToken
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from accounts.audit import audit
from accounts.models import AuditEntry, User


@admin.register(User)
class UserAdmin(PasswordAwareAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("email", "name", "role", "is_active", "joined_at")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name")
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("joined_at", "last_login")
    fieldsets = ((None, {"fields": ("email", "name", "password", "role", "is_active", "joined_at", "last_login")}),)
    add_fieldsets = ((None, {"fields": ("email", "name", "role", "password1", "password2")}),)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if {"role", "is_active"} & set(form.changed_data):
            audit(request.user, "set role and access of", obj, role=obj.role, is_active=obj.is_active)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Their pictures and answers hang on this row: an account is closed, not deleted."""
        return False


@admin.register(AuditEntry)
class AuditEntryAdmin(ModelAdmin):
    list_display = ("at", "actor", "verb", "subject")
    list_filter = ("verb",)
    list_select_related = ("actor",)
    search_fields = ("subject", "actor__email")
    date_hierarchy = "at"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: AuditEntry | None = None) -> bool:
        return False


# Roles take the place of groups, and tokens are their owners' business: neither is for an administrator to edit.
admin.site.unregister([Group, AuthToken])
