"""Administration of items and code lists. A published version is not edited: import a new one (import-items)."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from onewindow.catalog.models import Code, Item, ItemState, ItemVersion, MaterialSpec
from onewindow.org.admin import ReferenceAdmin, ReferenceInline


class MaterialInline(ReferenceInline):
    model = MaterialSpec

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_add_permission(request, obj) and _is_draft(obj)


def _is_draft(version: Model | None) -> bool:
    """Applications stay with their version, and its limits are law to them: only a draft may still change (A9)."""
    return not isinstance(version, ItemVersion) or version.state == ItemState.DRAFT


@admin.register(Item)
class ItemAdmin(ReferenceAdmin):
    list_display = ("code", "name", "office", "current")
    list_filter = ("office",)
    list_select_related = ("office", "current__item")
    search_fields = ("code", "name", "name_en")
    fields = ("code", "office", "name", "name_en", "current")
    readonly_fields = ("code", "current")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(ItemVersion)
class ItemVersionAdmin(ReferenceAdmin):
    list_display = ("item", "version", "state", "promised_limit", "legal_limit", "published_at")
    list_filter = ("state", "item__office")
    list_select_related = ("item",)
    search_fields = ("item__code", "item__name")
    readonly_fields = ("item", "version", "state", "published_at", "published_by", "retired_at")
    inlines = (MaterialInline,)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)


@admin.register(Code)
class CodeAdmin(ReferenceAdmin):
    list_display = ("list", "code", "name", "legal_basis", "is_active")
    list_filter = ("list", "is_active")
    search_fields = ("code", "name")
