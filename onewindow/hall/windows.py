"""Windows open, suspended and closed; who is to sit at them, and who did (attendance by half-day)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.rows import prepared
from onewindow.hall import rules
from onewindow.hall.models import HalfDay, Shift, WhySuspended, Window, WindowEvent, WindowState
from onewindow.hall.record import NotPossible
from onewindow.org.calendar import ZONE
from onewindow.org.models import Absence, Counter, Hall, Person, number

#: Until when the morning lasts, and from when the afternoon shift begins. The halls of this county work through or close at noon.
NOON = dt.time(12, 0), dt.time(13, 0)


def _must(counter: Counter, by: Person) -> None:
    if (no := rules.at_this_window(counter, by)) is not None:
        raise NotPossible(no.code, no.text)


def state_of(counter: Counter) -> Window | None:
    return Window.objects.filter(counter=counter).select_related("person", "counter").first()


@prepared
def _window(counter: int) -> Any:
    return Window.objects.filter(counter_id=counter).order_by()[:1]


def make_open(counter: Counter, *, by: Person) -> None:
    """Opens the window if it is not: whoever calls is there."""
    found = _window(counter.pk)
    window = found[0] if found else None
    if window is None or window.state != WindowState.OPEN or window.person_id != _sitter(counter, by, window):
        open_(counter, by=by)


def _sitter(counter: Counter, by: Person, window: Window | None) -> int | None:
    """Who sits there: the clerk of the window; a manager who acts for it changes nobody's attendance."""
    return by.pk if by.counter_id == counter.pk else window.person_id if window else None


def open_(counter: Counter, *, by: Person) -> None:
    """开窗 — the window serves from now on."""
    _change(counter, WindowState.OPEN, by=by)


def suspend(counter: Counter, *, by: Person, reason: str, minutes: int | None = None) -> None:
    """暂停服务 — with a reason, which stands on the window's sign and on the displays, and perhaps until when."""
    if reason not in WhySuspended.values:
        raise NotPossible("reason", _("Please choose the reason that stands on the sign."))
    back_at = instant.now() + dt.timedelta(minutes=minutes) if minutes else None
    _change(counter, WindowState.SUSPENDED, by=by, reason=reason, back_at=back_at)


def close(counter: Counter, *, by: Person) -> None:
    """关窗 — the end of the shift at this window."""
    _change(counter, WindowState.CLOSED, by=by)


def _change(
    counter: Counter, state: str, *, by: Person, reason: str = "", back_at: dt.datetime | None = None
) -> None:
    _must(counter, by)
    with transaction.atomic():
        now = instant.now()
        before = Window.objects.filter(counter=counter).first()
        sitter = _sitter(counter, by, before)
        if before and (before.state, before.reason, before.person_id) == (state, reason, sitter):
            Window.objects.filter(counter=counter).update(back_at=back_at)
            return
        person_id = None if state == WindowState.CLOSED else sitter
        Window.objects.update_or_create(
            counter=counter,
            defaults={
                "state": state, "reason": reason, "back_at": back_at, "person_id": person_id, "since_at": now,
            },
        )  # fmt: skip
        WindowEvent.objects.create(
            counter=counter, kind=state, at=now, person_id=sitter, by=by.username, reason=reason
        )


# -- shifts --


def bounds(hall: Hall, day: dt.date, half: str) -> tuple[dt.datetime, dt.datetime]:
    """From when to when a half-day's shift lasts."""
    first, last = (hall.opens_at, NOON[0]) if half == HalfDay.AM else (NOON[1], hall.closes_at)
    return dt.datetime.combine(day, first, ZONE), dt.datetime.combine(day, last, ZONE)


def plan(counter: Counter, person: Person | None, day: dt.date, half: str, *, by: Person) -> Shift | None:
    """排班 — puts somebody to a window for a half-day, instead of whoever was; None takes the shift away."""
    if not rules.runs(by, counter.hall):
        raise NotPossible("only_manager_of_hall", rules.runs_hall.text)
    with transaction.atomic():
        Shift.objects.filter(counter=counter, day=day, half=half).delete()
        if person is None:
            return None
        try:
            with transaction.atomic():
                return Shift.objects.create(
                    hall=counter.hall, counter=counter, person=person, day=day, half=half,
                    set_by=by.username, set_at=instant.now(),
                )  # fmt: skip
        except IntegrityError:
            raise NotPossible(
                "twice",
                _("%(name)s already sits at another window in this half-day.") % {"name": person.name},
            ) from None


def plan_as_before(hall: Hall, day: dt.date, *, by: Person) -> int:
    """Takes over the shifts of the last planned day for whatever is not planned yet; returns how many."""
    if not rules.runs(by, hall):
        raise NotPossible("only_manager_of_hall", rules.runs_hall.text)
    last = Shift.objects.filter(hall=hall, day__lt=day).order_by("-day").values_list("day", flat=True).first()
    if last is None:
        raise NotPossible(
            "nothing", _("There is no earlier day to take over. Please plan the first day by hand.")
        )
    taken = set(Shift.objects.filter(hall=hall, day=day).values_list("counter_id", "half"))
    busy = set(Shift.objects.filter(hall=hall, day=day).values_list("person_id", "half"))
    now = instant.now()
    new = [
        Shift(
            hall=hall, counter_id=s.counter_id, person_id=s.person_id, day=day, half=s.half,
            set_by=by.username, set_at=now,
        )
        for s in Shift.objects.filter(hall=hall, day=last)
        if (s.counter_id, s.half) not in taken and (s.person_id, s.half) not in busy
    ]  # fmt: skip
    return len(Shift.objects.bulk_create(new))


@dataclass(frozen=True)
class Attended:
    """One shift as it went: ``state`` is planned, present, late, left_early, absent or leave."""

    shift: Shift
    state: str
    came_at: dt.datetime | None = None
    left_at: dt.datetime | None = None
    leave: Any = None


def judge(
    shift: Shift, events: Iterable[WindowEvent], leave: Absence | None, now: dt.datetime, grace: dt.timedelta
) -> Attended:
    """考勤 — from the window's record: the first opening by this person, the last closing. ``events``: of this person on
    this day, in order. Leave entered beforehand counts before everything else."""
    start, end = bounds(shift.hall, shift.day, shift.half)
    there: list[tuple[dt.datetime, dt.datetime | None]] = []  # from, to (None: still)
    for e in events:
        if e.person_id != shift.person_id:
            continue
        if e.kind == WindowState.CLOSED:
            if there and there[-1][1] is None:
                there[-1] = (there[-1][0], e.at)
        elif not there or there[-1][1] is not None:
            there.append((e.at, None))
    within = [(max(a, start), b) for a, b in there if a < end and (b is None or b > start)]
    if now < start:
        return Attended(shift, "leave" if leave is not None else "planned", leave=leave)
    if not within:
        if leave is not None:
            return Attended(shift, "leave", leave=leave)
        return Attended(shift, "absent" if now > start + grace else "planned")
    came, left = within[0][0], within[-1][1]
    if came > start + grace:
        state = "late"
    elif left is not None and left < end - grace:
        state = "left_early"
    else:
        state = "present"
    return Attended(shift, state, came, left)


def attendance(hall: Hall, first: dt.date, last: dt.date) -> list[Attended]:
    """The shifts of some days with how they went. Three queries."""
    shifts = list(
        Shift.objects.filter(hall=hall, day__range=(first, last))
        .select_related("hall", "counter", "person")
        .order_by("day", "half", "counter__code")
    )
    people = {s.person_id for s in shifts}
    begin, end = (dt.datetime.combine(d, dt.time(), ZONE) for d in (first, last + dt.timedelta(days=1)))
    rows = WindowEvent.objects.filter(person_id__in=people, at__gte=begin, at__lt=end).order_by("at", "id")
    events: dict[tuple[int, dt.date], list[WindowEvent]] = {}
    for e in rows:
        events.setdefault((e.person_id, e.at.astimezone(ZONE).date()), []).append(e)
    away = list(Absence.objects.filter(person_id__in=people, starts_on__lte=last, ends_on__gte=first))
    now, grace = instant.now(), dt.timedelta(minutes=number("attendance_grace"))

    def leave(s: Shift) -> Absence | None:
        return next(
            (a for a in away if a.person_id == s.person_id and a.starts_on <= s.day <= a.ends_on), None
        )

    return [judge(s, events.get((s.person_id, s.day), ()), leave(s), now, grace) for s in shifts]
