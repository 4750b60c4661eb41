"""办不成事: the everyday matters that could not be done, and a storm of them, in the life of the city.

A county's windows for them see about 120 a year. Of ten, seven are put right and confirmed, two are explained or end with a
lawful no, one comes back or its reporter cannot be reached. Bad reviews go the same way; of twenty, one is appealed against
before the panel, seldom with success, and three need a plan. Over HTTP see ``orders.py``.
"""

from __future__ import annotations

import datetime as dt
from random import Random
from typing import Any

from onewindow.cases import instant
from onewindow.catalog.models import Item
from onewindow.issues.models import Issue
from onewindow.org.calendar import ZONE
from onewindow.org.models import Counter, Person
from onewindow.org.roles import Role
from onewindow.sim.scenes.issues import SAYINGS, Cast, moment_after
from onewindow.window.models import Application

#: in a county; working days in which they come
A_YEAR, WORKING_DAYS = 120, 250
#: how they end, in percent
ENDS = {"solved": 70, "explained": 13, "impossible": 7, "unreachable": 6, "reopened": 4}
#: how bad reviews end
REVIEWS = {
    "solved": 58,
    "planned": 14,
    "explained": 12,
    "unreachable": 6,
    "again": 5,
    "upheld": 1,
    "dismissed": 4,
}
ANONYMOUS = 0.1
#: How many of a storm one department gets round to in a day; the others wait, and the ladder tells of them.
A_DAY = 20


class Matters:
    """``life`` decides when; the dice are its own, so that the rest of life stays as it was."""

    def __init__(self, life: Any, seed: int):
        self.life, self.random = life, Random(f"matters {seed}")
        clerks = life.clerks
        self.windows = [
            w
            for w in Counter.objects.filter(kind="stuck")
            .select_related("hall")
            .order_by("hall__code", "code")
            if clerks.get(w.hall_id)
        ]
        bureau = Person.objects.filter(posts__role=Role.BUREAU, is_active=True)
        self.bureau = list(bureau.order_by("username").distinct()[:2])
        busy = {p.pk for p in self.bureau}
        #: items whose department has somebody to put it right who doesn't also call back
        self.items = [
            v.item
            for v in life.versions
            if life.approvers.get(v.item.office_id)
            and not busy & {p.pk for p in life.approvers[v.item.office_id]}
        ]
        self.taken: set[int] = set()  # bad reviews that are on their way
        self.can_be = bool(self.windows and self.items and len(self.bureau) == 2)

    def plan(self, day: dt.date, storm: int = 0) -> None:
        """Those of one day: as a rule none or one; in a storm so many more, all about one item."""
        if not self.can_be:
            return
        self._take_up_reviews(day)
        if self.random.random() < A_YEAR / WORKING_DAYS:
            item = self.random.choice(self.items)
            self.life.at(self._hour(day), lambda: self.report(item))
        hot = next((i for i in self.items if i.is_hot), self.items[0])
        for n in range(storm):
            self.life.at(self._hour(day), lambda n=n: self.report(hot, wait=n // A_DAY))

    def heard(self, level: int) -> None:
        """Somebody has said how it was; what was bad is found in the morning (:meth:`_take_up_reviews`)."""

    def _hour(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(9, 0), ZONE) + dt.timedelta(
            minutes=self.random.randrange(7 * 60)
        )

    def report(self, item: Item, wait: int = 0) -> None:
        """Somebody comes to a window for what could not be done; it is put right step by step, ``wait`` days later at first."""
        window, said = self.random.choice(self.windows), self.random.choice(SAYINGS)
        clerk = self.random.choice(self.life.clerks[window.hall_id])
        anonymous, who = self.random.random() < ANONYMOUS, self.random.choice(self.life.citizens)
        i = self.life.hands.report(
            item, by=clerk, window=window, text=said[0], kind_code=said[1],
            reporter=None if anonymous else (who.name, who.mobile),
        )  # fmt: skip
        self.life.tally["could not be done"] += 1
        # nobody can be called who left no number: the answer stands on the page
        end = "replied" if anonymous else self.random.choices(list(ENDS), list(ENDS.values()))[0]
        deeds = Cast(self.bureau, clerk, self.random).deeds(end, said)
        self._next(i, deeds, wait)

    def _take_up_reviews(self, day: dt.date) -> None:
        """The bad reviews of the days before begin to be worked on."""
        waiting = Issue.objects.filter(origin="review", status="assigned", item__in=self.items)
        for i in waiting.exclude(pk__in=self.taken).order_by("pk"):
            self.taken.add(i.pk)
            self.life.at(dt.datetime.combine(day, dt.time(9, 10), ZONE), lambda i=i: self._put_right(i))

    def _put_right(self, i: Issue) -> None:
        end = self.random.choices(list(REVIEWS), list(REVIEWS.values()))[0]
        if not self.life.heads.get(i.office_id) and end in ("planned", "upheld", "dismissed"):
            end = "solved"
        self._next(i, Cast(self.bureau, self.bureau[0], self.random).deeds(end, self.random.choice(SAYINGS)))

    def _next(self, i: Issue, deeds: list[tuple[float, Any]], wait: int = 0) -> None:
        if deeds:
            moment = moment_after(instant.now(), deeds[0][0] + 24 * wait, self.random)
            self.life.at(moment, lambda: self._do(i, deeds))

    def _do(self, i: Issue, deeds: list[tuple[float, Any]]) -> None:
        if not Application.objects.exists():  # what was done is shown by a case
            self._next(i, deeds, wait=1)
            return
        now = Issue.objects.with_facts().get(pk=i.pk)
        deeds[0][1](now)
        if now.status == "closed":
            kind = "review" if now.origin == "review" else "matter"
            self.life.tally[f"{kind} {now.outcome}"] += 1
        self._next(now, deeds[1:])
