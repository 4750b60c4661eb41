"""Waits by hall and hour (p50, p90), how the prediction held, and the share that was called in time."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases.figures import Row, figure
from onewindow.hall.models import Ticket, TicketQuerySet
from onewindow.hall.predict import Trust
from onewindow.hall.predict import trust as measured
from onewindow.org.calendar import ZONE
from onewindow.org.models import Hall, Person, number
from onewindow.org.templatetags.ow import local

#: Days over which the prediction is measured.
TRUST_DAYS = 30


def percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest rank (ISO 16269 counts it so too): the least value that at least this share does not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


@dataclass(frozen=True)
class Cell:
    """Waits of one hall in one hour: minutes at p50 and p90, and of how many tickets."""

    n: int
    p50: float | None
    p90: float | None
    heat: int


@dataclass(frozen=True)
class Heat:
    """Hall × hour of taking the ticket."""

    hours: list[int]
    rows: list[tuple[Hall, list[Cell], Cell]]


def _cell(waits: Sequence[float], limit: int) -> Cell:
    minutes = [w / 60 for w in waits]
    p50, p90 = percentile(minutes, 0.5), percentile(minutes, 0.9)
    heat = (
        0 if p90 is None else 1 if p90 <= limit / 2 else 2 if p90 <= limit else 3 if p90 <= 2 * limit else 4
    )
    return Cell(len(waits), p50, p90, heat)


def waits(tickets: TicketQuerySet, start: dt.datetime, end: dt.datetime) -> Heat:
    """Waiting until the first call, of tickets called in the period; one query. Tickets that nobody called are no wait but
    an abandonment, which the list of tickets counts."""
    rows: Any = tickets.filter(called_at__gte=start, called_at__lt=end).order_by()
    found: dict[int, dict[int, list[float]]] = {}
    for hall_id, taken, called in rows.values_list("hall_id", "taken_at", "called_at"):
        hour = taken.astimezone(ZONE).hour
        found.setdefault(hall_id, {}).setdefault(hour, []).append(max(0.0, (called - taken).total_seconds()))
    hours = sorted({hour for by_hour in found.values() for hour in by_hour})
    limit = number("queue_advice_minutes") if found else 0
    halls = Hall.objects.filter(pk__in=found).order_by("code")
    return Heat(
        hours,
        [
            (
                hall,
                [_cell(found[hall.pk].get(hour, []), limit) for hour in hours],
                _cell([w for some in found[hall.pk].values() for w in some], limit),
            )
            for hall in halls
        ],
    )


def trust(halls: Iterable[Hall], day: dt.date) -> Trust:
    """How what was told when the ticket was taken compares with what came, over the last thirty days. Appointments are left
    out: they were told their slot."""
    rows = Ticket.objects.filter(
        hall__in=list(halls), day__gt=day - dt.timedelta(days=TRUST_DAYS), day__lte=day, told_seconds__isnull=False,
        called_at__isnull=False, appointment__isnull=True,
    ).order_by()  # fmt: skip
    pairs: Any = rows.values_list("told_seconds", "taken_at", "called_at")
    return measured((told, round((called - taken).total_seconds())) for told, taken, called in pairs)


def _in_time(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
    limit = number("queue_advice_minutes") * 60
    rows: Any = Ticket.objects.seen_by(person).filter(called_at__gte=start, called_at__lt=end).order_by()
    found: dict[int, list[int]] = {}
    for hall_id, taken, called in rows.values_list("hall_id", "taken_at", "called_at"):
        sums = found.setdefault(hall_id, [0, 0])
        sums[0] += (called - taken).total_seconds() <= limit
        sums[1] += 1
    if by != "hall":
        return [Row("", "", sum(s[0] for s in found.values()), sum(s[1] for s in found.values()))]
    halls: Any = Hall.objects.in_bulk(found)
    return [Row(halls[pk].code, local(halls[pk]), *sums) for pk, sums in sorted(found.items())]


figure(
    "waits",
    _("Called in time"),
    _("Tickets called within the minutes of the parameter queue_advice_minutes ÷ tickets called."),
    _in_time,
    is_share=True,
)
