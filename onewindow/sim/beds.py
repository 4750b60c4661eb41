"""Simulated cities of windows for the test bed of the signals: what honest people do at them in a year, and what a clerk can
do on top of it (the frauds themselves are in :mod:`.frauds`). It knows nothing of the signals."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from onewindow.voice.happened import Day, Said, Window

OPENS, CLOSES = 8 * 3600 + 1800, 17 * 3600
#: Working days of the year, numbered like its days: five of seven.
YEAR = [day for day in range(365) if day % 7 < 5][:250]
QUARTERS = [(0, 90), (91, 181), (182, 272), (273, 364)]
PHRASES = ["很好", "谢谢工作人员", "服务热情", "很快就办好了", "不错", "满意", "耐心细致", "方便"]
REASONS = {5: ("510", "511", "512", "513", "514", "515", "516", "517"), 4: ("406", "407", "408", "411", "413"),
           3: ("307", "309", "310", "314"), 2: ("209", "210", "213", "214"), 1: ("109", "110", "113", "115")}  # fmt: skip


@dataclass
class Town:
    """One city of windows; the same seed is the same city."""

    seed: int = 1
    a_day: float = 8.0
    keys: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        # reasons honestly heard more often than others, everywhere
        self.taste = [self.random.uniform(0.5, 2) for _ in range(8)]


@dataclass
class Place:
    """What one window is like, and what happens at it in a year."""

    town: Town
    key: str
    hall: str
    said: list[Said] = field(default_factory=list)
    days: dict[int, Day] = field(default_factory=dict)
    #: Occasions of which nobody said anything: day, second, late.
    silent: list[tuple[int, int, bool]] = field(default_factory=list)
    #: How hard a cheat cheats, as a multiple of what is told of him, and on which days.
    zeal: float = 1.0
    spell: range = range(366)

    def __post_init__(self) -> None:
        r = self.random = self.town.random
        self.coverage = r.betavariate(22, 27)
        self.top = r.betavariate(60, 15)
        self.bad = 0.009 * r.gammavariate(9, 1 / 9)
        self.worded = r.betavariate(10, 90)
        self.late = r.betavariate(6, 140)
        self.pause = r.uniform(9, 19)
        self.left = 0.03 * r.gammavariate(12, 1 / 12)
        self.again = 0.012 * r.gammavariate(12, 1 / 12)
        self.taste = [t * r.uniform(0.7, 1.4) for t in self.town.taste]
        self.agents = [f"agent-{self.key}-{n}" for n in range(6)]
        self.busy = self.town.a_day * r.uniform(0.7, 1.3)

    # -- honest life --

    def live(self, skips: Callable[[int, bool], bool] = lambda day, late: False) -> None:
        """A year of people; ``skips(day, late)``: the clerk does not ask."""
        r = self.random
        for day in YEAR:
            here = self.days[day] = Day()
            broken = r.random() < 0.004
            served = max(0, round(r.gauss(self.busy, self.busy**0.5)))
            for at in sorted(r.randrange(OPENS, CLOSES) for _ in range(served)):
                late = r.random() < self.late
                here.served += 1
                here.here += 1
                here.late += late
                if broken or skips(day, late):
                    self.silent.append((day, at, late))
                    continue
                here.asked += 1
                here.reached += 1
                here.again += r.random() < self.again
                here.left += r.random() < self.left
                if r.random() < self.coverage:
                    self.said.append(self.verdict(day, at, late))
                else:
                    self.silent.append((day, at, late))

    def level(self, late: bool) -> int:
        r = self.random.random()
        bad = 0.12 if late else self.bad
        if r < bad:
            return 2 if r < bad * 0.7 else 1
        rest = (r - bad) / (1 - bad)
        return 5 if rest < self.top else 4 if rest < self.top + (1 - self.top) * 0.8 else 3

    def reasons(self, level: int) -> tuple[str, ...]:
        known = REASONS[level]
        if self.random.random() < 0.35:
            return ()
        chosen = self.random.choices(known, self.taste[: len(known)], k=self.random.choice((1, 1, 2)))
        return tuple(sorted(set(chosen)))

    def words(self, level: int) -> str:
        r = self.random
        if r.random() > (0.7 if level <= 2 else self.worded):
            return ""
        return (
            r.choice(PHRASES) if level > 2 and r.random() < 0.5 else f"{r.choice(PHRASES)}，{r.random():.6f}"
        )

    def phone(self) -> str:
        r = self.random
        if r.random() < 0.06:
            return r.choice(self.agents)
        return f"{r.getrandbits(60):x}"

    def verdict(self, day: int, at: int, late: bool = False, **more: Any) -> Said:
        """What somebody says of an occasion: four in five on the device, the others later on the phone."""
        r = self.random
        level = self.level(late)
        by_device = r.random() < 0.8
        # the hall's own network: thirty kinds of browser look alike in it
        origin = f"hall-{r.randrange(30)}" if r.random() < 0.3 else f"{r.getrandbits(60):x}"
        said = Said(
            key=next(self.town.keys),
            day=day,
            second=at if by_device else r.randrange(9 * 3600, 22 * 3600),
            level=level,
            codes=self.reasons(level),
            text=self.words(level),
            by_device=by_device,
            seconds=max(1.5, r.lognormvariate(0, 0.5) * self.pause) if by_device else None,
            touched=r.random() < 0.97,
            phone=self.phone(),
            origin="" if by_device else f"{day}-{origin}",
            own=r.random() < 0.0004,
            helper="hotline" if not by_device and r.random() < 0.03 else "",
            was=r.choice((2, 2, 3)) if level >= 4 and r.random() < 0.0015 else None,
            late=late,
        )
        return replace(said, **more) if more else said

    # -- what a clerk does on top of it --

    def hard(self, share: float) -> float:
        """What is told of a cheat, as this one does it. Who cheats with everybody does so: there it is no matter of zeal."""
        return share if share >= 0.9 else min(0.9, share * self.zeal)

    def at_it(self) -> list[Day]:
        """The days on which the cheat cheats."""
        return [d for day, d in self.days.items() if day in self.spell]

    def take(self, share: float) -> list[tuple[int, int, bool]]:
        """A share of the silent occasions, which the clerk makes use of; they are silent no more."""
        share = self.hard(share)
        taken = [x for x in self.silent if x[0] in self.spell and self.random.random() < share]
        gone = set(taken)
        self.silent = [x for x in self.silent if x not in gone]
        return taken

    def press(self, day: int, at: int, late: bool = False, **more: Any) -> None:
        """The clerk presses the best face."""
        r = self.random
        given = {"level": 5, "codes": self.reasons(5), "text": "", "by_device": True, "origin": "", "own": False,
                 "helper": "", "was": None, "second": at, "seconds": r.uniform(5, 25), "touched": True}  # fmt: skip
        self.said.append(self.verdict(day, at, late, **(given | more)))

    def link(self, day: int, late: bool = False, **more: Any) -> None:
        """The clerk rates by an applicant's link."""
        second = self.random.randrange(9 * 3600, 21 * 3600)
        given = {"by_device": False, "seconds": None, "origin": f"{day}-{self.random.getrandbits(60):x}"}
        self.press(day, second, late, **(given | {"second": second} | more))

    def window(self, first: int, last: int) -> Window:
        return Window(
            self.key, self.hall,
            said=[s for s in self.said if first <= s.day <= last],
            days={day: d for day, d in self.days.items() if first <= day <= last},
            opens=OPENS, closes=CLOSES, workdays=frozenset(YEAR),
        )  # fmt: skip


@dataclass
class Elsewhere(Place):
    """A window of another city, on which nothing was tuned: small ones and large ones (two to forty people a day), busy and
    quiet seasons, closed weeks, fewer who answer, days on which nobody is in the mood, a third who never stand at the window,
    verdicts by telephone some days later, and devices that stay broken for some days."""

    def __post_init__(self) -> None:
        super().__post_init__()
        r = self.random
        self.coverage = r.betavariate(9, 21)
        self.top = r.betavariate(30, 12)
        self.bad = 0.014 * r.gammavariate(6, 1 / 6)
        self.worded = r.betavariate(6, 94)
        self.late = r.betavariate(4, 70)
        self.pause = r.uniform(7, 26)
        self.left = 0.05 * r.gammavariate(9, 1 / 9)
        self.again = 0.02 * r.gammavariate(9, 1 / 9)
        self.busy = self.town.a_day * min(4.0, max(0.25, r.lognormvariate(-0.2, 0.6)))
        self.here = r.uniform(0.5, 0.85)
        self.season = r.uniform(0, 365)

    def live(self, skips: Callable[[int, bool], bool] = lambda day, late: False) -> None:
        r = self.random
        broken = 0
        usual = self.coverage
        for day in YEAR:
            if day // 7 in (3, 4, 39):  # the spring festival, and the week of the national day
                continue
            here = self.days[day] = Day()
            broken = max(0, broken - 1) or (r.choice((1, 1, 2, 4)) if r.random() < 0.004 else 0)
            mood = r.betavariate(usual * 30, (1 - usual) * 30)
            swing = 1 + 0.35 * math.sin(2 * math.pi * (day - self.season) / 365) + 0.25 * (day % 7 == 0)
            served = max(0, round(r.gauss(self.busy * swing, (self.busy * swing) ** 0.5)))
            for at in sorted(r.randrange(OPENS, CLOSES) for _ in range(served)):
                late, stood = r.random() < self.late, r.random() < self.here
                here.served += 1
                here.here += stood
                here.late += late
                skipped = skips(day, late)
                if stood and not broken and not skipped:
                    here.asked += 1
                    here.reached += 1
                    here.again += r.random() < self.again
                    here.left += r.random() < self.left
                asked = not skipped if not stood else not (broken or skipped)
                if asked and r.random() < mood * (1.0 if stood else 0.4):
                    self.said.append(self._say(day, at, late, stood))
                else:
                    self.silent.append((day, at, late))

    def _say(self, day: int, at: int, late: bool, stood: bool) -> Said:
        if stood and self.random.random() < 0.9:
            said = self.verdict(day, at, late, by_device=True, second=at, origin="", helper="")
            return said if said.seconds is not None else replace(said, seconds=self.random.uniform(4, 40))
        later = day + self.random.choice((0, 1, 1, 2, 4))
        second, origin = (
            self.random.randrange(8 * 3600, 22 * 3600),
            f"{later}-{self.random.getrandbits(60):x}",
        )
        told = self.verdict(day, at, late)
        return replace(told, by_device=False, day=later, second=second, seconds=None, origin=origin)


@dataclass
class Thirdly(Elsewhere):
    """A window of a third city, at which the signals were not looked at before they were settled: an older device park that
    is off for a morning here and for a fortnight there, windows of one department that opened in spring only, families and
    agents who rate several matters one after another, a few windows with twice the low marks of the others or none but the
    best, hurried people in the last half hour, and one in three answers by telephone."""

    def __post_init__(self) -> None:
        super().__post_init__()
        r = self.random
        self.coverage = r.betavariate(14, 24)
        self.top = min(0.97, r.betavariate(40, 12) * r.choice((1.0, 1.0, 1.0, 1.15)))
        self.bad = 0.012 * r.gammavariate(5, 1 / 5) * (2 if r.random() < 0.08 else 1)
        self.late = r.betavariate(3, 45)
        self.busy = self.town.a_day * min(3.0, max(0.15, r.lognormvariate(-0.1, 0.75)))
        self.here = r.uniform(0.4, 0.95)
        self.opened = r.choice((0, 0, 0, 0, 75))
        self.several = r.uniform(0, 0.004)
        self.unsteady = r.uniform(0.002, 0.012)

    def live(self, skips: Callable[[int, bool], bool] = lambda day, late: False) -> None:
        r = self.random
        off = {
            day + n
            for day in range(365)
            if r.random() < self.unsteady
            for n in range(r.choice((1, 1, 1, 3, 14)))
        }
        super().live(lambda day, late: day in off or skips(day, late))
        self.days = {day: d for day, d in self.days.items() if day >= self.opened}
        self.said = [s for s in self.said if s.day >= self.opened]
        self.silent = [s for s in self.silent if s[0] >= self.opened]
        for first in [s for s in self.said if s.by_device and r.random() < self.several]:
            for n in range(r.choice((1, 1, 2))):
                at = first.second + (n + 1) * r.randrange(12, 45)
                self.said.append(replace(first, key=next(self.town.keys), second=at, text=""))
                day = self.days[first.day]
                day.served, day.here = day.served + 1, day.here + 1
                day.asked, day.reached = day.asked + 1, day.reached + 1


@dataclass
class Fourthly(Place):
    """A window of a fourth city, made after the third one had been looked at, and looked at once: nearly everybody is asked and
    most answer, there are two kinds of window (short matters, many people; long matters, few), some clerks are away for weeks
    and their windows shut, people answer slowly, devices freeze now and then for one to ten days, and some windows are moved
    to other matters in summer, whose people are harder to please."""

    def __post_init__(self) -> None:
        super().__post_init__()
        r = self.random
        self.coverage = r.betavariate(18, 12)
        self.top = r.betavariate(24, 8)
        self.bad = 0.01 * r.gammavariate(4, 1 / 4)
        self.late = r.betavariate(5, 60)
        self.busy = self.town.a_day * (r.uniform(1.2, 2.5) if r.random() < 0.4 else r.uniform(0.2, 0.7))
        self.pause = r.uniform(14, 40)
        self.moved = r.choice((0, 0, 0, 180))
        self.shut = {day + n for day in YEAR if r.random() < 0.006 for n in range(r.choice((2, 5, 12)))}
        self.frozen = {day + n for day in YEAR if r.random() < 0.007 for n in range(r.choice((1, 1, 3, 10)))}

    def live(self, skips: Callable[[int, bool], bool] = lambda day, late: False) -> None:
        super().live(lambda day, late: day in self.frozen or day in self.shut or skips(day, late))
        self.days = {day: d for day, d in self.days.items() if day not in self.shut}
        self.silent = [s for s in self.silent if s[0] not in self.shut]
        if self.moved:
            r = self.random
            self.said = [
                replace(s, level=s.level - 1, codes=self.reasons(s.level - 1))
                if s.day > self.moved and s.level > 3 and r.random() < 0.1
                else s
                for s in self.said
            ]


#: The beds: the one on which the signals were developed; the one on which they were mended; one that was looked at once, and
#: taught something; and one that was looked at once after that.
BEDS: dict[str, type[Place]] = {"first": Place, "second": Elsewhere, "third": Thirdly, "fourth": Fourthly}
