"""The staff menu: each app adds its entries at start-up, so that a lower app need not know a higher one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from django.urls import reverse

if TYPE_CHECKING:
    from onewindow.org.models import Person


@dataclass(frozen=True)
class Entry:
    """One place in the menu; ``count`` (if any) is asked with the person and shown as a red dot."""

    order: int
    url: str
    label: object
    icon: str
    roles: frozenset[str]
    count: Callable[[Person], int] | None = None


ENTRIES: list[Entry] = []
#: So many places fit a counter screen of 1366x650; who has more finds the later ones behind "More".
FITS = 9


def add(
    order: int, url: str, label: object, icon: str, *roles: str, count: Callable[[Person], int] | None = None
) -> None:
    """Adds an entry for people who hold one of the roles. ``url`` is a URL name; call it from ``AppConfig.ready``."""
    ENTRIES.append(Entry(order, url, label, icon, frozenset(roles), count))
    ENTRIES.sort(key=lambda e: e.order)


@cache
def _address(name: str) -> str:
    return reverse(name)


def rail_for(person: Person, path: str) -> list[dict[str, Any]]:
    """The entries open to this person; the longest matching one is marked as the current page, and those for which the
    screen is too low as ``rare``."""
    rows: list[dict[str, Any]] = []
    for entry in ENTRIES:
        if person.roles & entry.roles:
            url = _address(entry.url)
            count = entry.count(person) if entry.count else 0
            row = {"url": url, "label": entry.label, "icon": entry.icon, "count": count}
            rows.append(row | {"current": False, "rare": False})
    here = max((r for r in rows if path.startswith(r["url"])), key=lambda r: len(r["url"]), default=None)
    if here:
        here["current"] = True
    if len(rows) > FITS + 1:
        for row in rows[FITS:]:
            row["rare"] = not row["current"]
    return rows
