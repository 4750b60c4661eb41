"""For the IT administrator: what the mechanism does, without what it is about. Texts and addresses stay sealed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from onewindow.cases import rungs
from onewindow.cases.models import Attachment, Card, Event, Followup, Message, Rung, Stop
from onewindow.org.admin import RecordAdmin, ReferenceAdmin
from onewindow.org.calendar import Limit
from onewindow.org.roles import STAFF


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
    list_display = ("number", "template", "channel", "created_at", "sent_at", "attempts", "error")
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


class RungForm(forms.ModelForm):
    """A limit in working days and roles that exist: a rung that nobody can climb would be found out too late."""

    def clean_after(self) -> str:
        try:
            given = Limit.parse(self.cleaned_data["after"])
        except ValueError as wrong:
            raise forms.ValidationError(str(wrong)) from wrong
        if given.unit not in ("wd", "d"):
            raise forms.ValidationError(_("Please give working days (wd) or days (d)."))
        return str(given)

    def clean_roles(self) -> list[str]:
        roles = self.cleaned_data["roles"]
        if not isinstance(roles, list) or not roles or set(roles) - {r.value for r in STAFF}:
            raise forms.ValidationError(_('Please give a list of role codes, for example ["head"].'))
        return roles


@admin.register(Rung)
class RungAdmin(ReferenceAdmin):
    form = RungForm
    list_display = ("kind", "code", "measure", "after", "roles")

    def save_model(self, request: HttpRequest, obj: Rung, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        rungs.forget()


@admin.register(Card)
class CardAdmin(RecordAdmin):
    list_display = ("number", "code", "issued_at", "office", "hall", "untold")
    list_select_related = ("office", "hall")
    list_filter = ("code",)
    search_fields = ("=number",)
    exclude = ("person",)
