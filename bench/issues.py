"""A storm of issues: so many open ones pass their limit at once; each escalates once, however often the worker runs.

python -m bench.issues [--issues 100000]      (``python tools/pg.py python -m bench.issues`` for PostgreSQL)
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from onewindow.cases import chain, instant, numbers  # noqa: E402
from onewindow.cases.models import Card, Event  # noqa: E402
from onewindow.cases.worker import wake  # noqa: E402
from onewindow.catalog.models import Item  # noqa: E402
from onewindow.issues import lists, opening, similar  # noqa: E402
from onewindow.issues.actions import contact_clock  # noqa: E402
from onewindow.issues.models import Issue, Term  # noqa: E402
from onewindow.org.calendar import ZONE  # noqa: E402
from onewindow.org.models import Person  # noqa: E402
from onewindow.sim import city  # noqa: E402
from onewindow.sim.scenes.issues import SAYINGS  # noqa: E402

MONDAY = dt.datetime(2026, 11, 23, 10, tzinfo=ZONE)
BATCH = 2000


def fill(n: int) -> None:
    """So many issues with their first event and their terms, in the form in which the steps write them."""
    items = list(Item.objects.published().select_related("office"))
    with instant.simulated(MONDAY):
        for begin in range(0, n, BATCH):
            rows, events = [], []
            for k in range(begin, min(begin + BATCH, n)):
                item = items[k % len(items)]
                i = Issue(
                    number=numbers.new("Q"), title=item.name, office=item.office, item=item, status="assigned", version=1,
                    origin="stuck", text=f"{SAYINGS[k % len(SAYINGS)][0]}{k}", opened_at=MONDAY, turned_at=MONDAY,
                    is_anonymous=True, agrees=True,
                )  # fmt: skip
                contact_clock(i, MONDAY, {})
                event = chain.link(i, "open", by=opening.CITIZEN, at=MONDAY, data={"to": "assigned"})
                i.head = event.hash
                rows.append(i)
                events.append(event)
            with transaction.atomic():
                made = Issue.objects.bulk_create(rows)
                Event.objects.bulk_create(events)
                Term.objects.bulk_create(
                    (Term(issue=i, term=t) for i in made for t in similar.terms(i.text)), batch_size=5000
                )


def storm(at: dt.datetime) -> int:
    done = 0
    with instant.simulated(at):
        while n := wake(1000):
            done += n
    return done


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.issues", description=__doc__)
    parser.add_argument("--issues", type=int, default=100_000)
    n = parser.parse_args().issues
    call_command("init", stdout=io.StringIO())
    if not city.is_built():
        city.build(1)
    fill(n)
    print(f"{connection.vendor}: {n} open issues")
    began = time.perf_counter()
    storm(MONDAY.replace(hour=17, minute=1))
    took = time.perf_counter() - began
    cards = Card.objects.filter(number__startswith="Q")
    print(f"  escalated in {took:.1f} s, {took / n * 1e6:.0f} µs each; cards {cards.count()}, issues {n}")
    again = storm(MONDAY.replace(hour=17, minute=2))
    print(
        f"  second run: {again} done; each once: {cards.count() == n == cards.values('number').distinct().count()}"
    )
    bureau = Person.objects.get(username="bureau")
    for what, deed in (
        ("list, first page", lambda: lists.page(lists.find(bureau, {}, show="open"), "")),
        ("board", lambda: lists.board(bureau, {})),
        ("similar", lambda: similar.like(Issue.objects.order_by("-id")[0], Issue.objects.seen_by(bureau))),
    ):
        began = time.perf_counter()
        deed()
        print(f"  {what:18} {(time.perf_counter() - began) * 1000:8.1f} ms")


if __name__ == "__main__":
    main()
