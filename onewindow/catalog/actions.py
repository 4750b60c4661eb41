"""Making and publishing items."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Max

from onewindow.cases import instant
from onewindow.catalog.models import Item, ItemState, ItemVersion, MaterialSpec


def spell(name: str) -> dict[str, str]:
    """``pinyin`` and ``initials`` of a Chinese name, small letters without spaces, for the search box."""
    from pypinyin import Style, lazy_pinyin  # its dictionaries are a quarter of the program's start and 57 MB

    letters = "".join(c for c in name if c.isalnum())
    pinyin = "".join(lazy_pinyin(letters))
    initials = "".join(lazy_pinyin(letters, style=Style.FIRST_LETTER))
    return {"pinyin": pinyin.lower()[:400], "initials": initials.lower()[:120]}


def publish_version(
    item: Item, facts: dict[str, Any], materials: list[dict[str, Any]], *, by: str
) -> ItemVersion | None:
    """Publishes a new version of an item and retires the one before; None if nothing would change.

    Applications keep the version under which they were made. What ``facts`` does not name stays as it was: a list from a
    file that knows nothing of plans and questions does not wipe them out.
    """
    last = item.current
    if last is not None and _same(last, facts, materials):
        return None
    with transaction.atomic():
        now = instant.now()
        if last is not None:
            ItemVersion.objects.filter(pk=last.pk).update(state=ItemState.RETIRED, retired_at=now)
            facts = {name: getattr(last, name) for name in _KEPT} | facts
        number = (item.versions.aggregate(n=Max("version"))["n"] or 0) + 1
        version = ItemVersion.objects.create(
            item=item, version=number, state=ItemState.PUBLISHED, published_at=now, published_by=by, **facts
        )
        MaterialSpec.objects.bulk_create(MaterialSpec(version=version, **m) for m in materials)
        item.current = version
        Item.objects.filter(pk=item.pk).update(current=version)
        return version


#: What a version says, without its number, state and dates.
_KEPT = [
    f.name
    for f in ItemVersion._meta.concrete_fields
    if f.name not in ("id", "item", "version", "state", "published_at", "published_by", "retired_at")
]


def _same(version: ItemVersion, facts: dict[str, Any], materials: list[dict[str, Any]]) -> bool:
    if any(getattr(version, name) != value for name, value in facts.items()):
        return False
    fields = ("no", "name", "name_en", "source", "necessity", "form", "copies")
    given = [{"form": "either", "copies": 1} | m for m in materials]
    return [tuple(m[f] for f in fields) for m in given] == list(version.materials.values_list(*fields))
