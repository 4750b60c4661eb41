"""What the public pages of the hall show: numbers of tickets, places in the queue, waits; never a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from onewindow.cases import instant
from onewindow.hall import actions, order, predict
from onewindow.hall.models import (
    AT_WINDOW,
    Announcement,
    Appointment,
    MatterGroup,
    Ticket,
    TicketEvent,
    TicketState,
    Visit,
    Window,
    WindowState,
)
from onewindow.hall.record import NotPossible
from onewindow.org.models import Counter, Hall

T = TicketState


def has_queue(hall: Hall) -> bool:
    return MatterGroup.objects.filter(hall=hall).exists()


@dataclass(frozen=True)
class HallLine:
    """One hall for the choice between halls."""

    hall: Hall
    waiting: int
    windows: int
    wait: float | None
    closed: NotPossible | None


def all_halls() -> list[HallLine]:
    """All halls that use tickets. The wait is the shortest over their queues: somebody who comes now can have it."""
    now = instant.now()
    day = actions.today(now)
    found = []
    for hall in Hall.objects.filter(matter_groups__isnull=False).distinct().order_by("code"):
        seen = predict.outlook(hall, now, day)
        waits = [w for g in seen.groups if (w := seen.wait_of_newcomer(g.pk)) is not None]
        for g in seen.groups:
            g.hall = hall
        closed = [actions.why_closed(g, now) for g in seen.groups]
        why = closed[0] if closed and all(closed) else None
        found.append(HallLine(hall, len(seen.waiting), len(seen.places), max(waits, default=None), why))
    return found


@dataclass(frozen=True)
class Offered:
    """One queue for the choice of a matter."""

    group: MatterGroup
    items: list[Any]
    waiting: int
    wait: float | None
    windows: int
    closed: NotPossible | None


def offered(hall: Hall, *, closed: bool = False) -> list[Offered]:
    """The queues that give out tickets; one that does not now says why."""
    now = instant.now()
    seen = predict.outlook(hall, now, actions.today(now))
    rows = (
        MatterGroup.objects.filter(hall=hall, is_open=True).prefetch_related("items").select_related("hall")
    )
    return [
        Offered(
            g, list(g.items.all()), seen.waiting_for(g.pk), seen.wait_of_newcomer(g.pk), seen.open_windows(g.pk),
            None if closed else actions.why_closed(g, now),
        )
        for g in rows.order_by("letter")
    ]  # fmt: skip


# --- one visit ------------------------------------------------------------------------------------------------


def visit(key: str) -> Visit | None:
    return Visit.objects.filter(key=key).select_related("hall").first()


def visit_of(appointment: Appointment) -> Visit | None:
    return Visit.objects.filter(tickets__appointment=appointment).first()


#: What apps above show beside a ticket on the visit's own page: called with the ticket, gives a template and what it needs.
ON_TICKET: list[Callable[[Ticket], tuple[str, dict[str, Any]] | None]] = []


def on_ticket(part: Callable[[Ticket], tuple[str, dict[str, Any]] | None]) -> Any:
    """Registers such a part (once, at start-up)."""
    if part not in ON_TICKET:
        ON_TICKET.append(part)
    return part


def ticket_of(visit: Visit, key: str) -> Ticket | None:
    return visit.tickets.filter(key=key).select_related("group__hall", "hall").first()


@dataclass(frozen=True)
class Line:
    """One ticket of a visit: how many are called before it, and in about how many seconds it is (None: no window open)."""

    ticket: Ticket
    ahead: int
    wait: float | None

    @property
    def parts(self) -> list[dict[str, Any]]:
        """What apps above show beside it."""
        found = [part(self.ticket) for part in ON_TICKET]
        return [{"template": part[0], **part[1]} for part in found if part]


def lines(visit: Visit) -> list[Line]:
    """The tickets of a visit, as they stand."""
    tickets = list(visit.tickets.with_places().order_by("id"))
    if not any(t.state == T.WAITING for t in tickets):
        return [Line(t, 0, None) for t in tickets]
    now = instant.now()
    seen = predict.outlook(visit.hall, now, visit.day)
    return [
        Line(t, order.ahead(t, seen.waiting, now), seen.wait_of(t))
        if t.state == T.WAITING
        else Line(t, 0, None)
        for t in tickets
    ]


def appointment(key: str) -> Appointment | None:
    return Appointment.objects.filter(key=key).select_related("group__hall").first()


# --- displays -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Board:
    """The display of a hall."""

    calls: list[Ticket]
    upcoming: list[tuple[MatterGroup, int, list[Ticket], float | None]]
    signs: list[Window]
    log: list[TicketEvent]
    say: Announcement | None
    now: dt.datetime


def board(hall: Hall) -> Board:
    """Who is at which window (the last called first), who is next in each queue, the signs, and the log of calls in which
    a call out of order stands with its reason (promise A17)."""
    now = instant.now()
    day = actions.today(now)
    seen = predict.outlook(hall, now, day)
    calls = TicketEvent.objects.filter(ticket__hall=hall, ticket__day=day, kind__in=["called", "recalled"])
    log = list(calls.select_related("ticket", "counter").order_by("-pk")[:8])
    last: dict[int, int] = {}
    for e in reversed(log):
        last[e.ticket_id] = e.pk
    return Board(
        calls=sorted(seen.at_window, key=lambda t: (-last.get(t.pk, 0), t.called_at or now)),
        upcoming=[
            (
                g,
                seen.waiting_for(g.pk),
                [t for t in seen.waiting if t.group_id == g.pk][:5],
                seen.wait_of_newcomer(g.pk),
            )
            for g in seen.groups
            if g.is_open
        ],
        signs=[w for w in seen.windows.values() if w.state == WindowState.SUSPENDED],
        log=log,
        say=Announcement.objects.filter(hall=hall, made_at__gt=now - dt.timedelta(seconds=30))
        .order_by("-pk")
        .first(),
        now=now,
    )


def sign(counter: Counter) -> dict[str, Any]:
    """What stands on the plate of one window."""
    window = Window.objects.filter(counter=counter).first()
    ticket = Ticket.objects.filter(counter=counter, state__in=AT_WINDOW).select_related("group").first()
    names = MatterGroup.objects.filter(counters=counter, is_open=True).order_by("letter")
    return {
        "window": window,
        "state": window.state if window else WindowState.CLOSED.value,
        "ticket": ticket,
        "groups": list(names),
    }
