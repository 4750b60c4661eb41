"""A storm of issues: so many open ones pass their limit at once; each escalates once, however often the worker runs.

python -m bench.issues [--issues 10000]      (``python tools/pg.py python -m bench.issues`` for PostgreSQL)
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import time
from typing import Any

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from onewindow.cases import chain, instant, numbers  # noqa: E402
from onewindow.cases.models import Card, Event, Notice  # noqa: E402
from onewindow.cases.worker import follow, wake  # noqa: E402
from onewindow.catalog.models import Item  # noqa: E402
from onewindow.issues import lists, opening, similar  # noqa: E402
from onewindow.issues.actions import contact_clock  # noqa: E402
from onewindow.issues.models import Issue  # noqa: E402
from onewindow.org.calendar import ZONE  # noqa: E402
from onewindow.org.models import Person  # noqa: E402
from onewindow.sim import city  # noqa: E402
from onewindow.sim.scenes.issues import SAYINGS  # noqa: E402

MONDAY = dt.datetime(2026, 11, 23, 10, tzinfo=ZONE)
BATCH = 2000


def fill(n: int) -> None:
    """So many issues with their first event and their terms, in the form in which the steps write them, in bulk."""
    items = list(Item.objects.published().select_related("office"))
    with instant.simulated(MONDAY):
        for begin in range(0, n, BATCH):
            rows, events = [], []
            for k in range(begin, min(begin + BATCH, n)):
                item = items[k % len(items)]
                i = Issue(
                    number=numbers.new("Q"), title=item.name, office=item.office, item=item, status="assigned", version=1,
                    origin="stuck", text=SAYINGS[k % len(SAYINGS)][0], opened_at=MONDAY, turned_at=MONDAY,
                    is_anonymous=True, agrees=True,
                )  # fmt: skip
                contact_clock(i, MONDAY, {})
                event = chain.link(i, "open", by=opening.CITIZEN, at=MONDAY, data={"to": "assigned"})
                i.head = event.hash
                rows.append(i)
                events.append(event)
            with transaction.atomic():
                Issue.objects.bulk_create(rows)
                Event.objects.bulk_create(events)
    with transaction.atomic(), connection.cursor() as cursor:
        for text in sorted({saying[0] for saying in SAYINGS}):
            first = Issue.objects.filter(text=text).order_by("id").first()
            if first is None:
                continue
            similar.learn(first)
            cursor.execute(
                "INSERT INTO issues_term (issue_id, term) SELECT i.id, t.term FROM issues_issue i, issues_term t"
                " WHERE t.issue_id = %s AND i.text = %s AND i.id > %s",
                [first.pk, text, first.pk],
            )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


#: so many issues (two events each) have their notices written in one transaction by raw SQL, as the product does
TOGETHER = 20


class Raw:
    """What the escalation of one issue writes – events, their follow-ups, card, the issue – by the driver alone, under other
    numbers, in one transaction an issue; and what telling people of it writes, in one transaction for several."""

    def __init__(self) -> None:
        connection.ensure_connection()
        self.db: Any = connection.connection
        self.is_pg = connection.vendor == "postgresql"
        event = self._copy(Event, ("id",), " AND seq > 1")
        # done already: the product is not to follow up what raw SQL has written
        followup = (
            "INSERT INTO cases_followup (event_id, next_at, done_at, attempts, error) SELECT id, at, at, 0, '' FROM cases_event"
            " WHERE number = 'X' || substr(?, 2)"
        )
        issue = "UPDATE issues_issue SET light = light, version = version, head = head, wake_at = wake_at WHERE number = ?"
        self.statements = [
            s.replace("?", "%s") if self.is_pg else s
            for s in (event, followup, self._copy(Card, ("id",)), issue)
        ]

        done = "UPDATE cases_followup SET done_at = next_at WHERE event_id IN (SELECT id FROM cases_event WHERE number = ?)"
        self.telling = [
            s.replace("?", "%s") if self.is_pg else s for s in (done, self._copy(Notice, ("id",)))
        ]

    @staticmethod
    def _copy(model: Any, without: tuple[str, ...], more: str = "") -> str:
        columns = [f.column for f in model._meta.concrete_fields if f.column not in without]
        names = ", ".join(f'"{c}"' for c in columns)
        changed = {"number": "'X' || substr(number, 2)", "key": "'X' || key"}
        chosen = ", ".join(changed.get(c, f'"{c}"') for c in columns)
        table = model._meta.db_table
        return f'INSERT INTO "{table}" ({names}) SELECT {chosen} FROM "{table}" WHERE number = ?{more}'

    def escalate(self, number: str) -> None:
        self._write(self.statements, [number])

    def tell(self, numbers: list[str]) -> None:
        self._write(self.telling, numbers)

    def _write(self, statements: list[str], numbers: list[str]) -> None:
        self.db.execute("BEGIN" if self.is_pg else "BEGIN IMMEDIATE")
        for number in numbers:
            for sql in statements:
                self.db.execute(sql, (number,))
        self.db.execute("COMMIT")


def counts() -> dict[str, int]:
    mine = Event.objects.filter(number__startswith="Q")
    return {
        "events": mine.count(),
        "light": mine.filter(kind="issue.light").count(),
        "card": mine.filter(kind="issue.card").count(),
        "cards": Card.objects.filter(number__startswith="Q").count(),
    }


def storm(at: dt.datetime) -> int:
    done = 0
    with instant.simulated(at):
        while n := wake(BATCH):
            done += n
    return done


def told(at: dt.datetime) -> int:
    """Lets the reactions run: whoever is named on a card finds a notice."""
    done = 0
    with instant.simulated(at):
        while n := follow(BATCH):
            done += n
    return done


def figures(n: int) -> None:
    """Fills, escalates by the worker in batches, twice, and holds the first run against raw SQL for the same rows, one
    transaction an issue."""
    began = time.perf_counter()
    fill(n)
    print(f"  {n} open issues written in {time.perf_counter() - began:.1f} s", flush=True)
    began = time.perf_counter()
    storm(MONDAY.replace(hour=17, minute=1))
    took = time.perf_counter() - began
    once = counts()
    print(f"  escalated in {took:.1f} s; {once}", flush=True)
    again = storm(MONDAY.replace(hour=17, minute=2))
    same = once == counts() and again == 0 and once["cards"] == once["card"]
    print(f"  second run: {again} done; the same number of events: {same}; a card each: {once['cards'] == n}")
    sample, raw = list(Issue.objects.order_by("id").values_list("number", flat=True)[:1000]), Raw()
    began = time.perf_counter()
    for number in sample:
        raw.escalate(number)
    limit = (time.perf_counter() - began) / len(sample)
    each = took / n
    print(
        f"  escalation, one issue {each * 1e6:>9.0f} µs   raw {limit * 1e6:>8.0f} µs   ratio {each / limit:>6.2f}",
        flush=True,
    )
    began = time.perf_counter()
    many = told(MONDAY.replace(hour=17, minute=2))
    took = time.perf_counter() - began
    notices = Notice.objects.filter(number__in=sample[:TOGETHER]).count()
    began = time.perf_counter()
    for begin in range(0, len(sample), TOGETHER):
        raw.tell(sample[begin : begin + TOGETHER])
    limit = (time.perf_counter() - began) / len(sample) / 2  # two events an issue
    each = took / max(many, 1)
    print(
        f"  follow-up, one event  {each * 1e6:>9.0f} µs   raw {limit * 1e6:>8.0f} µs   ratio {each / limit:>6.2f}"
        f"   {many} events in {took:.1f} s, {notices / min(n, TOGETHER):.1f} notices an issue",
        flush=True,
    )
    bureau = Person.objects.get(username="bureau")
    for what, deed in (
        ("list, first page", lambda: lists.page(lists.find(bureau, {}, show="open"), "")),
        ("board", lambda: lists.board(bureau, {})),
        ("similar", lambda: similar.like(Issue.objects.order_by("-id")[0], Issue.objects.seen_by(bureau))),
    ):
        began = time.perf_counter()
        deed()
        print(f"  {what:18} {(time.perf_counter() - began) * 1000:8.1f} ms", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.issues", description=__doc__)
    parser.add_argument("--issues", type=int, default=10_000)
    options = parser.parse_args()
    call_command("init", stdout=io.StringIO())
    if not city.is_built():
        city.build(1)
    print(f"{connection.vendor}, issues", flush=True)
    figures(options.issues)


if __name__ == "__main__":
    main()
