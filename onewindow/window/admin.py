"""For the IT administrator: where applications stand, not whose they are."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onewindow.org.admin import RecordAdmin
from onewindow.org.privacy import DECLARED
from onewindow.window.models import Application, Paper

HIDDEN = (*DECLARED[Application], "reason", "correction_note")


@admin.register(Application)
class ApplicationAdmin(RecordAdmin):
    list_display = ("number", "item", "office", "hall", "status", "light", "opened_at", "closed_at")
    list_select_related = ("item", "office", "hall")
    list_filter = ("status", "light", "office")
    search_fields = ("=number",)
    exclude = HIDDEN

    def get_queryset(self, request: HttpRequest) -> QuerySet[Application]:
        return super().get_queryset(request).defer(*HIDDEN)


@admin.register(Paper)
class PaperAdmin(RecordAdmin):
    list_display = ("full_serial", "kind", "issued_at", "event_seq")
    list_filter = ("kind",)
    exclude = ("facts", "verify_code")

    @admin.display(description=_("Serial"), ordering="serial")
    def full_serial(self, paper: Paper) -> str:
        return paper.serial_text
