"""Figures right to the minute at the cost of sums: days that nothing changes any more from the sums, the rest from the facts.

A review may be changed for up to three days, so the last days are counted from the reviews themselves; all before is read from
one row a day and thing. What is left out after an appeal has its day summed anew at once. ``tests/voice/test_exact.py`` holds
both against the facts alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Sum
from django.utils import timezone

from onewindow.catalog.models import Item
from onewindow.org.calendar import ZONE
from onewindow.org.models import Hall, Office
from onewindow.voice import figures, tallies
from onewindow.voice.figures import Verdict
from onewindow.voice.models import Review
from onewindow.voice.records import Tally, TallyRun
from onewindow.window.models import Application

NAMES = ("n5", "n4", "n3", "n2", "n1", "touchpoints")
THINGS: dict[str, Any] = {"hall": Hall, "office": Office, "item": Item}
NONE = Verdict(0, 0, 0, None, 0)


def _day(at: dt.datetime) -> dt.date | None:
    """The day that begins at this instant; None if none does."""
    here = timezone.localtime(at, ZONE)
    return here.date() if here.time() == dt.time() else None


def settled(start: dt.datetime, end: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The part of a period that the sums answer for: whole days between the first review of all and those that may still
    change. Empty (both ``start``) where there is none."""
    run = TallyRun.objects.first()
    first, last = _day(start), _day(end)
    if run is None or first is None or last is None or (begun := tallies.first_day()) is None:
        return start, start
    low = max(first, begun)
    high = min(last, run.until - dt.timedelta(days=tallies.OPEN_DAYS - 1))
    return (tallies.midnight(low), tallies.midnight(high)) if low < high else (start, start)


def _of(rows: dict[str, Any]) -> Verdict:
    n5, n4, n3, n2, n1, touchpoints = (rows[name] or 0 for name in NAMES)
    n = n5 + n4 + n3 + n2 + n1
    mean = (5 * n5 + 4 * n4 + 3 * n3 + 2 * n2 + n1) / n if n else None
    return Verdict(n, n5 + n4 + n3, n2 + n1, mean, touchpoints)


def add(parts: Iterable[Verdict]) -> Verdict:
    """Several spans of one thing as one."""
    rows = list(parts)
    n = sum(v.n for v in rows)
    mean = sum(v.mean * v.n for v in rows if v.mean is not None) / n if n else None
    good, bad, touchpoints = (sum(getattr(v, name) for v in rows) for name in ("good", "bad", "touchpoints"))
    return Verdict(n, good, bad, mean, touchpoints)


def verdict(start: dt.datetime, end: dt.datetime, kind: str = "city", code: str = "") -> Verdict:
    """The verdict on the city, or on one hall, office or item: the same as :func:`figures.verdict` over all facts."""
    low, high = settled(start, end)
    parts = [_facts(kind, code, *span) for span in ((start, low), (high, end)) if span[0] < span[1]]
    if low < high:
        rows = Tally.objects.of(kind, "d").filter(key=code, day__gte=_day(low), day__lt=_day(high)).order_by()
        parts.append(_of(rows.aggregate(**{name: Sum(name) for name in NAMES})))
    return add(parts)


def _facts(kind: str, code: str, start: dt.datetime, end: dt.datetime) -> Verdict:
    reviews, cases = Review.objects.all(), Application.objects.all()
    if kind != "city":
        of_review = "item_code" if kind == "item" else f"{kind}__code"
        reviews, cases = reviews.filter(**{of_review: code}), cases.filter(**{f"{kind}__code": code})
    return figures.verdict(reviews, cases, start, end)


def verdicts_by(kind: str, start: dt.datetime, end: dt.datetime) -> list[tuple[Any, Verdict]]:
    """The same for each hall, office or item, most reviews first: as :func:`figures.verdicts_by` over all facts."""
    low, high = settled(start, end)
    found: dict[str, list[Verdict]] = {}
    things: dict[str, Any] = {}
    for span in ((start, low), (high, end)):
        if span[0] < span[1]:
            for thing, said in figures.verdicts_by(
                kind, Review.objects.all(), Application.objects.all(), *span
            ):
                things[thing.code] = thing
                found.setdefault(thing.code, []).append(said)
    if low < high:
        rows: Any = Tally.objects.of(kind, "d").filter(day__gte=_day(low), day__lt=_day(high)).order_by()
        for row in rows.values("key").annotate(**{f"sum_{name}": Sum(name) for name in NAMES}):
            said = _of({name: row[f"sum_{name}"] for name in NAMES})
            if said.n or said.touchpoints:
                found.setdefault(row["key"], []).append(said)
    if missing := set(found) - set(things):
        things |= {thing.code: thing for thing in THINGS[kind]._default_manager.filter(code__in=missing)}
    pairs = [(things[code], add(parts)) for code, parts in found.items() if code in things]
    return sorted(pairs, key=lambda pair: (-pair[1].n, -pair[1].touchpoints, str(pair[0])))
