"""What is old goes: tickets with all that hangs on them, a day's worth of rows at a time."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from onewindow.hall.models import (
    Announcement,
    Appointment,
    Serial,
    Shift,
    Slot,
    Ticket,
    TicketEvent,
    Visit,
    VisitCase,
    WindowEvent,
)


def drop_old(before: dt.datetime, rows: int) -> int:
    """Deletes tickets of days before that instant, so many in one transaction; returns how many. The database lets go of
    their record only when it is older than a year, whatever is asked."""
    day = before.date()
    done = 0
    while keys := list(Ticket.objects.filter(day__lt=day).order_by("pk").values_list("pk", flat=True)[:rows]):
        with transaction.atomic():
            for model in (TicketEvent, VisitCase, Announcement):
                model._base_manager.filter(ticket_id__in=keys).delete()
            done += Ticket.objects.filter(pk__in=keys).delete()[0]
    Visit.objects.filter(day__lt=day, tickets__isnull=True).delete()
    Appointment.objects.filter(ends_at__lt=before, ticket__isnull=True).delete()
    Slot.objects.filter(starts_at__lt=before).delete()
    Serial.objects.filter(day__lt=day).delete()
    Shift.objects.filter(day__lt=day).delete()
    WindowEvent.objects.filter(at__lt=before).delete()
    return done
