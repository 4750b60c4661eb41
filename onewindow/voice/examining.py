"""真实性核查: holds the reviews of a period against the signals of :mod:`.integrity`, keeps what was found, and what a check of
it found out. Every finding is a reason to look; who looked, and what it was, is written beside it and stays."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant, rounds
from onewindow.org.calendar import ZONE
from onewindow.org.models import Counter, Hall, Person, current_calendar
from onewindow.org.sealed import digest
from onewindow.voice import happened, integrity, rules, tallies
from onewindow.voice.actions import NotPossible, clean
from onewindow.voice.models import Prompt, Review, Touchpoint
from onewindow.voice.records import Check, Examination, Finding, Outcome
from onewindow.voice.signs import LABELS, chance, says
from onewindow.window.models import Application, Channel, DeliveryForm

#: The spans that are looked at: the last quarter each week, the last year on the first turn of a month.
QUARTER, YEAR = dt.timedelta(days=91), dt.timedelta(days=365)


def _place(at: dt.datetime) -> tuple[int, int]:
    """Day (its ordinal) and second of the day in the hall's zone."""
    here = at.astimezone(ZONE)
    return here.toordinal(), here.hour * 3600 + here.minute * 60 + here.second


@dataclass(frozen=True)
class Year:
    """The windows of a period, hall by hall: only one hall's reviews are in memory at once. Can be gone through again."""

    first: dt.date
    last: dt.date

    def __iter__(self) -> Iterator[happened.Window]:
        staff = {digest(m) for m in Person.objects.exclude(mobile="").values_list("mobile", flat=True)}
        for hall in Hall.objects.order_by("code"):
            yield from self._hall(hall, staff)

    @property
    def _span(self) -> tuple[dt.datetime, dt.datetime]:
        return tallies.midnight(self.first), tallies.midnight(self.last + dt.timedelta(days=1))

    def _hall(self, hall: Hall, staff: set[str]) -> Iterator[happened.Window]:
        calendar = current_calendar()
        workdays = frozenset(
            day.toordinal() for day in tallies.days(self.first, self.last) if calendar.is_working(day)
        )
        said, late_ones = self._said(hall, staff), self._days(hall)
        for counter in Counter.objects.filter(hall=hall).order_by("code"):
            if not said[counter.pk] and not late_ones[counter.pk]:
                continue
            yield happened.Window(
                key=str(counter.pk),
                hall=hall.code,
                said=said[counter.pk],
                days=dict(late_ones[counter.pk]),
                opens=hall.opens_at.hour * 3600 + hall.opens_at.minute * 60,
                closes=hall.closes_at.hour * 3600 + hall.closes_at.minute * 60,
                workdays=workdays,
            )

    def _said(self, hall: Hall, staff: set[str]) -> dict[int, list[happened.Said]]:
        start, end = self._span
        phone = Application.objects.filter(number=OuterRef("number"))
        rows = (
            Review.objects.standing()
            .filter(hall=hall, nth=1, at__gte=start, at__lt=end)
            .annotate(
                phone=Subquery(phone.values("mobile_digest")[:1]),
                decided=Subquery(phone.values("decided_at")[:1]),
                due=Subquery(phone.values("decision_due_at")[:1]),
            )
            .order_by("said_at", "pk")
            .values_list(
                "pk", "said_at", "level", "codes", "text", "device", "asked_at", "was_touched", "origin",
                "assisted_by", "replaces__level", "counter", "touchpoint", "phone", "decided", "due",
            )
        )  # fmt: skip
        found: dict[int, list[happened.Said]] = defaultdict(list)
        for pk, at, level, codes, text, device, asked, touched, origin, helper, was, counter, point, phone, decided, due in rows.iterator(chunk_size=5000):  # noqa: E501  # fmt: skip
            day, second = _place(at)
            found[counter].append(
                happened.Said(
                    key=pk,
                    day=day,
                    second=second,
                    level=level,
                    codes=tuple(codes),
                    text=text,
                    by_device=device is not None,
                    seconds=(at - asked).total_seconds() if asked else None,
                    touched=touched is not False,
                    phone=phone or "",
                    origin=origin,
                    own=phone in staff,
                    helper=helper,
                    was=was,
                    late=bool(point == Touchpoint.DELIVERED and decided and due and decided > due),
                )
            )
        return found

    def _days(self, hall: Hall) -> dict[int, dict[int, happened.Day]]:
        """The occasions by window and day, and how the questions fared."""
        start, end = self._span
        found: dict[int, dict[int, happened.Day]] = defaultdict(lambda: defaultdict(happened.Day))
        cases = Application.objects.filter(hall=hall, counter__isnull=False).order_by()
        for column, also in (
            ("accepted_at", ~Q(item_version__case_kind="IMMEDIATE")),
            ("delivered_at", Q()),
        ):
            reached = cases.filter(also, **{f"{column}__gte": start, f"{column}__lt": end})
            rows = reached.values_list(
                "counter", column, "decided_at", "decision_due_at", "channel", "delivery_form"
            )
            for counter, at, decided, due, channel, form in rows.iterator(chunk_size=5000):
                day = found[counter][_place(at)[0]]
                day.served += 1
                there = (
                    channel == Channel.COUNTER if column == "accepted_at" else form == DeliveryForm.COUNTER
                )
                day.here += there
                day.late += bool(column == "delivered_at" and decided and due and decided > due)
        asked = Prompt.objects.filter(counter__hall=hall, created_at__gte=start, created_at__lt=end)
        for counter, at, attempt, delivered in (
            asked.order_by().values_list("counter", "created_at", "attempt", "delivered_at").iterator()
        ):
            day = found[counter][_place(at)[0]]
            day.asked += attempt == 1
            day.again += attempt > 1
            day.reached += delivered is not None
        for counter, at in asked.abandoned().order_by().values_list("counter", "created_at").iterator():
            found[counter][_place(at)[0]].left += 1
        return found


def examine(first: dt.date, last: dt.date) -> Examination:
    """Looks at all windows over these days and keeps the signals; an earlier look at the same days gives way to it."""
    windows = Year(first, last)
    found = list(integrity.examine(windows))
    counters = Counter.objects.in_bulk([int(w.key) for w, _signals in found])
    seen = Review.objects.standing().filter(
        nth=1, at__gte=tallies.midnight(first), at__lt=tallies.midnight(last + dt.timedelta(1))
    )
    with transaction.atomic():
        Examination.objects.filter(first=first, last=last).delete()
        row = Examination.objects.create(
            first=first,
            last=last,
            at=instant.now(),
            windows=seen.order_by().values("counter").distinct().count(),
            reviews=seen.count(),
        )
        Finding.objects.bulk_create(
            Finding(
                examination=row,
                counter=counters[int(w.key)],
                hall_id=counters[int(w.key)].hall_id,
                code=e.code,
                p=e.p,
                counts=e.counts,
                rows=list(e.rows),
            )
            for w, signals in found
            for e in signals
        )
    return row


@rounds.every_turn
def weekly(most: int) -> int:
    """The worker's part: a quarter each week, a year each month. One query if nothing is due."""
    today = timezone.localdate(instant.now())
    last = Examination.objects.first()
    if last and today - last.last <= dt.timedelta(days=7):
        return 0
    if tallies.first_day() is None:
        return 0
    yesterday = today - dt.timedelta(days=1)
    if last is None or last.last.month != yesterday.month:
        examine(yesterday - YEAR, yesterday)
    examine(yesterday - QUARTER, yesterday)
    return 1


def note(counter: Counter, code: str, over: Examination, *, by: Person, outcome: str, text: str) -> Check:
    """核查 — what somebody of the bureau found out about a signal at a window; further looks are further rows. Raises
    :class:`NotPossible` ``no_note``, ``unknown``."""
    if not rules.checks(by):
        raise PermissionDenied
    if code not in integrity.SIGNALS or outcome not in Outcome.values:
        raise NotPossible("unknown", _("There is no such signal."))
    if not (text := clean(text)[:400]):
        raise NotPossible("no_note", _("Say what you looked at and what you found."))
    return Check.objects.create(
        counter=counter, code=code, first=over.first, last=over.last, outcome=outcome, note=text,
        by=by.username, at=instant.now(),
    )  # fmt: skip


# --- the report ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signal:
    """One finding with its name, what it says, and the last check of it in this period."""

    finding: Finding
    label: Any
    meaning: Any
    says: str
    chance: str
    check: Check | None


@dataclass(frozen=True)
class Line:
    """One window with its signals."""

    counter: Counter
    signals: list[Signal]

    @property
    def is_open(self) -> bool:
        return any(s.check is None or s.check.outcome == Outcome.OPEN for s in self.signals)


def looks() -> list[Examination]:
    """The last looks, newest first."""
    return list(Examination.objects.all()[:12])


def report(over: Examination) -> list[Line]:
    """The windows with signals, those not settled first, then those with the most. Two queries."""
    rows = list(
        over.findings.select_related("counter__hall").order_by("counter__hall__code", "counter__code", "p")
    )
    checks: dict[tuple[int, str], Check] = {}
    wanted = {f.counter_id for f in rows}
    for c in Check.objects.filter(counter__in=wanted, last__gte=over.first, first__lte=over.last).order_by(
        "id"
    ):
        checks[c.counter_id, c.code] = c
    by_window: dict[int, Line] = {}
    for f in rows:
        label, meaning = LABELS[f.code]
        line = by_window.setdefault(f.counter_id, Line(f.counter, []))
        line.signals.append(
            Signal(f, label, meaning, says(f), chance(f.p), checks.get((f.counter_id, f.code)))
        )
    return sorted(by_window.values(), key=lambda x: (not x.is_open, -len(x.signals)))
