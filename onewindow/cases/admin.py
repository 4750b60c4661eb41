"""For the IT administrator: what the mechanism does, without what it is about. Texts and addresses stay sealed."""

from __future__ import annotations

from django.contrib import admin

from onewindow.cases.models import Attachment, Card, Event, Followup, Message, Rung, Stop
from onewindow.org.admin import RecordAdmin


@admin.register(Event)
class EventAdmin(RecordAdmin):
    list_display = ("number", "seq", "kind", "at", "by", "office")
    search_fields = ("=number",)
    fields = ("number", "seq", "kind", "at", "by", "office", "prev", "hash")


@admin.register(Followup)
class FollowupAdmin(RecordAdmin):
    list_display = ("event", "done_at", "next_at", "attempts", "error")
    list_select_related = ("event",)
    list_filter = (("done_at", admin.EmptyFieldListFilter),)


@admin.register(Message)
class MessageAdmin(RecordAdmin):
    list_display = (
        "number",
        "template",
        "channel",
        "created_at",
        "sent_at",
        "gave_up_at",
        "attempts",
        "error",
    )
    list_filter = (("sent_at", admin.EmptyFieldListFilter), "channel")
    search_fields = ("=number",)
    exclude = ("address", "body")

    def get_queryset(self, request):  # type: ignore[no-untyped-def]
        return super().get_queryset(request).defer("address", "body")


@admin.register(Stop)
class StopAdmin(RecordAdmin):
    list_display = ("number", "reason", "began_at", "ended_at")
    search_fields = ("=number",)
    exclude = ("notice",)


@admin.register(Attachment)
class AttachmentAdmin(RecordAdmin):
    list_display = ("number", "purpose", "content_type", "size", "added_at", "added_by")
    search_fields = ("=number",)
    exclude = ("name", "key", "path")


@admin.register(Rung)
class RungAdmin(RecordAdmin):
    """Shown here, changed under “Catalogue” alone: by draft, check and publication, with its history."""

    list_display = ("kind", "code", "measure", "after", "roles")


@admin.register(Card)
class CardAdmin(RecordAdmin):
    list_display = ("number", "code", "issued_at", "office", "hall", "untold")
    list_select_related = ("office", "hall")
    list_filter = ("code",)
    search_fields = ("=number",)
    exclude = ("person",)
