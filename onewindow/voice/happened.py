"""What happened at windows, what of it is counted, and how a window is held against its peers. Nothing here reads the database
(see :mod:`.examining`); the signals themselves are in :mod:`.integrity`."""

from __future__ import annotations

import itertools
from collections import Counter as Bag
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median

from onewindow.voice.chance import fit, rate

#: Seconds below which nobody has read the question.
SECONDS = 3.0
#: Fewer than these say nothing of a window; fewer peers than these are no measure.
FEW, PEERS = 30, 4
#: Seconds between two answers at one window that cannot be two services.
BURST = 20
#: Minutes before closing in which answers are made up.
LAST_MINUTES = 15


@dataclass(frozen=True, slots=True)
class Said:
    """One review as the signals need it. ``minute`` of the day; ``second`` of the day; ``seconds`` from the question to the
    answer on a device; ``was`` the level before a change; ``own``: the applicant's telephone is that of one of our staff."""

    key: int
    day: int
    second: int
    level: int
    codes: tuple[str, ...] = ()
    text: str = ""
    by_device: bool = True
    seconds: float | None = None
    touched: bool = True
    phone: str = ""
    origin: str = ""
    own: bool = False
    helper: str = ""
    was: int | None = None
    late: bool = False


@dataclass(slots=True)
class Day:
    """One day at a window: occasions, those at which somebody stood there (not of what came or went online or by post), those
    of late matters, questions put, put again, touched but not sent off; ``reached``: questions that came to the device."""

    served: int = 0
    here: int = 0
    late: int = 0
    asked: int = 0
    again: int = 0
    left: int = 0
    reached: int = 0


@dataclass
class Window:
    """One window over a period. ``opens`` and ``closes`` in seconds of the day; ``workdays`` are those of its hall."""

    key: str
    hall: str
    said: list[Said] = field(default_factory=list)
    days: dict[int, Day] = field(default_factory=dict)
    opens: int = 8 * 3600 + 1800
    closes: int = 17 * 3600
    workdays: frozenset[int] = frozenset()

    @cached_property
    def served(self) -> int:
        return sum(d.served for d in self.days.values())

    @cached_property
    def late_served(self) -> int:
        return sum(d.late for d in self.days.values())

    @cached_property
    def asked(self) -> int:
        return sum(d.asked for d in self.days.values())

    @cached_property
    def weeks(self) -> float:
        """How long the period is; a month at least."""
        return max(4.0, (max(self.days, default=0) - min(self.days, default=0) + 1) / 7)

    @cached_property
    def on_device(self) -> list[Said]:
        return sorted((s for s in self.said if s.by_device), key=lambda s: (s.day, s.second))


# --- the peers -----------------------------------------------------------------------------------------------

Pair = Callable[[Window], tuple[int, int]]


def hasty(w: Window) -> list[Said]:
    return [
        s
        for s in w.on_device
        if s.seconds is not None and s.seconds < SECONDS and not s.touched and s.level >= 4
    ]


def close(w: Window) -> list[Said]:
    row = w.on_device
    return [b for a, b in itertools.pairwise(row) if a.day == b.day and b.second - a.second < BURST]


def shut(w: Window) -> list[Said]:
    return [
        s
        for s in w.on_device
        if not w.opens - 1800 <= s.second <= w.closes + 1800 or (w.workdays and s.day not in w.workdays)
    ]


def at_the_end(w: Window) -> list[Said]:
    return [s for s in w.on_device if w.closes - LAST_MINUTES * 60 <= s.second <= w.closes + 1800]


def raised(w: Window) -> list[Said]:
    return [s for s in w.said if s.was is not None and s.was <= 3 < s.level]


def helped(w: Window) -> list[Said]:
    return [s for s in w.said if s.helper and s.level >= 4]


#: Half seconds before and after a second with which it is compared, and how much fuller than these it may honestly be.
AROUND, BULGE = (-5, -4, -3, -2, 3, 4, 5, 6), 1.25


def pace(w: Window) -> tuple[float, int, float, list[Said]]:
    """The second after the question in which far more answers came than in the seconds around it: when it begins, how many
    came around it, what part of both may be in it, and the answers in it. People spread smoothly, whatever their pace; a
    program does not."""
    timed = [s for s in w.on_device if s.seconds is not None and s.seconds >= SECONDS]
    halves = Bag(int(2 * (s.seconds or 0)) for s in timed)  # so that a second may begin between two
    best = (0.0, 0.0, 0, 0.0)
    for at in {h - x for h in halves for x in (0, 1)}:
        # before the first seconds nobody can have read: they have neighbours on one side only
        known = [at + x for x in AROUND if at + x >= 2 * SECONDS]
        around = sum(halves[h] for h in known)
        ratio = BULGE * 2 / len(known)
        best = max(best, (halves[at] + halves[at + 1] - ratio * around, at, around, ratio / (1 + ratio)))
    _more, at, around, part = best
    return at / 2, around, part, [s for s in timed if part and int(2 * (s.seconds or 0)) - at in (0, 1)]


def commonest(w: Window) -> list[Said]:
    """The verdicts on the device that say what most say there: the commonest best answer with reasons."""
    best = Bag(s.codes for s in w.on_device if s.level == 5 and s.codes).most_common(1)
    return [s for s in w.on_device if s.level == 5 and s.codes == best[0][0]] if best else []


def same_by_link(w: Window, codes: tuple[str, ...]) -> tuple[int, int]:
    """Of the best verdicts by link at the same window, how many give the same reasons: those people answered alone."""
    best = [s.codes == codes for s in w.said if s.level == 5 and not s.by_device]
    return sum(best), len(best)


def telephone(w: Window) -> list[Said]:
    """The best verdicts by link from the telephone that gave most of them."""
    phones = Bag(s.phone for s in w.said if s.phone and not s.by_device and s.level == 5)
    if not phones:
        return []
    most = phones.most_common(1)[0][0]
    return [s for s in w.said if s.phone == most and not s.by_device and s.level == 5]


def browsers(w: Window) -> list[list[Said]]:
    """Verdicts that one browser in one network sent on one day for people with different telephones."""
    groups: dict[tuple[int, str], list[Said]] = defaultdict(list)
    for s in w.said:
        if s.origin:
            groups[s.day, s.origin].append(s)
    return [rows for rows in groups.values() if len({s.phone for s in rows}) > 1]


#: Shares in which a window is held against its peers: what is counted, out of what.
SHARES: dict[str, Pair] = {
    "fast": lambda w: (len(hasty(w)), len(w.on_device)),
    "outside": lambda w: (len(shut(w)), len(w.on_device)),
    "closing": lambda w: (len(at_the_end(w)), len(w.on_device)),
    "raised": lambda w: (len(raised(w)), len(w.said)),
    "helped": lambda w: (len(helped(w)), len(w.said)),
    "mode": lambda w: (len(commonest(w)), sum(s.level == 5 for s in w.on_device)),
    "phone": lambda w: (len(telephone(w)), len(w.said)),
    "top": lambda w: (sum(s.level == 5 for s in w.said), len(w.said)),
    "coverage": lambda w: (min(len(w.said), w.served), w.served),
    "late_coverage": lambda w: (min(sum(s.late for s in w.said), w.late_served), w.late_served),
    "again": lambda w: (sum(d.again for d in w.days.values()), w.asked),
    "left": lambda w: (sum(d.left for d in w.days.values()), w.asked),
    "worded": lambda w: (sum(bool(s.text) for s in w.said), len(w.said)),
}


def _low(w: Window) -> tuple[int, int, int, int]:
    """Low marks and verdicts of those in time, and of those whose matter was late."""
    late = [s.level <= 2 for s in w.said if s.late]
    rest = [s.level <= 2 for s in w.said if not s.late]
    return sum(rest), len(rest), sum(late), len(late)


def _close(w: Window) -> tuple[int, float]:
    """Answers soon after another, and how many of them chance makes where so many answer on a day: they grow with its square,
    so a share of the answers would reproach large windows with their size."""
    span = max(1, w.closes - w.opens)
    expected = sum((n - 1) * (1 - (1 - BURST / span) ** n) for n in Bag(s.day for s in w.on_device).values())
    return len(close(w)), expected


def spells(w: Window) -> tuple[int, int]:
    """How often a time began in which people stood at the window and no question came to its device, and on how many days
    people stood there, from the first day with a question to the last (before, there was no device). A device that is broken
    for a week is one such time."""
    days = [d for _day, d in sorted(w.days.items()) if d.here]
    asked = [i for i, d in enumerate(days) if d.reached]
    if not asked:
        return 0, 0
    days = days[asked[0] : asked[-1] + 1]
    return sum(a.reached > 0 == b.reached for a, b in itertools.pairwise(days)), len(days)


def alike(w: Window) -> float:
    """How many people chance makes whose browser had spoken for somebody else on the same day: some are shared at home, and in
    the network of a hall many look alike, so that pairs grow with the square of a day's links."""
    return sum(0.002 * n + n * (n - 1) / 1000 for n in Bag(s.day for s in w.said if s.origin).values())


#: What is counted at a window against an expectation of its own.
COUNTS: dict[str, Callable[[Window], tuple[int, float]]] = {
    "burst": _close,
    "spells": lambda w: (spells(w)[0], 0.01 * spells(w)[1]),
    "own": lambda w: (sum(s.own for s in w.said), 0.001 * len(w.said)),
}


class Peers:
    """All windows of an examination; a window is compared with the others."""

    def __init__(self, windows: Iterable[Window]):
        self.pairs: dict[str, dict[str, tuple[int, int]]] = {name: {} for name in SHARES}
        #: What is counted, and how many are expected of a window like this, before its peers are asked.
        self.counts: dict[str, dict[str, tuple[int, float]]] = {name: {} for name in COUNTS}
        self.codes: Bag[tuple[str, ...]] = Bag()
        self.words: Bag[str] = Bag()
        self.n = self.windows = 0
        silent: list[tuple[int, float]] = []
        low: dict[str, tuple[int, int, int, int]] = {}
        for w in self._by_hall(windows):
            low[w.key] = _low(w)
            dumb, days, expected = quiet(w)
            if days >= FEW and expected > 0:
                silent.append((dumb, expected))
            for name, pair in SHARES.items():
                self.pairs[name][w.key] = pair(w)
            for name, count in COUNTS.items():
                self.counts[name][w.key] = count(w)
            self.codes.update(s.codes for s in w.said if s.level == 5)
            self.words.update(s.text for s in w.said if len(s.text) >= 4)
            self.n += len(w.said)
            self.windows += 1
        self.models = {name: fit(list(pairs.values())) for name, pairs in self.pairs.items()}
        self.known = {name: sum(n >= FEW for _k, n in pairs.values()) for name, pairs in self.pairs.items()}
        shares = [k / n for k, n in self.pairs["left"].values() if n >= 20]
        self.left_median = median(shares) if shares else 0.0
        self.tops = self.codes.total()
        self.quiet = self._quiet(silent)
        self._counts(low)

    def _by_hall(self, windows: Iterable[Window]) -> Iterator[Window]:
        """The windows, and at the end of each hall what its browsers did: one that spoke for several people at one window and
        was seen at another one on that day is a computer of the hall at which people are helped, and told apart."""
        self.shared: set[tuple[str, int, str]] = set()
        self.counts["browser"] = {}
        for hall, here in itertools.groupby(windows, key=lambda w: w.hall):
            seen: dict[tuple[int, str], str] = {}
            many: dict[str, tuple[float, list[tuple[int, str, int]]]] = {}
            for w in here:
                for s in w.said:
                    if s.origin and seen.setdefault((s.day, s.origin), w.key) != w.key:
                        seen[s.day, s.origin] = ""
                found = [(g[0].day, g[0].origin, len({s.phone for s in g}) - 1) for g in browsers(w)]
                many[w.key] = alike(w), found
                yield w
            self.shared.update(
                (hall, *x[:2]) for _e, found in many.values() for x in found if not seen[x[:2]]
            )
            for key, (expected, found) in many.items():
                self.counts["browser"][key] = sum(x[2] for x in found if seen[x[:2]]), expected

    def own_browsers(self, w: Window) -> list[list[Said]]:
        """Those of :func:`browsers` that are no computer of the hall."""
        return [g for g in browsers(w) if (w.hall, g[0].day, g[0].origin) not in self.shared]

    def _counts(self, low: dict[str, tuple[int, int, int, int]]) -> None:
        """What is counted against an expectation of the window's own. Low marks: so many for those in time, so many for those
        whose matter was late, each at the peers' share; a window with many late matters honestly has more."""
        late_k, late_n = (sum(x[i] for x in low.values()) for i in (2, 3))
        k, n = (sum(x[i] for x in low.values()) for i in (0, 1))
        shares = (k + 0.5) / (n + 1), (late_k + 0.5) / (late_n + 1)
        self.counts["bad"] = {
            key: (k + late_k, n * shares[0] + late_n * shares[1])
            for key, (k, n, late_k, late_n) in low.items()
        }
        self.rates = {name: rate(list(rows.values())) for name, rows in self.counts.items()}

    def above(self, name: str, w: Window, alone: bool = False) -> tuple[int, float, float]:
        """Count, how many are usual for a window like this, and the chance of so many. ``alone``: what is expected says enough
        where there are no peers."""
        k, expected = self.counts[name][w.key]
        model = self.rates[name]
        usual = model.mean * expected
        return k, usual, model.at_least(k, expected) if (alone or self.windows > PEERS) and k > usual else 1.0

    def below(self, name: str, w: Window) -> tuple[int, float, float]:
        k, expected = self.counts[name][w.key]
        model = self.rates[name]
        usual = model.mean * expected
        return k, usual, model.at_most(k, expected) if self.windows > PEERS and k < usual else 1.0

    @staticmethod
    def _quiet(silent: list[tuple[int, float]]) -> float:
        """How many times as many days are silent at the peers as each one's own rate tells (people come in families, a clerk
        has a bad day); at least once. A tenth of the windows at each end is left out, so that cheats are no measure."""
        row = sorted(silent, key=lambda x: x[0] / x[1])
        cut = len(row) // 10
        kept = row[cut : len(row) - cut]
        if len(kept) <= PEERS:
            return 1.0
        return max(1.0, sum(k for k, _e in kept) / sum(e for _k, e in kept))

    def high(self, name: str, w: Window) -> tuple[int, int, float]:
        """Count, out of how many, and the chance of so many."""
        k, n = self.pairs[name][w.key]
        model = self.models[name]
        return k, n, model.at_least(k, n) if self.may_judge(name, n) and k > n * model.mean else 1.0

    def low(self, name: str, w: Window) -> tuple[int, int, float]:
        k, n = self.pairs[name][w.key]
        model = self.models[name]
        return k, n, model.at_most(k, n) if self.may_judge(name, n) and k < n * model.mean else 1.0

    def may_judge(self, name: str, n: int) -> bool:
        """A window with few, or without some peers to be held against, tells nothing."""
        return n >= FEW and self.known[name] > PEERS

    def usual(self, name: str) -> float:
        return round(self.models[name].mean, 5)


def quiet(w: Window) -> tuple[int, int, float]:
    """Days on which people stood at the window and nobody answered on its device; days on which people stood there; and how
    many silent ones chance and faults make at the window's own rate.

    A day on which no question came to the device tells nothing of people (it is counted in :func:`spells`, a fortnight of a
    broken device as one), where it is known which did. Only what a device can say on the day counts: a verdict by telephone
    comes some days later, and who applies from home never stood there. The rate is that of the days on which somebody
    spoke, freed from the fact that they were picked for it: the maximum likelihood of a binomial without its zeros. So
    silent days neither hide themselves, nor does a window with two people a day look as if nearly all of them answered."""
    said = Bag(s.day for s in w.on_device)
    known = any(d.reached for d in w.days.values())
    days = [
        (d.here, min(d.here, said[day])) for day, d in w.days.items() if d.here and (d.reached or not known)
    ]
    spoken = [(here, k) for here, k in days if k]
    total, low, high = sum(k for _here, k in spoken), 1e-4, 0.95
    for _step in range(40):
        share = (low + high) / 2
        if sum(here * share / (1 - (1 - share) ** here) for here, _k in spoken) < total:
            low = share
        else:
            high = share
    # a device that is broken on one day in a hundred
    expected = sum((1 - low) ** here + 0.01 for here, _k in days)
    return len(days) - len(spoken), len(days), expected
