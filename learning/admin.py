"""The back room: policies can be changed here, work and versions are looked at."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from annotations.admin import ReadOnlyAdmin
from learning.models import Drift, Explanation, ModelVersion, Policy, Retag, SamplingRound, TrainingRun


@admin.register(Policy)
class PolicyAdmin(ModelAdmin):
    list_display = ("dataset", "strategy", "automatic", "buffer_size", "delay_seconds", "backbone")
    list_select_related = ("dataset",)
    readonly_fields = ("dataset",)


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    list_display = ("id", "dataset", "state", "mode", "trigger", "phase", "attempt", "created_at", "finished_at")
    list_select_related = ("dataset",)
    list_filter = ("state", "mode")


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    list_display = ("number", "dataset", "state", "provisional", "labels", "backbone", "created_at")
    list_select_related = ("dataset",)
    list_filter = ("state", "backbone")
    exclude = ("predictions",)


@admin.register(Retag)
class RetagAdmin(ReadOnlyAdmin):
    list_display = ("version", "state", "done", "total", "attempt", "created_at")
    list_select_related = ("version__dataset",)
    list_filter = ("state",)


@admin.register(SamplingRound)
class SamplingRoundAdmin(ReadOnlyAdmin):
    list_display = ("id", "dataset", "version", "strategy", "size", "queued", "state", "created_at")
    list_select_related = ("dataset", "version__dataset")
    list_filter = ("state", "strategy")


@admin.register(Drift)
class DriftAdmin(ReadOnlyAdmin):
    list_display = ("version", "state", "shifted", "p_value", "reference", "current", "checked_at")
    list_select_related = ("version__dataset",)
    list_filter = ("state", "shifted")


@admin.register(Explanation)
class ExplanationAdmin(ReadOnlyAdmin):
    list_display = ("id", "image", "version", "kind", "label", "state", "attempt", "asked_by", "created_at")
    list_select_related = ("image", "version__dataset", "label", "asked_by")
    list_filter = ("state", "kind")
