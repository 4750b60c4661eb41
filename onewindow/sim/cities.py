"""Cities drawn by lot for the test bed of the signals: what differs between cities (sizes of windows, how many answer, how
strict people are, devices, seasons, agents, how hard and how long cheats cheat) is itself drawn, once a city, from its seed.

The four beds of :mod:`.beds` are four cities that somebody thought up. A signal that is good on cities drawn from one lot and
held against others drawn from the same lot that nobody has looked at has been learnt, not learnt by heart.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from onewindow.sim.beds import CLOSES, OPENS, YEAR, Place, Town
from onewindow.voice.happened import Day, Said


@dataclass
class City(Town):
    """What one city is like. Everything that its windows are drawn from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        r = random.Random(f"city {self.seed}")
        # people: how many a day, how much windows differ in it, two kinds of window or one
        self.size = self.a_day * r.uniform(0.6, 1.3)
        self.uneven = r.uniform(0.25, 0.75)
        self.two_kinds = r.random() < 0.3
        self.seasons, self.mondays = r.uniform(0, 0.4), r.uniform(0, 0.3)
        self.shut_weeks = (3, 4, 39) if r.random() < 0.5 else ()
        self.rush = r.uniform(0, 0.15)  # a part of the people comes in the last hour
        # what they say: mean over the windows, and how alike these are
        self.answer, self.alike = r.uniform(0.25, 0.65), r.uniform(18, 50)
        self.mood = r.choice((0.0, 30.0, 60.0))  # days differ by themselves
        self.best, self.best_alike = r.uniform(0.66, 0.86), r.uniform(28, 80)
        self.low, self.low_alike = r.uniform(0.008, 0.018), r.uniform(4, 10)
        self.strict = r.uniform(0, 0.08)  # of the windows have twice the low marks
        self.low_late = r.uniform(0.08, 0.2)
        self.talk = r.uniform(0.04, 0.12)
        self.delay = r.uniform(0.025, 0.075)
        self.slow = r.uniform(8, 22)
        self.leaves, self.twice = r.uniform(0.02, 0.06), r.uniform(0.008, 0.025)
        # ways
        self.stand = r.choice((1.0, r.uniform(0.5, 0.9)))
        self.by_device = r.uniform(0.6, 0.92)
        self.agents, self.by_agent = r.randrange(3, 9), r.uniform(0.02, 0.1)
        self.own = r.uniform(0.0002, 0.001)
        self.hotline = r.uniform(0.01, 0.05)
        self.shared = r.choice((0, 30, 60))  # kinds of browser in the hall's network
        #: Halls in which somebody helps people to rate at a computer: which part of the links goes through it.
        self.helpers = {f"H{n}": r.uniform(0.1, 0.4) for n in range(8) if r.random() < 0.2}
        self.one_matter = r.uniform(0, 0.15)  # of the windows have one matter, and nearly one praise
        # devices and houses
        self.faults, self.faults_last = (
            r.uniform(0.001, 0.009),
            r.choice(((1,), (1, 2, 4), (1, 1, 3, 10), (1, 1, 1, 3, 14))),
        )
        self.away = r.uniform(0, 0.006)  # a clerk is away and the window shut
        self.moved = r.uniform(0, 0.25)  # of the windows get other matters in the year
        self.new = r.uniform(0, 0.2)  # of the windows opened within the year
        self.families = r.uniform(0, 0.005)
        # cheats
        self.zeal = r.uniform(0.75, 1.35)
        self.steady = r.uniform(0.3, 1.0)  # of the cheats do it all year


@dataclass
class Drawn(Place):
    """A window of a city drawn by lot."""

    def __post_init__(self) -> None:
        super().__post_init__()
        r, c = self.random, self.city
        beta = lambda mean, n: r.betavariate(mean * n, (1 - mean) * n)  # noqa: E731
        self.coverage, self.top = beta(c.answer, c.alike), beta(c.best, c.best_alike)
        self.bad = c.low * r.gammavariate(c.low_alike, 1 / c.low_alike) * (2 if r.random() < c.strict else 1)
        self.worded, self.late = beta(c.talk, 90), beta(c.delay, 90)
        self.pause = c.slow * r.uniform(0.6, 1.5)
        self.left, self.again = (x * r.gammavariate(10, 1 / 10) for x in (c.leaves, c.twice))
        mean = (r.uniform(1.4, 2.4) if r.random() < 0.4 else r.uniform(0.25, 0.8)) if c.two_kinds else 1.0
        self.busy = max(2.0, c.size * min(3.5, mean * r.lognormvariate(-(c.uneven**2) / 2, c.uneven)))
        self.stands = 1.0 if c.stand == 1.0 else min(0.98, beta(c.stand, 20))
        #: An agent has habits of his own: how often he comes, whether he answers at the device, whether he grumbles.
        self.habits = {
            f"agent-{self.key}-{n}": (
                r.gammavariate(2, 0.5),
                r.choice((c.by_device, c.by_device, 0.0)),
                r.random() < 0.4,
            )
            for n in range(c.agents)
        }
        if r.random() < c.one_matter:
            self.taste[r.randrange(8)] *= r.uniform(3, 8)
        self.season = r.uniform(0, 365)
        self.opened = r.randrange(20, 180) if r.random() < c.new else 0
        self.changes = r.randrange(60, 300) if r.random() < c.moved else 365
        self.off = self._spans(c.faults * r.gammavariate(2, 0.5), c.faults_last)
        self.shut = self._spans(c.away, (2, 5, 12))
        self.zeal = c.zeal * r.uniform(0.8, 1.2)
        if r.random() > c.steady:
            long = r.randrange(182, 340)
            begins = r.randrange(self.opened, max(self.opened + 1, 365 - long))
            self.spell = range(begins, begins + long)

    @property
    def city(self) -> City:
        assert isinstance(self.town, City)
        return self.town

    def _spans(self, share: float, lengths: tuple[int, ...]) -> set[int]:
        r = self.random
        return {day + n for day in range(365) if r.random() < share for n in range(r.choice(lengths))}

    def live(self, skips: Callable[[int, bool], bool] = lambda day, late: False) -> None:
        r, c = self.random, self.city
        families: list[Said] = []
        for day in YEAR:
            if day < self.opened or day in self.shut or day // 7 in c.shut_weeks:
                continue
            here = self.days[day] = Day()
            mood = (
                r.betavariate(self.coverage * c.mood, (1 - self.coverage) * c.mood)
                if c.mood
                else self.coverage
            )
            swing = (
                1 + c.seasons * math.sin(2 * math.pi * (day - self.season) / 365) + c.mondays * (day % 7 == 0)
            )
            served = max(0, round(r.gauss(self.busy * swing, (self.busy * swing) ** 0.5)))
            for at in sorted(self._comes() for _ in range(served)):
                late, stood = r.random() < self.late, r.random() < self.stands
                here.served += 1
                here.here += stood
                here.late += late
                asked = not skips(day, late) and not (stood and day in self.off)
                if asked and stood:
                    here.asked += 1
                    here.reached += 1
                    here.again += r.random() < self.again
                    here.left += r.random() < self.left
                if not asked or r.random() >= mood * (1.0 if stood else 0.5):
                    self.silent.append((day, at, late))
                    continue
                self.said.append(said := self._says(day, at, late, stood))
                if said.by_device and r.random() < c.families:
                    families.append(said)
        for said in families:  # several matters of one family, each rated at once
            for n in range(self.random.choice((1, 1, 2))):
                at = said.second + (n + 1) * self.random.randrange(12, 45)
                self.said.append(replace(said, key=next(self.town.keys), second=at, text=""))
                d = self.days[said.day]
                d.served, d.here, d.asked, d.reached = d.served + 1, d.here + 1, d.asked + 1, d.reached + 1

    def _comes(self) -> int:
        r = self.random
        return (
            r.randrange(CLOSES - 3600, CLOSES) if r.random() < self.city.rush else r.randrange(OPENS, CLOSES)
        )

    def level(self, late: bool) -> int:
        r = self.random.random()
        bad = self.city.low_late if late else self.bad
        if r < bad:
            return 2 if r < bad * 0.7 else 1
        rest = (r - bad) / (1 - bad)
        return 5 if rest < self.top else 4 if rest < self.top + (1 - self.top) * 0.8 else 3

    def phone(self) -> str:
        r = self.random
        if self.habits and r.random() < self.city.by_agent:
            return r.choices(list(self.habits), [often for often, _way, _glad in self.habits.values()])[0]
        return f"{r.getrandbits(60):x}"

    def _says(self, day: int, at: int, late: bool, stood: bool) -> Said:
        r, c = self.random, self.city
        phone = self.phone()
        _often, way, glad = self.habits.get(phone, (0, c.by_device, False))
        level = self.level(late)
        if glad and level >= 3:
            level = 5
        if day > self.changes and level > 3 and r.random() < 0.1:
            level -= 1
        told = replace(
            self.verdict(day, at, late),
            level=level,
            codes=self.reasons(level),
            phone=phone,
            own=r.random() < c.own,
            helper="",
        )
        if stood and r.random() < way:
            pace = max(1.5, r.lognormvariate(0, 0.5) * self.pause)
            return replace(told, by_device=True, second=at, seconds=pace, origin="")
        later = day + r.choice((0, 0, 1, 1, 2, 4))
        browser = (
            f"hall-{r.randrange(c.shared)}" if c.shared and r.random() < 0.25 else f"{r.getrandbits(60):x}"
        )
        if r.random() < c.helpers.get(self.hall, 0):
            browser = f"helper-{self.hall}"
        elif phone in self.habits:  # an agent rates all of the day's matters at the own computer
            browser = phone
        return replace(
            told, by_device=False, day=later, second=r.randrange(8 * 3600, 22 * 3600), seconds=None,
            origin=f"{later}-{browser}", helper="hotline" if r.random() < c.hotline else "",
        )  # fmt: skip


@dataclass
class Otherwise(Drawn):
    """A window of a city drawn by lot that also has what the others never had, written down after the signals were settled and
    not looked at before: most people come in the morning and nobody at noon, halls have habits of their own, devices of one
    maker tell whole seconds only, some people press before they look, some clerks remind people for a month or two, the last
    ones of a crowded day are served after closing, and once in a while a whole hall has no network for a day."""

    def __post_init__(self) -> None:
        super().__post_init__()
        r, hall = self.random, random.Random(f"hall {self.town.seed} {self.hall}")
        self.morning = hall.uniform(0.5, 0.75)
        share = self.coverage / (1 - self.coverage) * hall.lognormvariate(0, 0.25)
        self.coverage = share / (1 + share)
        self.coarse = hall.random() < 0.4
        self.presses_first = r.betavariate(1, 60)
        begins, lasts = r.randrange(365), r.choice((0, 0, 0, 30, 60))
        self.reminds = range(begins, begins + lasts)
        self.off = self.off | {day for day in YEAR if hall.random() < 0.006}
        self.crowded = {day for day in YEAR if r.random() < 0.04}

    def _comes(self) -> int:
        r = self.random
        noon, again = 12 * 3600, 13 * 3600 + 1800
        return r.randrange(OPENS, noon) if r.random() < self.morning else r.randrange(again, CLOSES)

    def live(self, skips: Callable[[int, bool], bool] = lambda day, late: False) -> None:
        super().live(skips)
        r = self.random
        reminded = [
            x for x in self.silent if x[0] in self.reminds and x[0] not in self.off and not skips(x[0], x[2])
        ]
        for x in [x for x in reminded if r.random() < 0.15]:
            self.silent.remove(x)
            self.said.append(self._says(*x, stood=r.random() < self.stands))

    def _says(self, day: int, at: int, late: bool, stood: bool) -> Said:
        r = self.random
        said = super()._says(day, at, late, stood)
        if not said.by_device or said.seconds is None:
            return said
        if day in self.crowded and at > CLOSES - 1800:
            said = replace(said, second=at + r.randrange(1800, 5400))
        if r.random() < self.presses_first:
            said = replace(said, seconds=r.uniform(1, 3), touched=r.random() < 0.5)
        return replace(said, seconds=float(round(said.seconds or 0))) if self.coarse else said
