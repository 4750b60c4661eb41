"""汇总: the sums over reviews by day and month, so that a public page costs the same after ten years as after ten days.

They follow from the reviews: :func:`rebuild` makes them anew for any days, :func:`check` compares them with the facts.
A day's sums are made after the day has ended, and again for the last days, within which people may still change theirs.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter as Bag
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.db.models import Count, ExpressionWrapper, Q, Sum
from django.utils import timezone

from onewindow.cases import instant, rounds
from onewindow.catalog.models import Item
from onewindow.org.calendar import ZONE
from onewindow.org.models import Counter, Hall, Office
from onewindow.voice.device_models import WindowVerdictQuerySet
from onewindow.voice.figures import SUMS, Verdict
from onewindow.voice.models import Review
from onewindow.voice.records import Tally, TallyRun
from onewindow.window.models import Application

#: Days back whose sums are made again each day: a review may be changed for up to three (parameter review_change_hours).
OPEN_DAYS = 4
Key = tuple[str, str, dt.date]


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZONE)


def days(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    return (first + dt.timedelta(days=n) for n in range((last - first).days + 1))


def _flag(condition: Q) -> ExpressionWrapper:
    return ExpressionWrapper(condition, output_field=models.BooleanField())


class Places:
    """The codes under which sums are kept."""

    def __init__(self) -> None:
        self.halls = dict(Hall.objects.values_list("pk", "code"))
        self.offices = dict(Office.objects.values_list("pk", "code"))
        self.items = dict(Item.objects.values_list("pk", "code"))
        self.counters = {
            pk: f"{hall}/{code}" for pk, hall, code in Counter.objects.values_list("pk", "hall__code", "code")
        }

    def keys(
        self, hall: int | None, office: int, item: str, counter: int | None
    ) -> Iterator[tuple[str, str]]:
        yield "city", ""
        if hall in self.halls:
            yield "hall", self.halls[hall]
        yield "office", self.offices[office]
        yield "item", item
        if counter in self.counters:
            yield "counter", self.counters[counter]


def _said(day: dt.date, places: Places) -> Iterator[tuple[str, str, str, int]]:
    """Kind, key, sum and number of the reviews of one day: one grouped query by the index on their time."""
    rows = (
        Review.objects.filter(at__gte=midnight(day), at__lt=midnight(day + dt.timedelta(1)))
        .order_by()
        .annotate(
            worded=_flag(~Q(text="")),
            helped=_flag(~Q(assisted_by="")),
            changes=_flag(Q(replaces__isnull=False)),
            gone=_flag(Q(replaced_by__isnull=False)),
            out=_flag(Q(exclusion__isnull=False)),
        )
        .values_list(
            "hall", "office", "item_code", "counter",
            "level", "nth", "is_default", "worded", "helped", "changes", "gone", "out",
        )
        .annotate(n=Count("pk"))
    )  # fmt: skip
    for *place, level, nth, default, worded, helped, changes, gone, out, n in rows:
        sums = list(_counts(level, nth, default, worded, helped, changes, gone, out))
        for kind, key in places.keys(*place):
            for name in sums:
                # what one of ours typed in for somebody is no score of a window
                if not (kind == "counter" and helped and name[0] == "n"):
                    yield kind, key, name, n


def _counts(
    level: int, nth: int, default: bool, worded: bool, helped: bool, changes: bool, gone: bool, out: bool
) -> Iterator[str]:
    if default:
        yield "defaults"
        return
    if changes:
        yield "changed"
    if gone:
        return
    if worded:
        yield "worded"
    if nth == 2:
        yield "second"
    elif out:
        yield "excluded"
    else:
        yield f"n{level}"
        if helped:
            yield "assisted"


def _reached(first: dt.date, last: dt.date, places: Places) -> Iterator[tuple[str, str, dt.date, int]]:
    """The occasions to say something: acceptance (not of what is decided on the spot) and handing over."""
    start, end = midnight(first), midnight(last + dt.timedelta(days=1))
    for column, also in (
        ("accepted_at", ~Q(item_version__case_kind="IMMEDIATE")),
        ("delivered_at", Q()),
    ):
        found = Application.objects.filter(also, **{f"{column}__gte": start, f"{column}__lt": end}).order_by()
        rows = found.values_list(column, "hall", "office", "item", "counter")
        for at, hall, office, item, counter in rows.iterator(chunk_size=5000):
            day = at.astimezone(ZONE).date()
            for kind, key in places.keys(hall, office, places.items[item], counter):
                yield kind, key, day, 1


def work_out(first: dt.date, last: dt.date) -> dict[Key, Bag[str]]:
    """The sums of each day, from the facts alone."""
    places = Places()
    found: dict[Key, Bag[str]] = defaultdict(Bag)
    for day in days(first, last):
        for kind, key, name, n in _said(day, places):
            found[kind, key, day][name] += n
    for kind, key, day, n in _reached(first, last, places):
        found[kind, key, day]["touchpoints"] += n
    return {k: bag for k, bag in found.items() if any(bag.values())}


def rebuild(first: dt.date, last: dt.date) -> int:
    """Makes the sums of these days, and of their months, anew; returns how many rows of days there are."""
    found = work_out(first, last)
    with transaction.atomic():
        Tally.objects.filter(span="d", day__gte=first, day__lte=last).delete()
        rows = [
            Tally(span="d", kind=kind, key=key, day=day, **bag) for (kind, key, day), bag in found.items()
        ]
        Tally.objects.bulk_create(rows, batch_size=500)
        for month in {day.replace(day=1) for day in days(first, last)}:
            _month(month)
    return len(rows)


def _month(first: dt.date) -> None:
    following = (first + dt.timedelta(days=32)).replace(day=1)
    Tally.objects.filter(span="m", day=first).delete()
    of_days = Tally.objects.filter(span="d", day__gte=first, day__lt=following).order_by()
    sums: Any = of_days.values("kind", "key").annotate(**{f"sum_{n}": Sum(n) for n in Tally.SUMS})
    Tally.objects.bulk_create(
        [
            Tally(span="m", kind=r["kind"], key=r["key"], day=first, **{n: r[f"sum_{n}"] for n in Tally.SUMS})
            for r in sums
        ],
        batch_size=500,
    )


def check(first: dt.date, last: dt.date) -> list[str]:
    """Where the sums of these days or of their months differ from the facts, in words; empty if nowhere."""
    wanted = {key: {n: bag[n] for n in Tally.SUMS} for key, bag in work_out(first, last).items()}
    kept = Tally.objects.filter(span="d", day__gte=first, day__lte=last)
    there = {(t.kind, t.key, t.day): {n: getattr(t, n) for n in Tally.SUMS} for t in kept}
    return [
        f"{kind} {key or '*'} {day}: {name} is {there.get(k, {}).get(name, 0)}, the reviews say {wanted.get(k, {}).get(name, 0)}"
        for k in sorted({*wanted, *there})
        for kind, key, day in [k]
        for name in Tally.SUMS
        if there.get(k, {}).get(name, 0) != wanted.get(k, {}).get(name, 0)
    ]


def first_day() -> dt.date | None:
    """The day of the first review of all."""
    at = Review.objects.order_by("at").values_list("at", flat=True).first()
    return timezone.localdate(at) if at else None


def bring_up_to_date() -> int:
    """Sums up to the end of yesterday; returns the days worked out. Costs one query if that is done already."""
    yesterday = timezone.localdate(instant.now()) - dt.timedelta(days=1)
    run = TallyRun.objects.first()
    if run and run.until >= yesterday:
        return 0
    first = run.until - dt.timedelta(days=OPEN_DAYS - 1) if run else first_day()
    if first is None or first > yesterday:
        return 0
    rebuild(first, yesterday)
    TallyRun.objects.create(until=yesterday, at=instant.now())
    return (yesterday - first).days + 1


@rounds.every_turn
def daily(most: int) -> int:
    """The worker's part, once a day after midnight."""
    return min(bring_up_to_date(), most)


# --- reading them --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Period:
    """Whole months, the first days of which are ``first`` and ``last``; ``until`` is the last day that is in the sums."""

    first: dt.date
    last: dt.date
    until: dt.date | None = None

    @property
    def code(self) -> str:
        return f"{self.first:%Y-%m}" if self.first == self.last else "12m"


def months(day: dt.date, n: int = 12) -> list[dt.date]:
    """The month of a day and those before it, newest first."""
    found = [day.replace(day=1)]
    while len(found) < n:
        found.append((found[-1] - dt.timedelta(days=1)).replace(day=1))
    return found


def period(asked: str = "") -> Period:
    """``2026-11`` is one of the last 24 months; anything else the last twelve."""
    run = TallyRun.objects.first()
    until = run.until if run else None
    known = months(until or timezone.localdate(instant.now()), 24)
    for month in known:
        if asked == f"{month:%Y-%m}":
            return Period(month, month, until)
    return Period(known[11], known[0], until)


#: What sums are kept for: the model, and the field that is their key.
THINGS: dict[str, type[models.Model]] = {"hall": Hall, "office": Office, "item": Item}


def verdict_of(sums: dict[str, Any]) -> Verdict:
    """Sums as figures."""
    levels = [sums[f"n{level}"] or 0 for level in (5, 4, 3, 2, 1)]
    n = sum(levels)
    mean = sum(level * of for level, of in zip((5, 4, 3, 2, 1), levels, strict=True)) / n if n else None
    beside = {x: sums[x] or 0 for x in ("worded", "assisted", "second", "changed", "excluded", "defaults")}
    return Verdict(
        n, sum(levels[:3]), sum(levels[3:]), mean, sums["touchpoints"] or 0, levels=tuple(levels), **beside
    )


def _sums(rows: Any) -> dict[str, Any]:
    return {n: Sum(n) for n in Tally.SUMS}


def verdicts(kind: str, over: Period, key: str | None = None) -> dict[str, Verdict]:
    """Key → figures of the period, of all things of one kind or of one. One query over a row a month and thing."""
    rows = Tally.objects.of(kind).filter(day__gte=over.first, day__lte=over.last).order_by()
    if key is not None:
        rows = rows.filter(key=key)
    return {r.pop("key"): verdict_of(r) for r in rows.values("key").annotate(**_sums(rows))}


def by_month(kind: str, key: str, over: Period) -> list[tuple[dt.date, Verdict]]:
    """The course of one thing, oldest month first."""
    rows = Tally.objects.of(kind).filter(key=key, day__gte=over.first, day__lte=over.last).order_by("day")
    return [(t.day, verdict_of({n: getattr(t, n) for n in Tally.SUMS})) for t in rows]


def named(kind: str, said: dict[str, Verdict]) -> list[tuple[Any, Verdict]]:
    """With the things themselves, most reviews first."""
    things: Iterable[Any] = THINGS[kind]._default_manager.filter(code__in=list(said))
    pairs = [(thing, said[thing.code]) for thing in things]
    return sorted(pairs, key=lambda pair: (-pair[1].n, -pair[1].touchpoints, pair[0].code))


def span(over: Period) -> tuple[dt.datetime, dt.datetime]:
    """The instants between which the days of a period lie that are in its sums; all its days if nothing has been summed."""
    end = (over.last + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
    return midnight(over.first), midnight(min(over.until or end, end) + dt.timedelta(days=1))


def unasked(rows: WindowVerdictQuerySet, over: Period) -> dict[int, Verdict]:
    """Window id → what was said there on devices that had no question, in the same days. Nobody was asked, so there are no
    occasions; and nothing of it is in the sums, which also count for people."""
    since, until = span(over)
    said = rows.filter(said_at__gte=since, said_at__lt=until)
    found = said.order_by().values("counter_id").annotate(**SUMS)
    return {row.pop("counter_id"): Verdict(**row, touchpoints=0) for row in found}


def windows(
    said: dict[str, Verdict], halls: Iterable[int] | None = None, beside: Iterable[int] = ()
) -> list[tuple[Counter, Verdict]]:
    """The windows with their figures, those of the given halls (None: of all); with those ``beside`` that have none."""
    rows = Counter.objects.select_related("hall").order_by("hall__code", "code")
    if halls is not None:
        rows = rows.filter(hall_id__in=halls)
    known, none = set(beside), Verdict(0, 0, 0, None, 0)
    keys = ((c, f"{c.hall.code}/{c.code}") for c in rows)
    return [(c, said.get(key, none)) for c, key in keys if key in said or c.pk in known]
