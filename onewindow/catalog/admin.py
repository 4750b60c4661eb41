"""Items, their versions and code lists in the administration: to look at, with all that they hold."""

from __future__ import annotations

from django.contrib import admin

from onewindow.catalog.models import (
    Bundle,
    BundleStep,
    Change,
    Code,
    Item,
    ItemVersion,
    MaterialSpec,
    Wording,
)
from onewindow.org.admin import RecordAdmin, ReferenceInline


class ShownOnly(RecordAdmin):
    """Shown here, changed under “Catalogue” alone: by draft, check and publication, with its history."""

    show_full_result_count = True


class MaterialInline(ReferenceInline):
    model = MaterialSpec
    may_change = False


@admin.register(Item)
class ItemAdmin(ShownOnly):
    list_display = ("code", "name", "office", "current")
    list_filter = ("office",)
    list_select_related = ("office", "current__item")
    search_fields = ("code", "name", "name_en")
    fields = ("code", "office", "name", "name_en", "current", "closing", "closed_from", "closed_note")


@admin.register(ItemVersion)
class ItemVersionAdmin(ShownOnly):
    list_display = ("item", "version", "state", "promised_limit", "legal_limit", "published_at")
    list_filter = ("state", "item__office")
    list_select_related = ("item",)
    search_fields = ("item__code", "item__name")
    inlines = (MaterialInline,)


@admin.register(Code)
class CodeAdmin(ShownOnly):
    list_display = ("list", "code", "name", "legal_basis", "is_active")
    list_filter = ("list", "is_active")
    search_fields = ("code", "name")


class StepInline(ReferenceInline):
    model = BundleStep
    may_change = False


@admin.register(Bundle)
class BundleAdmin(ShownOnly):
    list_display = ("code", "name", "service_object", "is_active")
    search_fields = ("code", "name")
    inlines = (StepInline,)


@admin.register(Wording)
class WordingAdmin(ShownOnly):
    list_display = ("kind", "version", "heading", "published_at", "published_by")
    list_filter = ("kind",)


@admin.register(Change)
class ChangeAdmin(ShownOnly):
    list_display = ("section", "key", "state", "edited_by", "published_by", "published_at", "reason")
    list_filter = ("section", "state")
    search_fields = ("key", "reason")
