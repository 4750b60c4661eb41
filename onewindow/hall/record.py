"""How a ticket moves: one conditional update and one event in one transaction, or nothing at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.rows import insert
from onewindow.hall import times
from onewindow.hall.models import OPEN, Ticket, TicketEvent
from onewindow.org.models import Counter


class NotPossible(Exception):
    """What was asked can't be done; ``code`` is stable, ``text`` a sentence with the remedy."""

    def __init__(self, code: str, text: Any):
        super().__init__(code)
        self.code, self.text = code, text


class Stale(NotPossible):
    """Somebody else was faster with this ticket; nothing of one's own has happened."""

    def __init__(self) -> None:
        super().__init__("stale", _("Somebody else was faster with this ticket. Please look again."))


def note(
    ticket: Ticket,
    kind: str,
    *,
    by: str,
    at: dt.datetime,
    counter: Counter | None = None,
    reason: str = "",
    **data: Any,
) -> TicketEvent:
    """Writes an event with the ticket's version as its ``seq``."""
    event = TicketEvent(
        ticket=ticket,
        seq=ticket.version,
        kind=kind,
        at=at,
        by=by,
        counter=counter,
        reason=reason[:200],
        data=data,
    )
    insert(event)
    return event


def move(
    ticket: Ticket,
    kind: str,
    froms: Sequence[str],
    *,
    by: str,
    counter: Counter | None = None,
    reason: str = "",
    data: dict[str, Any] | None = None,
    at: dt.datetime | None = None,
    **changes: Any,
) -> Ticket:
    """Moves a ticket if nobody else has meanwhile, and writes what happened. The state that follows is that which the event
    begins (``times.BEGINS``); when it is over, its times are worked out from its events.

    Raises :class:`NotPossible` ``not_now`` from another state, :class:`Stale` if somebody was faster. ``IntegrityError``:
    the window, or the visitor, has another ticket already.
    """
    if ticket.state not in froms:
        raise NotPossible(
            "not_now", _("This ticket is now: %(state)s.") % {"state": ticket.get_state_display()}
        )
    with transaction.atomic():
        now = at or instant.now()
        if (state := times.BEGINS.get(kind)) is not None:
            changes["state"] = state
        version = ticket.version + 1
        mine = Ticket.objects.filter(pk=ticket.pk, version=ticket.version, state=ticket.state)
        if not mine.update(version=version, **changes):
            raise Stale
        before = ticket.version
        ticket.version = version
        try:
            note(ticket, kind, by=by, at=now, counter=counter, reason=reason, **(data or {}))
            if state is not None and state not in OPEN:
                worked_out = times.times(ticket.events.order_by("seq"))
                Ticket.objects.filter(pk=ticket.pk).update(closed_at=now, **worked_out)
                changes |= {"closed_at": now} | worked_out
        except BaseException:
            ticket.version = before
            raise
        for name, value in changes.items():
            setattr(ticket, name, value)
    return ticket
