"""预约: slots with a capacity, and arriving within them without queuing again."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.hall import actions
from onewindow.hall.models import Appointment, AppointmentState, Channel, MatterGroup, Slot, Ticket, Visit
from onewindow.hall.record import NotPossible
from onewindow.org.calendar import ZONE
from onewindow.org.models import current_calendar, number
from onewindow.org.sealed import digest


@dataclass(frozen=True)
class Offer:
    """One slot as it is offered."""

    starts_at: dt.datetime
    ends_at: dt.datetime
    left: int


def days(group: MatterGroup, now: dt.datetime) -> list[dt.date]:
    """The working days for which appointments can be made, today first."""
    found: list[dt.date] = []
    day, calendar = actions.today(now), current_calendar()
    while len(found) < number("booking_days"):
        if calendar.is_working(day):
            found.append(day)
        day += dt.timedelta(days=1)
    return found


def _slots(group: MatterGroup, day: dt.date) -> Iterator[tuple[dt.datetime, dt.datetime]]:
    at = dt.datetime.combine(day, group.hall.opens_at, ZONE)
    last = dt.datetime.combine(day, group.hall.closes_at, ZONE) - dt.timedelta(minutes=group.cut_off_minutes)
    step = dt.timedelta(minutes=group.slot_minutes)
    while at + step <= last:
        yield at, at + step
        at += step


def offers(group: MatterGroup, day: dt.date, now: dt.datetime) -> list[Offer]:
    """The slots of a day that have not begun, with the places left. One query."""
    if not group.slot_capacity or not group.is_open or day not in days(group, now):
        return []
    begin = dt.datetime.combine(day, dt.time(), ZONE)
    rows = group.slots.filter(starts_at__gte=begin, starts_at__lt=begin + dt.timedelta(days=1))
    taken = dict(rows.values_list("starts_at", "taken"))
    return [
        Offer(start, end, max(0, group.slot_capacity - taken.get(start, 0)))
        for start, end in _slots(group, day)
        if start > now
    ]


def book(group: MatterGroup, starts_at: dt.datetime) -> Appointment:
    """预约 — takes a place in a slot; the conditional update keeps the capacity whoever comes at the same time.

    Raises :class:`NotPossible` ``slot`` (no such slot, or it has begun), ``full``.
    """
    now = instant.now()
    offer = next((o for o in offers(group, actions.today(starts_at), now) if o.starts_at == starts_at), None)
    if offer is None:
        raise NotPossible("slot", _("This time can't be booked. Please choose one from the list."))
    with transaction.atomic():
        Slot.objects.get_or_create(group=group, starts_at=starts_at)
        free = Slot.objects.filter(group=group, starts_at=starts_at, taken__lt=group.slot_capacity)
        if not free.update(taken=F("taken") + 1):
            raise NotPossible("full", _("This time has just been taken. Please choose another one."))
        for _try in range(10):
            try:
                with transaction.atomic():
                    return Appointment.objects.create(
                        code=f"{secrets.randbelow(1_000_000):06d}", group=group,
                        starts_at=starts_at, ends_at=offer.ends_at, booked_at=now,
                    )  # fmt: skip
            except IntegrityError:
                continue
        raise NotPossible("busy", _("Please try again."))


def cancel(appointment: Appointment) -> None:
    """取消预约 — gives the place back."""
    with transaction.atomic():
        mine = Appointment.objects.filter(pk=appointment.pk, state=AppointmentState.BOOKED)
        if not mine.update(state=AppointmentState.CANCELLED):
            raise NotPossible("not_now", _("This appointment can't be cancelled any more."))
        Slot.objects.filter(
            group_id=appointment.group_id, starts_at=appointment.starts_at, taken__gt=0
        ).update(taken=F("taken") - 1)


def find(hall_id: int, code: str, now: dt.datetime) -> Appointment | None:
    """The open appointment of today with this code at this hall."""
    digits = "".join(c for c in code if c.isdigit())
    rows = Appointment.objects.filter(code=digits, group__hall_id=hall_id, state=AppointmentState.BOOKED)
    begin = dt.datetime.combine(actions.today(now), dt.time(), ZONE)
    rows = rows.filter(starts_at__gte=begin, starts_at__lt=begin + dt.timedelta(days=1))
    return rows.select_related("group__hall").first()


def check_in(appointment: Appointment, *, channel: str = Channel.KIOSK, mobile: str = "") -> Ticket:
    """预约签到 — the ticket of an appointment. Within its slot it goes ahead of everybody who has no appointment; earlier it
    waits with the others until the slot begins, so that coming early costs nothing; later it queues like any ticket.

    Raises :class:`NotPossible` ``not_today``, ``not_now``, ``too_early``, ``too_late`` or whatever a queue refuses.
    """
    now = instant.now()
    if actions.today(appointment.starts_at) != actions.today(now):
        when = appointment.starts_at.astimezone(ZONE)
        raise NotPossible(
            "not_today",
            _("This appointment is for %(when)s. Please come then.") % {"when": f"{when:%Y-%m-%d %H:%M}"},
        )
    if now < appointment.starts_at - dt.timedelta(minutes=number("appointment_early")):
        when = appointment.starts_at.astimezone(ZONE)
        raise NotPossible(
            "too_early",
            _("Your slot begins at %(when)s. You can check in %(n)d minutes before.")
            % {"when": f"{when:%H:%M}", "n": number("appointment_early")},
        )
    in_time = now <= appointment.ends_at + dt.timedelta(minutes=number("appointment_grace"))
    with transaction.atomic():
        mine = Appointment.objects.filter(pk=appointment.pk, state=AppointmentState.BOOKED)
        if not mine.update(state=AppointmentState.ARRIVED):
            raise NotPossible("not_now", _("This appointment has been used or cancelled already."))
        hall = appointment.group.hall
        visit = Visit.objects.create(
            hall=hall, day=actions.today(now), opened_at=now,
            holder=digest(f"appointment {appointment.key}"),
        )  # fmt: skip
        return actions.take_in(
            appointment.group, visit, now, channel=channel, by=actions.PUBLIC, appointment=appointment,
            slot_at=appointment.starts_at if in_time else None,
        )  # fmt: skip


def close_slots(limit: int = 200) -> int:
    """Appointments to which nobody came, after their day."""
    now = instant.now()
    begin = dt.datetime.combine(actions.today(now), dt.time(), ZONE)
    rows = Appointment.objects.filter(state=AppointmentState.BOOKED, ends_at__lt=begin).order_by("pk")[:limit]
    return Appointment.objects.filter(pk__in=list(rows.values_list("pk", flat=True))).update(
        state=AppointmentState.MISSED
    )
