"""For the IT administrator: queues, and that tickets are recorded. All read-only: the hall is run on its own pages."""

from __future__ import annotations

from django.contrib import admin

from onewindow.hall.models import MatterGroup, Ticket, TicketEvent, WindowEvent
from onewindow.org.admin import RecordAdmin


@admin.register(MatterGroup)
class MatterGroupAdmin(RecordAdmin):
    list_display = ("hall", "letter", "name", "is_open", "average_minutes")
    list_select_related = ("hall",)


@admin.register(Ticket)
class TicketAdmin(RecordAdmin):
    list_display = ("number", "day", "group", "state", "outcome", "taken_at")
    list_select_related = ("group",)
    search_fields = ("=number",)


@admin.register(TicketEvent)
class TicketEventAdmin(RecordAdmin):
    list_display = ("ticket", "seq", "kind", "at", "by", "reason")
    list_select_related = ("ticket",)


@admin.register(WindowEvent)
class WindowEventAdmin(RecordAdmin):
    list_display = ("counter", "kind", "at", "by", "reason")
    list_select_related = ("counter",)
