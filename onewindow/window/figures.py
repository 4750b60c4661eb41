"""Figures over applications: how many came, how many were decided within the promise and within the law."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Count, F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from onewindow.cases.figures import Row, figure
from onewindow.org.models import Person
from onewindow.window.models import Application, Channel, Status

#: group → columns of its code and its names in both languages
COLUMNS = {
    "office": ("office__code", "office__name", "office__name_en"),
    "hall": ("hall__code", "hall__name", "hall__name_en"),
    "item": ("item__code", "item__name", "item__name_en"),
    "channel": ("channel",),
    "status": ("status",),
}
WORDS: dict[str, Any] = {"channel": Channel, "status": Status}


def _rows(applications: Any, by: str, good: Q | None) -> Sequence[Row]:
    """One grouped query; ``good`` is what counts, out of all (None: a plain count)."""
    sums = {"n": Count("pk")} | ({} if good is None else {"good": Count("pk", filter=good)})
    if not by:
        found = [applications.aggregate(**sums)]
    else:
        columns = COLUMNS[by]
        found = list(applications.order_by().values(*columns).annotate(**sums).order_by(columns[0]))
    return [
        Row(*_name(r, by), r["n"] if good is None else r["good"], None if good is None else r["n"])
        for r in found
    ]


def _name(row: dict[str, Any], by: str) -> tuple[str, str]:
    if not by:
        return "", ""
    code, *names = [row[c] or "" for c in COLUMNS[by]]
    if by in WORDS:
        return code, str(WORDS[by](code).label)
    return code, names[1] if get_language() == "en" and names[1] else names[0]


def named(applications: Any, by: str) -> list[tuple[str, str, str]]:
    """(number, code, name of its group) of each application."""
    rows = applications.order_by().values("number", *COLUMNS[by])
    return [(row["number"], *_name(row, by)) for row in rows]


def _counted(column: str, good: Q | None = None) -> Callable[..., Sequence[Row]]:
    def count(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
        period = {f"{column}__gte": start, f"{column}__lt": end}
        return _rows(Application.objects.seen_by(person).filter(**period), by, good)

    return count


#: An item that is decided on the spot, or stood still for good, has no day to keep: it was not late.
ON_TIME = Q(decision_due_at__isnull=True) | Q(decided_at__lte=F("decision_due_at"))
WITHIN_LAW = Q(decision_legal_due_at__isnull=True) | Q(decided_at__lte=F("decision_legal_due_at"))

figure("received", _("Received"), _("applications opened in the period"), _counted("opened_at"))
figure("accepted", _("Accepted"), _("applications accepted in the period"), _counted("accepted_at"))
figure(
    "on_time",
    _("Decided on time"),
    _("decided in the period and not after the promised day ÷ all decided in the period"),
    _counted("decided_at", ON_TIME),
    is_share=True,
)
figure(
    "within_law",
    _("Decided within the law"),
    _("decided in the period and not after the lawful day ÷ all decided in the period"),
    _counted("decided_at", WITHIN_LAW),
    is_share=True,
)
