"""预计等候 – an honest prediction: the queue played forward with what is known, and its error measured afterwards.

Known are who waits, in which order; which windows are open and what they serve; since when each is busy; and how long a
matter of each queue has taken on the last ten days (median; until twenty are measured, what the hall entered). Unknown are
those who come later with a right to go ahead, and windows that open or close: so the error is measured and shown beside it.
"""

from __future__ import annotations

import datetime as dt
import heapq
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.core.cache import cache

from onewindow.cases.rows import prepared
from onewindow.hall.models import AT_WINDOW, MatterGroup, Ticket, TicketState, Window, WindowState
from onewindow.hall.order import rank
from onewindow.org.models import Counter, Hall

#: Days back over which a matter's length is measured, and how many measured ones it takes.
DAYS, ENOUGH = 10, 20
#: Seconds for which the measured lengths are kept in the cache.
KEPT = 300
#: A window that has been busy for longer than usual is taken to be free in a minute.
LEAST = 60.0


@dataclass(frozen=True)
class Place:
    """A window as the prediction sees it: what it serves, and in how many seconds it is free."""

    counter_id: int
    groups: frozenset[int]
    free_in: float = 0.0


@dataclass(frozen=True)
class Waiting:
    """Somebody in the queue."""

    key: int
    group_id: int


def play(queue: Sequence[Waiting], places: Iterable[Place], seconds: Mapping[int, float]) -> dict[int, float]:
    """Who is called in how many seconds: the windows take, as they become free, the first in order whom they serve. Those
    whom no window serves are left out. ``seconds``: how long a matter of each queue takes."""
    free = [(place.free_in, n, place) for n, place in enumerate(places)]
    heapq.heapify(free)
    left = list(queue)
    said: dict[int, float] = {}
    while free and left:
        at, n, place = heapq.heappop(free)
        found = next((i for i, w in enumerate(left) if w.group_id in place.groups), None)
        if found is None:
            continue  # nobody for this window; who comes later is not known
        one = left.pop(found)
        said[one.key] = at
        heapq.heappush(free, (at + seconds[one.group_id], n, place))
    return said


def lengths(hall: Hall, groups: Iterable[MatterGroup], day: dt.date) -> dict[int, float]:
    """Seconds from the call to the end of a matter, for each queue (median of the last days, else as entered)."""
    groups = list(groups)
    key = f"hall-lengths:{hall.pk}:{day}"
    measured: dict[int, float] | None = cache.get(key)
    if measured is None:
        found: dict[int, list[int]] = {}
        rows = Ticket.objects.filter(
            hall=hall, day__gte=day - dt.timedelta(days=DAYS), day__lt=day, state=TicketState.FINISHED
        )
        for group_id, walked, served in rows.order_by().values_list(
            "group_id", "walk_seconds", "serve_seconds"
        ):
            found.setdefault(group_id, []).append((walked or 0) + (served or 0))
        measured = {g: float(statistics.median(all_)) for g, all_ in found.items() if len(all_) >= ENOUGH}
        cache.set(key, measured, KEPT)
    return {g.pk: measured.get(g.pk, g.average_minutes * 60.0) for g in groups}


@dataclass
class Outlook:
    """A hall at one instant, read with five queries: who waits in order, what is open, and who is called when."""

    hall: Hall
    now: dt.datetime
    groups: list[MatterGroup]
    waiting: list[Ticket]
    at_window: list[Ticket]
    windows: dict[int, Window]
    served: dict[int, frozenset[int]]
    seconds: dict[int, float]
    _said: dict[int, float] = field(default_factory=dict)

    @property
    def places(self) -> list[Place]:
        """The open windows, and when each is free."""
        busy = {t.counter_id: t for t in self.at_window}
        found = []
        for counter_id, window in self.windows.items():
            if window.state != WindowState.OPEN or not self.served.get(counter_id):
                continue
            free_in = 0.0
            if t := busy.get(counter_id):
                gone = (self.now - (t.called_at or self.now)).total_seconds()
                free_in = max(LEAST, self.seconds.get(t.group_id, LEAST) - gone)
            found.append(Place(counter_id, self.served[counter_id], free_in))
        return found

    def _queue(self) -> list[Waiting]:
        return [Waiting(t.pk, t.group_id) for t in self.waiting]

    def wait_of(self, ticket: Ticket) -> float | None:
        """In how many seconds this ticket is called; None if no open window serves it."""
        if not self._said:
            self._said = play(self._queue(), self.places, self.seconds)
        return self._said.get(ticket.pk)

    def wait_of_newcomer(self, group_id: int, places: Sequence[Place] | None = None) -> float | None:
        """In how many seconds somebody would be called who took a ticket now."""
        queue = [*self._queue(), Waiting(-1, group_id)]
        return play(queue, self.places if places is None else places, self.seconds).get(-1)

    def waiting_for(self, group_id: int) -> int:
        return sum(t.group_id == group_id for t in self.waiting)

    def open_windows(self, group_id: int) -> int:
        return sum(group_id in place.groups for place in self.places)

    def with_another(self, counter: Counter) -> list[Place]:
        """The places if this window were open too."""
        return [*self.places, Place(counter.pk, self.served.get(counter.pk, frozenset()))]


@prepared
def _groups(hall: int) -> Any:
    return MatterGroup.objects.filter(hall_id=hall)


@prepared
def _tickets(hall: int, day: dt.date) -> Any:
    rows = Ticket.objects.filter(hall_id=hall, day=day, state__in=[TicketState.WAITING, *AT_WINDOW])
    return rows.select_related("group", "counter")


@prepared
def _served(hall: int) -> Any:
    found = Counter.objects.filter(hall_id=hall, matter_groups__isnull=False)
    return found.values_list("pk", "matter_groups")


@prepared
def _windows(hall: int) -> Any:
    return Window.objects.filter(counter__hall_id=hall).select_related("person", "counter")


def outlook(hall: Hall, now: dt.datetime, day: dt.date) -> Outlook:
    """Reads a hall."""
    groups, found = _groups(hall.pk), _tickets(hall.pk, day)
    waiting = sorted((t for t in found if t.state == TicketState.WAITING), key=lambda t: rank(t, now))
    served: dict[int, set[int]] = {}
    for counter_id, group_id in _served(hall.pk):
        served.setdefault(counter_id, set()).add(group_id)
    return Outlook(
        hall=hall,
        now=now,
        groups=groups,
        waiting=waiting,
        at_window=[t for t in found if t.state in AT_WINDOW],
        windows={w.counter_id: w for w in _windows(hall.pk)},
        served={c: frozenset(g) for c, g in served.items()},
        seconds=lengths(hall, groups, day),
    )


@dataclass(frozen=True)
class Advice:
    """开窗建议 — queues whose newcomers would wait too long, and what one more window would change for them; the waits are those
    of the queue that waits longest."""

    groups: tuple[MatterGroup, ...]
    wait: float | None
    counter: Counter | None
    wait_then: float | None


def advice(seen: Outlook, counters: Iterable[Counter], limit_seconds: float) -> list[Advice]:
    """For each queue beyond the limit: the closed or suspended window that would shorten it most. Queues that the same window
    helps are one piece of advice: one window is opened, not several."""
    closed = [c for c in counters if c.pk not in seen.windows or seen.windows[c.pk].state != WindowState.OPEN]
    found: dict[tuple[int | None, bool], Advice] = {}
    for group in seen.groups:
        waiting = seen.waiting_for(group.pk)
        wait = seen.wait_of_newcomer(group.pk)
        if not waiting or (wait is not None and wait <= limit_seconds):
            continue
        best: Advice = Advice((group,), wait, None, None)
        for counter in closed:
            if group.pk in seen.served.get(counter.pk, ()):
                then = seen.wait_of_newcomer(group.pk, seen.with_another(counter))
                if then is not None and (best.wait_then is None or then < best.wait_then):
                    best = replace(best, counter=counter, wait_then=then)
        key = (best.counter.pk if best.counter else None, wait is None)
        found[key] = _together(found[key], best) if key in found else best
    return list(found.values())


def _together(one: Advice, other: Advice) -> Advice:
    waits = [w for w in (one.wait, other.wait) if w is not None]
    thens = [w for w in (one.wait_then, other.wait_then) if w is not None]
    return Advice(one.groups + other.groups, max(waits, default=None), one.counter, max(thens, default=None))


@dataclass(frozen=True)
class Trust:
    """How far the prediction can be believed: over ``n`` tickets, the median of |told − waited|, the median of
    (waited − told), and the share that waited more than five minutes longer than told. All in seconds."""

    n: int
    error: float | None = None
    bias: float | None = None
    much_longer: float | None = None


def trust(tickets: Iterable[tuple[int, int]]) -> Trust:
    """From pairs (told, waited until the first call), in seconds."""
    pairs = list(tickets)
    if not pairs:
        return Trust(0)
    off = [waited - told for told, waited in pairs]
    return Trust(
        len(pairs),
        statistics.median(abs(x) for x in off),
        statistics.median(off),
        sum(x > 300 for x in off) / len(off),
    )
