"""大屏: what only the wall screen shows – halls as tiles, today's items, and the latest that happened."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.board.figures import Number, Overview, listed
from onewindow.cases import desk
from onewindow.cases.models import Event
from onewindow.catalog.models import Item
from onewindow.org.calendar import ZONE
from onewindow.org.models import Hall, current_calendar
from onewindow.org.roles import Role
from onewindow.window.models import Application

FEED, ITEMS, URGENT, BLAMED = 5, 6, 4, 3
LIGHT_WORDS = {
    "red": _("Past the statute"),
    "yellow": _("Past the promise"),
    "amber": _("Due soon"),
    "green": _("On time"),
    "stopped": _("Clock stopped"),
}
#: A hall in which nobody was served for so long while it is open needs a call.
SILENT = dt.timedelta(hours=2)
#: What happened → its tag and tone; anything else stays off the wall.
TAGS: dict[str, tuple[Any, str]] = {
    "receive": (_("Received"), "b"),
    "accept": (_("Accepted"), "b"),
    "deem_accepted": (_("Deemed accepted"), "a"),
    "ask_correction": (_("Corrections asked for"), "a"),
    "refuse_acceptance": (_("Not accepted"), "r"),
    "suspend": (_("Suspended"), "a"),
    "resume": (_("Resumed"), "b"),
    "extend": (_("Extended"), "a"),
    "decide": (_("Decided"), "g"),
    "deliver": (_("Handed over"), "g"),
    "withdraw": (_("Withdrawn"), ""),
}
KINDS = [f"application.{verb}" for verb in TAGS]


@dataclass(frozen=True)
class Square:
    """One hall today: how many came, when the last one; ``heat`` 0–3 against the busiest; ``silent`` = open, nobody came."""

    hall: Hall
    today: Number
    last_at: dt.datetime | None
    heat: int
    silent: bool


@dataclass(frozen=True)
class Happened:
    """One line of the feed: a matter and a place, nobody's name."""

    at: dt.datetime
    case: Application
    word: Any
    tone: str


class Wall(Overview):
    """The overview of one person, as on the wall."""

    @cached_property
    def halls(self) -> list[Square]:
        """Every hall, also one in which nothing happened."""
        came = Tally(hall for _at, hall, _item in self.today)
        last = {hall: at for at, hall, _item in self.today}
        busiest = max(came.values(), default=1)
        return [
            Square(
                hall,
                Number(
                    came[hall.pk], listed(desk.ALL, opened_from=self.day, opened_to=self.day, hall=hall.code)
                ),
                last.get(hall.pk),
                min(3, came[hall.pk] * 4 // (busiest + 1)),
                self._is_silent(hall, last.get(hall.pk)),
            )
            for hall in self._visible_halls()
        ]

    def _visible_halls(self) -> list[Hall]:
        halls = Hall.objects.order_by("code")
        if self.person.has_role(Role.LEADER, Role.BUREAU, Role.HEAD):
            return list(halls)
        return list(halls.filter(pk__in=self.person.halls_as(Role.HALL_MANAGER)))

    def _is_silent(self, hall: Hall, last_at: dt.datetime | None) -> bool:
        if not current_calendar().is_working(self.day):
            return False
        opened = dt.datetime.combine(self.day, hall.opens_at, ZONE)
        closes = dt.datetime.combine(self.day, hall.closes_at, ZONE)
        return opened <= self.as_of <= closes and self.as_of - max(last_at or opened, opened) >= SILENT

    @property
    def silent(self) -> list[Square]:
        return [s for s in self.halls if s.silent]

    @cached_property
    def items(self) -> list[tuple[Item, Number, int]]:
        """What people came for most today: item, number, share of the first in per cent."""
        came = Tally(item for _at, _hall, item in self.today).most_common(ITEMS)
        known = Item.objects.in_bulk([key for key, _n in came])
        today = {"opened_from": self.day, "opened_to": self.day}
        return [
            (
                known[key],
                Number(n, listed(desk.ALL, item=known[key].code, **today)),
                round(100 * n / came[0][1]),
            )
            for key, n in came
        ]

    @property
    def big(self) -> list[Any]:
        """The five numbers above the halls."""
        wanted = ("received", "decided", "on_time", "within_law", "late")
        return [tile for code in wanted for tile in self.tiles if tile.code == code]

    @property
    def open(self) -> Number:
        return next(tile.number for tile in self.tiles if tile.code == "open")

    @property
    def standing(self) -> list[tuple[str, Any, Number, float]]:
        """Light, word, number, share of all open in per cent; the worst first."""
        whole = max(1, self.open.n)
        found = [(light, self.sums.all("open", light)) for light in LIGHT_WORDS]
        return [
            (x, LIGHT_WORDS[x], Number(n, listed(desk.OPEN, light=x)), round(100 * n / whole, 1))
            for x, n in found
        ]

    @property
    def good_percent(self) -> float:
        return round(100 * (self.said.good_share or 0), 1)

    @property
    def blamed(self) -> list[Any]:
        """The departments with most cases past the statute."""
        return [line for line in self.departments if line.lights["red"].n][:BLAMED]

    @property
    def urgent_few(self) -> list[Any]:
        return self.urgent[:URGENT]

    @cached_property
    def feed(self) -> list[Happened]:
        """The latest of the last day, newest first. Two queries."""
        since = self.as_of - dt.timedelta(days=1)
        events = Event.objects.filter(kind__in=KINDS, at__gte=since, number__in=self.cases.values("number"))
        latest = list(events.order_by("-at", "-id")[:FEED])
        rows = self.cases.filter(number__in={e.number for e in latest}).with_facts()
        cases = {a.number: a for a in rows}
        return [Happened(e.at, cases[e.number], *TAGS[e.verb]) for e in latest]
