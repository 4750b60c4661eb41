"""The one rule of the queue: who is next, and what a place in it costs in minutes (rules of the hall, 7.3).

1. An appointment whose slot has begun goes first, by slot: it never queues again (indicator 212 of the bad reviews).
2. All others by the instant from which they count: when they came to the hall, less the head start of a priority class.
   The head start is finite, so that nobody waits for ever behind people who came later.
3. Whoever comes back after being passed counts from the place of the third one now waiting (parameter).
4. Transferred, on hold and with several matters, a visitor keeps the instant: one visit queues once.

``TicketQuerySet.in_order`` says the same to the database; a test holds the two against each other.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from onewindow.hall.models import Priority, Ticket
from onewindow.org.models import number


def rank(ticket: Ticket, now: dt.datetime) -> tuple[int, dt.datetime, int]:
    """The key by which a ticket stands in its queue at an instant: the least is next."""
    if ticket.slot_at is not None and ticket.slot_at <= now:
        return 0, ticket.slot_at, ticket.pk
    return 1, ticket.queue_at, ticket.pk


def counts_from(came_at: dt.datetime, priority: str) -> dt.datetime:
    """The instant from which a ticket counts."""
    head_start = number("queue_head_start") if priority != Priority.NONE else 0
    return came_at - dt.timedelta(minutes=head_start)


def counts_again_from(waiting: Sequence[Ticket], now: dt.datetime) -> dt.datetime:
    """The instant from which somebody counts who was passed and is back: just behind the n-th of those now waiting (given
    in order), or now if there are fewer."""
    behind = number("queue_return_after")
    others = [t for t in waiting if not (t.slot_at and t.slot_at <= now)]
    if len(others) <= behind:
        return now
    if behind == 0:
        return min(now, others[0].queue_at - dt.timedelta(microseconds=1))
    return min(now, others[behind - 1].queue_at + dt.timedelta(microseconds=1))


def ahead(ticket: Ticket, waiting: Iterable[Ticket], now: dt.datetime) -> int:
    """How many of the same queue are called before it as things stand."""
    mine = rank(ticket, now)
    return sum(t.group_id == ticket.group_id and t.pk != ticket.pk and rank(t, now) < mine for t in waiting)
