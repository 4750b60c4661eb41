"""实际用时: what each item really took in the last 90 days, worked out once a day and shown before anybody applies.

One query a day over the index of decisions (``application_decided``) and one over the stops of those that had any; pages
read one row an item.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction

from onewindow.cases import instant, rounds
from onewindow.cases.models import Stop
from onewindow.catalog.models import ItemPace
from onewindow.org.calendar import ZONE, working_days_left
from onewindow.org.kept import Note
from onewindow.org.models import current_calendar
from onewindow.window.models import Application, Result

DAYS = 90


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least ``percent`` of a hundred reach (nearest rank): one that really occurred."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


def work_out(today: dt.date | None = None) -> int:
    """Writes the rows anew for the 90 days before ``today``; returns how many items have one.

    Counted are grants and refusals; a stopped day is no working day of the office (行政许可法 45).
    """
    today = today or instant.now().astimezone(ZONE).date()
    end = dt.datetime.combine(today, dt.time(), ZONE)
    decided = Application.objects.filter(
        decided_at__gte=end - dt.timedelta(days=DAYS), decided_at__lt=end, result__in=Result.values
    )
    stops: dict[str, list[tuple[dt.datetime, dt.datetime | None]]] = defaultdict(list)
    stopped = decided.filter(clock_stops__gt=0).values("number")
    for number, began, ended in (
        Stop.objects.filter(number__in=stopped)
        .order_by("began_at")
        .values_list("number", "began_at", "ended_at")
    ):
        stops[number].append((began, ended))
    calendar = current_calendar()
    took: dict[int, list[int]] = defaultdict(list)
    within: dict[int, int] = defaultdict(int)
    rows = decided.order_by("item_id").values_list(
        "item_id", "number", "decided_at", "decision_due_at", "accepted_at"
    )
    for item_id, number, at, due_at, accepted_at in rows.iterator(chunk_size=2000):
        spans = [(b, min(e or at, at)) for b, e in stops.get(number, ()) if accepted_at and b < at]
        took[item_id].append(max(0, working_days_left(accepted_at or at, at, calendar, spans)))
        within[item_id] += due_at is None or at <= due_at
    last = today - dt.timedelta(days=1)
    fresh = [
        ItemPace(
            item_id=item_id,
            until=last,
            decided_count=len(days),
            within_count=within[item_id],
            median_days=percentile(days, 50),
            p90_days=percentile(days, 90),
        )
        for item_id, days in took.items()
    ]
    with transaction.atomic():
        ItemPace.objects.exclude(item_id__in=took).delete()
        ItemPace.objects.bulk_create(
            fresh,
            update_conflicts=True,
            unique_fields=["item"],
            update_fields=["until", "decided_count", "within_count", "median_days", "p90_days"],
        )
    return len(fresh)


_done_on: Note[dt.date] = Note()


@rounds.every_turn
def daily(limit: int) -> int:
    """Once a day and process, unless another worker has done it."""
    today = instant.now().astimezone(ZONE).date()
    if _done_on.value == today:
        return 0
    _done_on.value = today
    if ItemPace.objects.filter(until=today - dt.timedelta(days=1)).exists():
        return 0
    return work_out(today)
