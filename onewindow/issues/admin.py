"""For the IT administrator: where issues stand, not what they say, whose they are or whom they are about."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from onewindow.issues.models import Issue, NoWeek, Refusal, Relay
from onewindow.org.admin import RecordAdmin
from onewindow.org.privacy import DECLARED

HIDDEN = (*DECLARED[Issue], "kept_out", "application", "source", "facts")


@admin.register(Issue)
class IssueAdmin(RecordAdmin):
    list_display = ("number", "origin", "office", "status", "light", "outcome", "opened_at", "closed_at")
    list_select_related = ("office",)
    list_filter = ("origin", "status", "light", "outcome")
    search_fields = ("=number",)
    exclude = HIDDEN

    def get_queryset(self, request: HttpRequest) -> QuerySet[Issue]:
        return super().get_queryset(request).defer(*[n for n in HIDDEN if n != "subject"])


@admin.register(Refusal)
class RefusalAdmin(RecordAdmin):
    list_display = ("at", "hall", "item", "reason", "basis")
    list_select_related = ("hall", "item")
    list_filter = ("reason",)
    exclude = ("note", "code", "clerk", "application")


@admin.register(Relay)
class RelayAdmin(RecordAdmin):
    list_display = ("account", "changed_at")
    list_select_related = ("account",)
    exclude = ("own_number", "issue")


@admin.register(NoWeek)
class NoWeekAdmin(RecordAdmin):
    list_display = ("monday", "n", "became", "told_at")
