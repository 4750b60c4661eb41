"""The living queue of the demonstration: people take tickets, clerks call and finish – over HTTP, a call or two a second.

The window behind the demo's door stays with the visitor, who gets real tickets from the same queue.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random
from typing import Any

from onewindow.org.models import Hall, Person
from onewindow.sim.queues import OUTCOMES, PRIORITIES, QUEUES, WHY_NOT

#: Windows that life staffs at the main hall; seconds between two visitors; how many may wait.
WINDOWS, EVERY, MOST = 5, 22.0, 14
WALKS, SERVES = (6, 15), (60, 170)


@dataclass
class Seat:
    """One window: its clerk, the ticket there, and when the next deed is due."""

    clerk: Person
    key: str = ""
    state: str = ""
    due: float = 0.0


class HallLife:
    """``hands`` is a ``Remote``; ``people`` are the clerks whom nobody else uses."""

    def __init__(self, hands: Any, random: Random, people: list[Person]):
        self.hands, self.random = hands, random
        self.hall = Hall.objects.filter(matter_groups__isnull=False).order_by("code").first()
        here = [p for p in people if self.hall and p.counter and p.counter.hall_id == self.hall.pk]
        by_window = {p.counter_id: p for p in reversed(here)}
        self.seats = [Seat(p, due=time.monotonic() + 2 * n) for n, p in enumerate(by_window.values())][
            :WINDOWS
        ]
        self.coming = time.monotonic()

    def do_due(self) -> None:
        """At most one visitor and one deed of one clerk."""
        now = time.monotonic()
        if not self.seats or self.hall is None:
            return
        if now >= self.coming:
            self.coming = now + self.random.expovariate(1 / EVERY)
            self._come()
        seat = min(self.seats, key=lambda s: s.due)
        if now >= seat.due:
            self._do(seat, now)

    def _come(self) -> None:
        clerk = self.seats[0].clerk
        standing = self.hands._ask(clerk, "GET", f"/halls/{self.hall.code}/queue")
        if standing.status != 200 or sum(q["waiting"] for q in standing.json["queues"]) >= MOST:
            return
        said = {"groups": [self.random.choice(list(QUEUES))], "priority": str(self.random.choice(PRIORITIES))}
        self.hands._ask(clerk, "POST", f"/halls/{self.hall.code}/tickets", said=said)

    def _do(self, seat: Seat, now: float) -> None:
        """The next deed at a window. What a visitor has done first is respected: the window then begins anew."""
        if seat.state == "called":
            answer = self.hands._ask(seat.clerk, "POST", f"/tickets/{seat.key}/arrive", said={})
            seat.state, seat.due = "serving", now + self.random.uniform(*SERVES)
        elif seat.state == "serving":
            outcome = self.random.choice(OUTCOMES)
            said = {"outcome": outcome, "reason": WHY_NOT if outcome == "could_not" else ""}
            answer = self.hands._ask(seat.clerk, "POST", f"/tickets/{seat.key}/finish", said=said)
            seat.state, seat.due = "", now + self.random.uniform(2, 8)
        else:
            answer = self.hands._ask(
                seat.clerk, "POST", f"/halls/{self.hall.code}/counters/{seat.clerk.counter.code}/next"
            )
            if answer.status == 200:
                seat.key, seat.state, seat.due = (
                    answer.json["key"],
                    "called",
                    now + self.random.uniform(*WALKS),
                )
            elif answer.status == 409:
                self._take_up(seat, now)
            else:
                seat.due = now + self.random.uniform(8, 15)
            return
        if answer.status >= 400:
            seat.state, seat.due = "", now + 5

    def _take_up(self, seat: Seat, now: float) -> None:
        """The window has a ticket from before this life began: it goes on with that."""
        found = self.hands._ask(
            seat.clerk, "GET", f"/halls/{self.hall.code}/counters/{seat.clerk.counter.code}"
        )
        ticket = found.json.get("ticket") if found.status == 200 else None
        seat.key, seat.state = (ticket["key"], ticket["state"]) if ticket else ("", "")
        seat.due = now + self.random.uniform(5, 40)
