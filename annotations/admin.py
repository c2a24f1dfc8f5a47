"""The back room: campaigns can be changed here, everything else is looked at; decisions are made on review pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from annotations.models import (
    Annotator,
    Campaign,
    Challenge,
    Consensus,
    ControlAnswer,
    Decision,
    Flag,
    QueueItem,
    Reliability,
    Report,
    Unseen,
    Vote,
)


class ReadOnlyAdmin(ModelAdmin):
    """Ledger rows are never edited, and what is derived from them has no other author."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Vote)
class VoteAdmin(ReadOnlyAdmin):
    list_display = ("id", "dataset", "image", "annotator", "kind", "answer", "supersedes", "withdrawn", "created_at")
    list_select_related = ("dataset", "image", "annotator__user")
    list_filter = ("kind",)


@admin.register(ControlAnswer)
class ControlAnswerAdmin(ReadOnlyAdmin):
    list_display = ("id", "dataset", "image", "annotator", "kind", "answer", "truth", "correct", "created_at")
    list_select_related = ("dataset", "image", "annotator__user")
    list_filter = ("correct", "kind")


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = ("annotator", "verdict", "decided_by", "note", "created_at")
    list_select_related = ("annotator__user", "decided_by")
    list_filter = ("verdict",)


@admin.register(Annotator)
class AnnotatorAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "same_as", "blocked_at", "created_at")
    list_select_related = ("user", "same_as__user")
    search_fields = ("user__email", "key")


@admin.register(Challenge)
class ChallengeAdmin(ReadOnlyAdmin):
    list_display = ("id", "dataset", "annotator", "kind", "state", "issued_at", "answered_at")
    list_select_related = ("dataset", "annotator__user")
    list_filter = ("state", "kind")


@admin.register(Unseen)
class UnseenAdmin(ReadOnlyAdmin):
    list_display = ("id", "annotator", "kind", "way", "state", "issued_at", "answered_at")
    list_select_related = ("annotator__user",)
    list_filter = ("state", "kind", "way")


@admin.register(Consensus)
class ConsensusAdmin(ReadOnlyAdmin):
    list_display = ("image", "dataset", "label", "confidence", "votes", "trusted", "state")
    list_select_related = ("image", "dataset")
    list_filter = ("state",)


@admin.register(Reliability)
class ReliabilityAdmin(ReadOnlyAdmin):
    list_display = ("annotator", "dataset", "accuracy", "low", "high", "evidence", "weight", "trusted")
    list_select_related = ("annotator__user", "dataset")
    list_filter = ("trusted",)


@admin.register(Flag)
class FlagAdmin(ReadOnlyAdmin):
    list_display = ("annotator", "dataset", "reason", "state", "raised_at")
    list_select_related = ("annotator__user", "dataset")
    list_filter = ("state",)


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    list_display = ("image", "annotator", "state", "created_at", "decided_at")
    list_select_related = ("image", "annotator__user")
    list_filter = ("state",)


@admin.register(QueueItem)
class QueueItemAdmin(ReadOnlyAdmin):
    list_display = ("image", "dataset", "priority", "score", "reason", "leased_until")
    list_select_related = ("image", "dataset")


@admin.register(Campaign)
class CampaignAdmin(ModelAdmin):
    list_display = ("dataset", "publication", "threshold", "minimum_trusted", "cap", "kinds")
    list_select_related = ("dataset",)
    list_filter = ("publication",)
    readonly_fields = ("dataset", "publication", "kinds", "fitted_votes")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
