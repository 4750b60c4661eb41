"""What the staff pages of the hall show: one read of the hall, put into words."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter as Tally
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q

from onewindow.cases import instant
from onewindow.hall import actions, figures, predict, rules
from onewindow.hall.models import (
    AT_WINDOW,
    MatterGroup,
    Outcome,
    Ticket,
    TicketEvent,
    TicketQuerySet,
    TicketState,
    VisitCase,
    Window,
    WindowState,
)
from onewindow.org.models import Counter, Hall, Person, number
from onewindow.org.roles import Role

PAGE = 50
T = TicketState


def halls_of(person: Person) -> list[Hall]:
    """The halls that this person runs or looks after."""
    rows = Hall.objects.order_by("code")
    if person.has_role(Role.BUREAU, Role.LEADER):
        return list(rows)
    return list(rows.filter(pk__in=person.halls_as(Role.HALL_MANAGER)))


def has_queue(hall_id: int) -> bool:
    """Whether tickets are used in this hall at all."""
    return MatterGroup.objects.filter(hall_id=hall_id).exists()


@dataclass(frozen=True)
class QueueLine:
    """One queue as it stands."""

    group: MatterGroup
    waiting: int
    longest: float | None
    wait: float | None
    windows: int
    done: int
    too_long: bool


@dataclass(frozen=True)
class WindowLine:
    """One window as it stands."""

    counter: Counter
    window: Window | None
    ticket: Ticket | None
    letters: str
    done: int
    serve: float | None

    @property
    def state(self) -> str:
        return self.window.state if self.window else WindowState.CLOSED.value


@dataclass(frozen=True)
class HallView:
    """A hall at one glance."""

    hall: Hall
    now: dt.datetime
    queues: list[QueueLine]
    windows: list[WindowLine]
    advice: list[predict.Advice]
    waiting: int
    longest: float | None
    called: int
    median: float | None
    trust: predict.Trust
    stuck: int
    unlinked: int
    limit: int

    @property
    def open_windows(self) -> int:
        return sum(w.state == WindowState.OPEN for w in self.windows)

    @property
    def suspended(self) -> list[WindowLine]:
        return [w for w in self.windows if w.state == WindowState.SUSPENDED]


def view(hall: Hall) -> HallView:
    """Reads a hall for its manager; the number of queries is the same however many wait."""
    now = instant.now()
    day = actions.today(now)
    seen = predict.outlook(hall, now, day)
    counters = list(Counter.objects.filter(hall=hall).order_by("code"))
    limit = number("queue_advice_minutes")
    today = list(
        Ticket.objects.filter(hall=hall, day=day).values_list(
            "group_id", "counter_id", "state", "taken_at", "called_at", "serve_seconds"
        )
    )
    done_of = Tally(g for g, _c, state, *_ in today if state == T.FINISHED)
    done_at = Tally(c for _g, c, state, *_ in today if state == T.FINISHED)
    served: dict[int, list[int]] = {}
    for _g, counter_id, state, _t, _called, seconds in today:
        if state == T.FINISHED and counter_id and seconds is not None:
            served.setdefault(counter_id, []).append(seconds)
    waits = [(called - taken).total_seconds() for _g, _c, _s, taken, called, _x in today if called]
    letters = {g.pk: g.letter for g in seen.groups}
    at_window = {t.counter_id: t for t in seen.at_window}
    oldest: dict[int, float] = {}
    for t in seen.waiting:
        oldest[t.group_id] = max(oldest.get(t.group_id, 0.0), (now - t.taken_at).total_seconds())
    queues = []
    for g in seen.groups:
        wait = seen.wait_of_newcomer(g.pk)
        n = seen.waiting_for(g.pk)
        queues.append(
            QueueLine(
                g, n, oldest.get(g.pk), wait, seen.open_windows(g.pk), done_of[g.pk],
                bool(n) and (wait is None or wait > limit * 60),
            )
        )  # fmt: skip
    windows = [
        WindowLine(
            c, seen.windows.get(c.pk), at_window.get(c.pk),
            "".join(sorted(letters[g] for g in seen.served.get(c.pk, ()) if g in letters)), done_at[c.pk],
            statistics.median(served[c.pk]) if c.pk in served else None,
        )
        for c in counters
        if c.pk in seen.served or c.pk in seen.windows
    ]  # fmt: skip
    windows.sort(key=lambda w: w.state == WindowState.CLOSED)  # those at work first, each part by number
    mine = Ticket.objects.filter(hall=hall)
    return HallView(
        hall=hall, now=now, queues=queues, windows=windows,
        advice=predict.advice(seen, counters, limit * 60), waiting=len(seen.waiting),
        longest=max(oldest.values(), default=None), called=len(waits),
        median=statistics.median(waits) if waits else None, trust=figures.trust([hall], day),
        stuck=odd(mine, "stuck", day).count(), unlinked=odd(mine, "unlinked", day).filter(day=day).count(), limit=limit,
    )  # fmt: skip


# --- the clerk ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seat:
    """A clerk's window: what is there, who waits for it."""

    counter: Counter
    window: Window | None
    ticket: Ticket | None
    waiting: list[Ticket]
    wait: float | None
    calls: int

    @property
    def state(self) -> str:
        return self.window.state if self.window else WindowState.CLOSED.value

    @property
    def may_pass(self) -> bool:
        return self.ticket is not None and self.ticket.call_count >= self.calls


def seat(person: Person) -> Seat | None:
    """Where a clerk sits, if the hall has queues."""
    counter = rules.sits_at(person)
    if counter is None or not has_queue(counter.hall_id):
        return None
    return seat_at(counter)


def seat_at(counter: Counter) -> Seat:
    """What a window has and expects. The wait is that of the last in its line."""
    now = instant.now()
    seen = predict.outlook(counter.hall, now, actions.today(now))
    mine = seen.served.get(counter.pk, frozenset())
    waiting = [t for t in seen.waiting if t.group_id in mine]
    ticket = next((t for t in seen.at_window if t.counter_id == counter.pk), None) or actions.current(counter)
    waits = [w for t in waiting if (w := seen.wait_of(t)) is not None]
    return Seat(
        counter,
        seen.windows.get(counter.pk),
        ticket,
        waiting,
        max(waits, default=None),
        number("queue_calls"),
    )


def held_at(counter: Counter) -> list[Ticket]:
    rows = Ticket.objects.filter(counter=counter, state=T.HELD)
    return list(rows.select_related("group").order_by("id"))


def passed_today(hall_id: int) -> list[Ticket]:
    now = instant.now()
    rows = Ticket.objects.filter(hall_id=hall_id, day=actions.today(now), state=T.PASSED)
    return list(rows.select_related("group").order_by("-id")[:30])


def groups_of(hall: Hall) -> Any:
    """The queues of a hall, for forms."""
    return MatterGroup.objects.of(hall).select_related("hall").order_by("letter")


def ticket_of(person: Person, key: str) -> Ticket | None:
    """The ticket with this key, if the person may see it."""
    rows = Ticket.objects.seen_by(person).filter(key=key)
    return rows.select_related("group__hall", "hall", "counter__hall", "visit").first()


# --- the list -------------------------------------------------------------------------------------------------


def odd(tickets: TicketQuerySet, what: str, day: dt.date) -> TicketQuerySet:
    """What somebody should look into: passed over, called out of order, accepted without application, without outcome."""
    events = TicketEvent.objects.filter(ticket=OuterRef("pk"))
    if what == "over":
        return tickets.filter(Exists(events.filter(kind="passed_over")))
    if what == "order":
        return tickets.filter(Exists(events.filter(kind="called", data__out_of_order=True)))
    if what == "unlinked":
        cases = VisitCase.objects.filter(ticket=OuterRef("pk"))
        return tickets.filter(~Exists(cases), outcome=Outcome.ACCEPTED)
    if what == "stuck":
        return tickets.filter(state__in=[*AT_WINDOW, T.HELD], day__lt=day)
    return tickets


def find(person: Person, asked: Mapping[str, Any], today: dt.date) -> TicketQuerySet:
    """The tickets that the filters ask for, newest first."""
    rows = Ticket.objects.seen_by(person)
    narrow = Q()
    for name, lookup in (
        ("since", "day__gte"), ("until", "day__lte"), ("hall", "hall__code"), ("group", "group__letter"),
        ("state", "state"), ("outcome", "outcome"), ("channel", "channel"),
    ):  # fmt: skip
        if name in asked:
            narrow &= Q(**{lookup: asked[name]})
    if q := asked.get("q"):
        narrow &= Q(number__iexact=q.strip())
    return odd(rows.filter(narrow), asked.get("odd", ""), today)


def page(rows: TicketQuerySet, cursor: str) -> tuple[Sequence[Ticket], str]:
    """One page, and the cursor of the next."""
    if cursor.isascii() and cursor.isdigit() and len(cursor) < 18:
        rows = rows.filter(pk__lt=int(cursor))
    found = list(rows.with_places().order_by("-pk")[: PAGE + 1])
    return found[:PAGE], str(found[PAGE - 1].pk) if len(found) > PAGE else ""
