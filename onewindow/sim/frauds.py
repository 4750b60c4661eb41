"""A simulated year of reviews at many windows, honest ones and ones where somebody cheats, to hold the signals against.

It knows nothing of the signals: an honest window has people of its own kind, agents who come often, colleagues with matters
of their own, a hall-wide network, broken devices; a fraud is something that a clerk does on top of that. Twenty of them are
told below, as they are told in the trade; two are too faint to be seen with few reviews, and the table says so.
"""

from __future__ import annotations

import math
import random
from collections import Counter as Bag
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from onewindow.voice import integrity
from onewindow.voice.integrity import Day, Said, Window

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

    def take(self, share: float) -> list[tuple[int, int, bool]]:
        """A share of the silent occasions, which the clerk makes use of; they are silent no more."""
        taken = [x for x in self.silent if self.random.random() < share]
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


#: The beds: the one on which the signals were developed, and the one on which they were only tried.
BEDS: dict[str, type[Place]] = {"first": Place, "second": Elsewhere}

Fraud = Callable[[Place], None]
FRAUDS: dict[str, Fraud] = {}


def fraud(function: Fraud) -> Fraud:
    FRAUDS[function.__name__] = function
    return function


@fraud
def taps_at_once(p: Place) -> None:
    """Presses the best face himself as soon as the question comes, for a quarter of those who say nothing."""
    p.live()
    for day, at, late in p.take(0.25):
        p.press(day, at, late, seconds=p.random.uniform(0.6, 2.6), touched=False)


@fraud
def same_answer(p: Place) -> None:
    """Waits a while, and always presses the same face and the same reason."""
    p.live()
    for day, at, late in p.take(0.6):
        p.press(day, at, late, codes=("510",), seconds=p.random.uniform(5, 25))


@fraud
def evenings(p: Place) -> None:
    """Stays behind on some evenings and answers for those who said nothing."""
    p.live()
    for day, _at, late in p.take(0.04):
        p.press(day, CLOSES + p.random.randrange(3600, 9000), late)


@fraud
def in_a_row(p: Place) -> None:
    """Answers for several people in a row when nobody looks."""
    p.live()
    by_day: dict[int, int] = defaultdict(lambda: p.random.randrange(OPENS, CLOSES - 3600))
    for day, _at, late in p.take(0.2):
        by_day[day] += p.random.randrange(7, 16)
        p.press(day, by_day[day], late)


@fraud
def tops_up(p: Place) -> None:
    """Fills the day's quota up in the last minutes before closing."""
    p.live()
    by_day: dict[int, int] = defaultdict(lambda: CLOSES - p.random.randrange(600, 840))
    for day, _at, late in p.take(0.15):
        by_day[day] += p.random.randrange(40, 120)
        p.press(day, by_day[day], late)


@fraud
def own_number(p: Place) -> None:
    """Writes the own mobile down for people without one, and rates by their links."""
    p.live()
    for day, _at, late in p.take(0.02):
        p.link(day, late, phone="clerk", own=True)


@fraud
def relatives(p: Place) -> None:
    """A relative's telephone receives the links of those without one, a few each week."""
    p.live()
    for day, _at, late in p.take(0.12):
        p.link(day, late, phone=f"relative-{p.key}")


@fraud
def one_computer(p: Place) -> None:
    """Opens the links of the day one after another at the own computer."""
    p.live()
    for day, _at, late in p.take(0.6):
        if day % 3 == 0:
            p.link(day, late, origin=f"{day}-office-{p.key}")


@fraud
def drops_low(p: Place) -> None:
    """Sees to it that nearly no low mark arrives."""
    p.live()
    p.said = [s for s in p.said if s.level > 2 or p.random.random() < 0.04]


@fraud
def takes_away(p: Place) -> None:
    """Takes the device back from people who reach for a low face, or seem about to."""
    p.live()
    for d in p.days.values():
        d.left += sum(p.random.random() < 0.14 for _ in range(d.asked))
    p.said = [s for s in p.said if s.level > 3 or p.random.random() < 0.3]


@fraud
def asks_till_good(p: Place) -> None:
    """Puts the question again until the answer pleases."""
    p.live()
    for d in p.days.values():
        d.again += sum(p.random.random() < 0.1 for _ in range(d.asked))


@fraud
def talks_out(p: Place) -> None:
    """Rings up everybody who gave a low or middling mark and talks them into changing it."""
    p.live()
    p.said = [
        replace(s, level=5, was=s.level) if s.level <= 3 and p.random.random() < 0.7 else s for s in p.said
    ]


@fraud
def types_in(p: Place) -> None:
    """A friend at the hotline types good verdicts in."""
    p.live()
    for day, _at, late in p.take(0.06):
        p.link(day, late, helper="friend", origin="")


@fraud
def pastes(p: Place) -> None:
    """Rates by link with the same sentence of praise."""
    p.live()
    for day, _at, late in p.take(0.08):
        p.link(day, late, text="窗口工作人员业务熟练热情周到为民服务点赞")


@fraud
def skips_late(p: Place) -> None:
    """Does not ask those whose matter was late."""
    p.late *= 1.5
    p.live(lambda day, late: late and p.random.random() < 0.92)


@fraud
def unplugs(p: Place) -> None:
    """Puts the device away on bad days."""
    off = {day for day in YEAR if p.random.random() < 0.15}
    p.live(lambda day, late: day in off)


@fraud
def script(p: Place) -> None:
    """A program presses after exactly twenty seconds, with varying reasons."""
    p.live()
    for day, at, late in p.take(0.3):
        p.press(day, at, late, seconds=p.random.uniform(19.9, 20.1))


@fraud
def time_out(p: Place) -> None:
    """The device was set so that silence after a minute counts as the best level."""
    p.live()
    for day, at, late in p.take(0.97):
        p.press(day, at, late, seconds=60.0)


@fraud
def speaks_for_all(p: Place) -> None:
    """Answers for everybody who says nothing, slowly and with varying levels, but never a word."""
    p.live()
    p.said = [replace(s, text="") for s in p.said]
    for day, at, late in p.take(0.995):
        level = p.random.choice((5, 5, 5, 5, 4))
        p.press(day, at, late, level=level, codes=p.reasons(level), seconds=p.random.uniform(6, 30))


@fraud
def now_and_then(p: Place) -> None:
    """Presses for one silent person in forty, slowly, with varying levels: too little to be told from chance."""
    p.live()
    for day, at, late in p.take(0.025):
        level = p.random.choice((5, 5, 5, 5, 4))
        p.press(day, at, late, level=level, codes=p.reasons(level))


# --- the bed -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What the signals made of it. ``planted``: fraud → windows, windows flagged, and the signals that did it."""

    honest: int
    wrongly: dict[str, list[str]]
    planted: dict[str, tuple[int, int, Bag[str]]]
    reviews: int

    @property
    def found(self) -> int:
        """Patterns seen at more than half of the windows at which they were planted."""
        return sum(2 * hit > n for n, hit, _signals in self.planted.values())

    @property
    def wrong_share(self) -> float:
        return len(self.wrongly) / self.honest if self.honest else 0.0

    @property
    def table(self) -> tuple[int, int, int, int]:
        """Planted and flagged, planted and not, honest and flagged, honest and not."""
        n, hit = (sum(x[i] for x in self.planted.values()) for i in (0, 1))
        return hit, n - hit, len(self.wrongly), self.honest - len(self.wrongly)


def run(
    honest: int = 400,
    each: int = 1,
    *,
    seed: int = 1,
    a_day: float = 8.0,
    frauds: Iterable[str] = FRAUDS,
    bed: str = "first",
) -> Result:
    """A year at ``honest`` windows and ``each`` more for every fraud; looked at by quarters and as a whole, as the product
    does. A window counts as flagged if any signal stood at any look."""
    town, kind = Town(seed, a_day), BEDS[bed]
    places, planted = [], {}
    for n in range(honest):
        place = kind(town, f"W{n:04d}", f"H{n % 8}")
        place.live()
        places.append(place)
    for name in frauds:
        for n in range(each):
            place = kind(town, f"{name}-{n}", f"H{n % 8}")
            FRAUDS[name](place)
            places.append(place)
            planted[place.key] = name
    flagged: dict[str, set[str]] = defaultdict(set)
    for first, last in [*QUARTERS, (0, 364)]:
        for w, found in integrity.examine([p.window(first, last) for p in places]):
            flagged[w.key].update(e.code for e in found)
    told = {}
    for name in frauds:
        keys = [key for key, of in planted.items() if of == name]
        hits = [flagged[key] for key in keys if flagged[key]]
        told[name] = (len(keys), len(hits), Bag(code for codes in hits for code in codes))
    wrongly = {p.key: sorted(flagged[p.key]) for p in places if p.key not in planted and flagged[p.key]}
    return Result(honest, wrongly, told, sum(len(p.said) for p in places))
