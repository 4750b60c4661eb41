"""Who is next: for all schedules, against an oracle that keeps its own books (promise A17)."""

import datetime as dt
from dataclasses import dataclass, field

import pytest
import time_machine
from django.core.cache import cache
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onewindow.hall import actions, booking
from onewindow.hall.models import Ticket, TicketEvent
from onewindow.hall.order import rank
from onewindow.hall.predict import Place, Waiting, play
from onewindow.hall.record import NotPossible
from onewindow.hall.times import times
from tests.hall.conftest import MORNING, build_hall

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)
WINDOWS = {"03": "A", "04": "AB"}


@dataclass
class Person:
    """One ticket in the oracle's books."""

    number: str
    letter: str
    visit: int
    counts_from: dt.datetime
    slot: dt.datetime | None = None
    state: str = "waiting"
    at: str = ""

    def place(self, now):
        return (0, self.slot) if self.slot and self.slot <= now else (1, self.counts_from)


@dataclass
class Books:
    """The rules of the hall once more, on lists."""

    now: dt.datetime
    people: list = field(default_factory=list)

    def line(self, letters):
        """The waiting, first first. Sorting is stable: at the same instant whoever came first."""
        waiting = [p for p in self.people if p.state == "waiting" and p.letter in letters]
        return sorted(waiting, key=lambda p: p.place(self.now))

    def is_elsewhere(self, person):
        return any(p.visit == person.visit and p.state in ("called", "serving") for p in self.people)

    def next(self, letters):
        return next((p for p in self.line(letters) if not self.is_elsewhere(p)), None)

    def comes_back(self, person):
        line = [p for p in self.line(person.letter) if p.place(self.now)[0] == 1]
        third = line[2] if len(line) > 3 else None
        person.counts_from = (
            min(self.now, third.counts_from + dt.timedelta(microseconds=1)) if third else self.now
        )
        person.slot, person.state = None, "waiting"


#: What happens, as often as it stands here; each with a window, a number and a coin.
VERBS = [
    "take", "take", "take", "take", "next", "next", "next", "next", "finish", "finish", "time", "time",
    "pass", "back", "hold", "transfer", "special", "book",
]  # fmt: skip
step = st.tuples(st.sampled_from(VERBS), st.sampled_from(["03", "04"]), st.integers(0, 39), st.booleans())
#: How a day may begin, so that what is rare is met often: somebody was passed and is back; a slot is about to begin.
MORNINGS = [
    [],
    [("take", "03", 0, False), ("time", "03", 0, False)] * 6
    + [("next", "03", 0, False), ("pass", "03", 0, False), ("time", "03", 2, False), ("back", "03", 0, False)],
    [("time", "03", 19, False), ("take", "03", 0, True), ("take", "03", 0, False), ("book", "03", 0, False), ("time", "03", 11, False)],
    [("take", "03", 2, False), ("take", "03", 1, False), ("next", "03", 0, False), ("next", "04", 0, False)],
]  # fmt: skip
steps = st.builds(
    lambda morning, day: morning + day, st.sampled_from(MORNINGS), st.lists(step, min_size=6, max_size=25)
)


@given(steps)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_for_all_schedules_the_next_is_who_should_be_and_nobody_is_passed_over_without_a_reason(
    town, schedule
):
    with transaction.atomic(), time_machine.travel(MORNING, tick=False) as clock:
        cache.clear()
        run(build_hall_once(town), clock, schedule)
        transaction.set_rollback(True)


def build_hall_once(town):
    hall = build_hall(town)
    hall.a.slot_capacity = 9
    hall.a.save()
    return hall


def run(hall, clock, schedule):
    groups, seats = {"A": hall.a, "B": hall.b}, {"03": (hall.c03, hall.li), "04": (hall.c04, hall.sun)}
    books = Books(MORNING)

    def at_window(code):
        return next((p for p in books.people if p.at == code and p.state in ("called", "serving")), None)

    def real(person):
        return Ticket.objects.select_related("group__hall", "counter__hall", "hall", "visit").get(
            number=person.number
        )

    for verb, code, n, coin in schedule:
        counter, clerk = seats[code]
        here = at_window(code)
        if verb == "time":
            clock.shift((n + 1) * MINUTE)
            books.now += (n + 1) * MINUTE
        elif verb == "take":
            wanted = ("A", "B", "AB")[n % 3]
            made = actions.take(
                [groups[g] for g in wanted], channel="kiosk", priority="elderly" if coin else ""
            )
            start = books.now - (30 * MINUTE if coin else 0 * MINUTE)
            books.people += [Person(t.number, t.group.letter, t.visit_id, start) for t in made]
        elif verb == "book":
            slot = next(o for o in booking.offers(hall.a, MORNING.date(), books.now))
            if slot.starts_at - books.now > 15 * MINUTE:
                continue
            ticket = booking.check_in(booking.book(hall.a, slot.starts_at))
            books.people.append(Person(ticket.number, "A", ticket.visit_id, books.now, slot.starts_at))
        elif verb == "next":
            if here:
                with pytest.raises(NotPossible, match="busy"):
                    actions.call_next(counter, by=clerk)
                continue
            expected = books.next(WINDOWS[code])
            passed = [p for p in books.line(WINDOWS[code]) if expected is None or p is not expected]
            ahead = passed[: books.line(WINDOWS[code]).index(expected)] if expected else passed
            called = actions.call_next(counter, by=clerk)
            assert (called.number if called else None) == (expected.number if expected else None)
            for p in ahead:  # each has the reason in the record
                assert real(p).events.filter(kind="passed_over").exclude(reason="").exists(), p
            if expected:
                expected.state, expected.at = "called", code
        elif verb == "special":
            line = [p for p in books.people if p.state == "waiting"]
            if here or not line:
                continue
            chosen = line[n % len(line)]
            if books.is_elsewhere(chosen):
                with pytest.raises(NotPossible):
                    actions.call(real(chosen), counter, by=clerk, reason="急救")
                continue
            # by the instant from which they count, then by who came first
            ahead = []
            for p in books.line(WINDOWS[code]):
                mine, his = chosen.place(books.now), p.place(books.now)
                if p is not chosen and (his, books.people.index(p)) < (mine, books.people.index(chosen)):
                    ahead.append(p)
            before = {p.number: real(p).events.filter(kind="passed_over").count() for p in line}
            actions.call(real(chosen), counter, by=clerk, reason="急救")
            for p in line:
                over = real(p).events.filter(kind="passed_over").count() - before[p.number]
                assert over == (1 if p in ahead else 0), p
            chosen.state, chosen.at = "called", code
        elif here and verb == "finish":
            hall.served(real(here), clerk)
            here.state = "finished"
        elif here and verb == "pass":
            ticket = real(here)
            for _ in range(2):
                actions.recall(ticket, by=clerk)
            actions.pass_(ticket, by=clerk)
            here.state = "passed"
        elif here and verb == "hold":
            actions.hold(real(here), by=clerk)
            here.state = "held"
        elif here and verb == "transfer" and code == "03":
            to = "B" if here.letter == "A" else "A"
            actions.transfer(real(here), groups[to], by=clerk, reason="取错")
            here.state, here.letter = "waiting", to
        elif verb == "back":
            gone = [p for p in books.people if p.state == "passed"]
            if gone:
                books.comes_back(gone[n % len(gone)])
                actions.return_(real(gone[n % len(gone)]), by="visitor")
    hold_the_books_against_the_database(hall, books)


def hold_the_books_against_the_database(hall, books):
    tickets = list(Ticket.objects.filter(hall=hall.town.hall))
    assert {t.number: t.state for t in tickets} == {p.number: p.state for p in books.people}
    by_database = Ticket.objects.waiting(hall.town.hall.pk, MORNING.date()).in_order(books.now)
    by_rule = sorted((t for t in tickets if t.state == "waiting"), key=lambda t: rank(t, books.now))
    assert (
        [t.number for t in by_database] == [t.number for t in by_rule] == [p.number for p in books.line("AB")]
    )
    for ticket in tickets:
        events = list(TicketEvent.objects.filter(ticket=ticket).order_by("seq"))
        assert [e.seq for e in events] == list(range(1, ticket.version + 1))
        assert sum(times(events, books.now).values()) <= (books.now - ticket.taken_at).total_seconds() + 1


# --- the prediction -------------------------------------------------------------------------------------------


def slowly(queue, places, seconds):
    """The same by ticking every second: whoever is free takes the first whom it serves."""
    free = {n: place.free_in for n, place in enumerate(places)}
    left, said = list(queue), {}
    for second in range(4000):
        for n, place in enumerate(places):
            if free[n] <= second and (one := next((w for w in left if w.group_id in place.groups), None)):
                left.remove(one)
                said[one.key] = second
                free[n] = second + seconds[one.group_id]
    return said


@given(
    st.lists(st.integers(1, 3), max_size=12),
    st.lists(st.tuples(st.sets(st.integers(1, 3), max_size=3), st.integers(0, 200)), max_size=4),
    st.fixed_dictionaries({n: st.integers(1, 300) for n in (1, 2, 3)}),
)
@settings(max_examples=100, deadline=None)
def test_the_prediction_plays_the_queue_as_it_would_go_second_by_second(groups, windows, seconds):
    queue = [Waiting(n, g) for n, g in enumerate(groups)]
    places = [Place(n, frozenset(served), float(free)) for n, (served, free) in enumerate(windows)]
    assert play(queue, places, seconds) == slowly(queue, places, seconds)
