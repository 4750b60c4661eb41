"""The hall: what it costs to call whoever is next, with four counters and two hundred waiting, against raw SQL for the same rows.

python -m bench --only hall   (on both databases; python -m bench.hall: on that of the environment)

Raw is the least that calling can do: find the first in order, move the row on condition that nobody was faster, write the event
and the words to be spoken; no rules, no window that opens itself, nobody passed over because he stands elsewhere. The queue is
put back after each call, outside the measured time, so that two hundred wait every time.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from bench import raw  # noqa: E402
from onewindow.cases import instant  # noqa: E402
from onewindow.cases.append_only import protect, release  # noqa: E402
from onewindow.hall import actions, windows  # noqa: E402
from onewindow.hall.models import MatterGroup, Ticket, TicketEvent, TicketState, Visit  # noqa: E402
from onewindow.org.models import Hall, Person  # noqa: E402
from onewindow.sim import city, queues  # noqa: E402

COUNTERS, WAITING = 4, 200


class Queue:
    """One queue with its counters, always two hundred waiting."""

    def __init__(self, waiting: int = WAITING) -> None:
        self.waiting = waiting
        self.hall = Hall.objects.get(code="H01")
        self.clerks: list[Person] = list(queues.clerks_at(self.hall))[:COUNTERS]
        self.group = MatterGroup.objects.filter(hall=self.hall).order_by("letter").first()
        self.group.counters.add(*[c.counter for c in self.clerks])
        now = instant.now()
        Ticket.objects.filter(hall=self.hall, closed_at__isnull=True).update(
            state=TicketState.LEFT, closed_at=now, outcome=""
        )
        day = actions.today(now)
        for n in range(waiting):
            visit = Visit.objects.create(hall=self.hall, day=day, opened_at=now)
            ticket = Ticket.objects.create(
                visit=visit, hall=self.hall, group=self.group, day=day, number=f"Z{n:03d}", channel="kiosk",
                queue_at=now, taken_at=now,
            )  # fmt: skip
            TicketEvent.objects.create(ticket=ticket, seq=1, kind="taken", at=now, by="visitor")
        for c in self.clerks:
            windows.make_open(c.counter, by=c)
        self.turn = 0

    def put_back(self) -> None:
        """Whoever was called waits again, as the last one."""
        called = list(
            Ticket.objects.filter(group=self.group, number__startswith="Z").exclude(state="waiting")
        )
        for ticket in called:
            Ticket.objects.filter(pk=ticket.pk).update(
                state="waiting",
                counter=None,
                clerk="",
                call_count=0,
                called_at=None,
                version=1,
                queue_at=instant.now(),
            )
            TicketEvent.objects.filter(ticket=ticket, seq__gt=1).delete()
        if Ticket.objects.filter(group=self.group, state="waiting").count() != self.waiting:
            raise AssertionError("the queue has changed its length")

    def ours(self) -> None:
        clerk = self.clerks[self.turn % COUNTERS]
        if actions.call_next(clerk.counter, by=clerk) is None:
            raise AssertionError("nobody was called")

    def least(self) -> None:
        """The same rows by hand."""
        clerk = self.clerks[self.turn % COUNTERS]
        now = instant.now()
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, version, number FROM hall_ticket WHERE hall_id = %s AND day = %s AND state = 'waiting'"
                " AND group_id IN (SELECT mattergroup_id FROM hall_mattergroup_counters WHERE counter_id = %s)"
                " ORDER BY queue_at, id LIMIT 1",
                [self.hall.pk, actions.today(now), clerk.counter_id],
            )
            pk, version, number = cursor.fetchone()
            cursor.execute(
                "UPDATE hall_ticket SET state = 'called', counter_id = %s, clerk = %s, call_count = 1, called_at = %s,"
                " version = version + 1 WHERE id = %s AND version = %s AND state = 'waiting'",
                [clerk.counter_id, clerk.username, now, pk, version],
            )
            cursor.execute(
                'INSERT INTO hall_ticketevent (ticket_id, seq, kind, at, "by", counter_id, reason, data)'
                " VALUES (%s, %s, 'called', %s, %s, %s, '', '{}')",
                [pk, version + 1, now, clerk.username, clerk.counter_id],
            )
            cursor.execute(
                "INSERT INTO hall_announcement (hall_id, ticket_id, words, words_en, made_at) VALUES (%s, %s, %s, %s, %s)",
                [self.hall.pk, pk, f"请{number}号", f"Number {number}", now],
            )


def timed(deed: Callable[[], Any]) -> float:
    began = time.perf_counter_ns()
    deed()
    return (time.perf_counter_ns() - began) / 1000


def figures(rounds: int, waiting: int = WAITING) -> None:
    """Prints the medians and their ratio, both taken in turns in the same run."""
    queue = Queue(waiting)
    with connection.schema_editor() as editor:
        release(editor, "hall_ticketevent")  # so that the queue can be put back
    try:
        pairs = []
        for n in range(rounds + 3):
            queue.turn = n
            mine = timed(queue.ours)
            queue.put_back()
            least = timed(queue.least)
            queue.put_back()
            pairs.append((mine, least))
    finally:
        with connection.schema_editor() as editor:
            protect(
                editor,
                "hall_ticketevent",
                kept_days=import_module("onewindow.hall.migrations.0002_append_only").DAYS,
            )
    ours, limit = (statistics.median(p[i] for p in pairs[3:]) for i in (0, 1))
    print(
        f"  {'call next, 4 counters':34} {waiting:>7}  {ours:>9.0f} µs   raw {limit:>8.0f} µs   ratio {ours / limit:>6.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.hall", description=__doc__)
    parser.add_argument("--rounds", type=int, default=40, help="measured rounds, interleaved (40)")
    options = parser.parse_args()
    call_command("init", verbosity=0)
    city.build(1)
    print(f"{connection.vendor} {raw.version()}, {raw.durability()}", flush=True)
    figures(options.rounds)


if __name__ == "__main__":
    main()
