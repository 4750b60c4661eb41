"""真实性核查: signals that reviews of a window may not be what people said. Each is a reason to look, never a verdict.

A signal is a small function of what happened at one window and at its peers; it gives nothing, or the evidence: counts, the
reviews to look at, and how rarely chance alone does this. Nothing here reads the database (see :mod:`.examining`), so the
same functions are held against a simulated year with planted frauds (``onewindow integrity --test-bed``).

What windows honestly differ in (their items, their people) is allowed for: see :mod:`.chance`.
"""

from __future__ import annotations

import itertools
from collections import Counter as Bag
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import median
from typing import Any

from onewindow.voice.chance import LEAST_RHO, Model, at_least, fit, long_run, rate

#: So rarely must chance do it: with some twenty signals a window and four looks a year, fewer than one honest window in a
#: hundred is looked into.
ALPHA = 1e-5
#: What is missing leaves no rows to look at, so low marks that never arrive get a larger part of that hundredth: of a thousand
#: honest windows one, in the look at a year (in a quarter too few low marks are expected for anything).
NO_BAD = 1e-3
#: Seconds below which nobody has read the question.
SECONDS = 3.0
#: Reviews of one day by one telephone or browser up to which nobody wonders.
A_DAY = 3
#: Reviews a week by one telephone up to which nobody wonders: an agent comes twice.
A_WEEK = 2
#: Fewer than these say nothing of a window; fewer peers than these are no measure.
FEW, PEERS = 30, 4
#: Seconds between two answers at one window that cannot be two services.
BURST = 20
#: Minutes before closing in which answers are made up.
LAST_MINUTES = 15
#: As many reviews to look at as somebody looks at.
ROWS = 50


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


@dataclass(frozen=True)
class Evidence:
    """What a signal found at a window. ``rows`` are keys of reviews; ``p`` None where chance is no question."""

    code: str
    counts: dict[str, Any]
    p: float | None
    rows: Sequence[int]


# --- the peers -----------------------------------------------------------------------------------------------

Pair = Callable[[Window], tuple[int, int]]


def _fast(w: Window) -> list[Said]:
    return [
        s
        for s in w.on_device
        if s.seconds is not None and s.seconds < SECONDS and not s.touched and s.level >= 4
    ]


def _bursts(w: Window) -> list[Said]:
    row = w.on_device
    return [b for a, b in itertools.pairwise(row) if a.day == b.day and b.second - a.second < BURST]


def _outside(w: Window) -> list[Said]:
    return [
        s
        for s in w.on_device
        if not w.opens - 1800 <= s.second <= w.closes + 1800 or (w.workdays and s.day not in w.workdays)
    ]


def _last(w: Window) -> list[Said]:
    return [s for s in w.on_device if w.closes - LAST_MINUTES * 60 <= s.second <= w.closes + 1800]


def _raised(w: Window) -> list[Said]:
    return [s for s in w.said if s.was is not None and s.was <= 3 < s.level]


def _helped(w: Window) -> list[Said]:
    return [s for s in w.said if s.helper and s.level >= 4]


def _pace(w: Window) -> tuple[int, list[Said]]:
    """The second in which most answers came, and those that came in it."""
    timed = [s for s in w.on_device if s.seconds is not None and s.seconds >= SECONDS]
    if not timed:
        return 0, []
    mode, _n = Bag(round(s.seconds or 0) for s in timed).most_common(1)[0]
    return mode, [s for s in timed if round(s.seconds or 0) == mode]


def _mode(w: Window) -> list[Said]:
    """The reviews that say what most say here: the commonest best answer with reasons."""
    best = Bag(s.codes for s in w.on_device if s.level == 5 and s.codes).most_common(1)
    return [s for s in w.on_device if s.level == 5 and s.codes == best[0][0]] if best else []


#: Shares in which a window is held against its peers: what is counted, out of what.
SHARES: dict[str, Pair] = {
    "fast": lambda w: (len(_fast(w)), len(w.on_device)),
    "outside": lambda w: (len(_outside(w)), len(w.on_device)),
    "closing": lambda w: (len(_last(w)), len(w.on_device)),
    "raised": lambda w: (len(_raised(w)), len(w.said)),
    "helped": lambda w: (len(_helped(w)), len(w.said)),
    "mode": lambda w: (len(_mode(w)), len(w.on_device)),
    "pace": lambda w: (len(_pace(w)[1]), len(w.on_device)),
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
    return len(_bursts(w)), expected


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


#: What is counted at a window against an expectation of its own.
COUNTS: dict[str, Callable[[Window], tuple[int, float]]] = {
    "burst": _close,
    "spells": lambda w: (spells(w)[0], 0.01 * spells(w)[1]),
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
        for w in windows:
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

    def above(self, name: str, w: Window) -> tuple[int, float, float]:
        """Count, how many are usual for a window like this, and the chance of so many."""
        k, expected = self.counts[name][w.key]
        model = self.rates[name]
        usual = model.mean * expected
        return k, usual, model.at_least(k, expected) if self.windows > PEERS and k > usual else 1.0

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


Signal = Callable[[Window, Peers], Evidence | None]
SIGNALS: dict[str, Signal] = {}


def signal(function: Signal) -> Signal:
    """Registers a signal under its name."""
    SIGNALS[function.__name__] = function
    return function


def _found(
    code: str, rows: Sequence[Said], p: float | None, least: float = ALPHA, **counts: Any
) -> Evidence | None:
    if p is not None and p >= least:
        return None
    return Evidence(code, counts, p, [s.key for s in rows[:ROWS]])


# --- the signals ---------------------------------------------------------------------------------------------


@signal
def fast(w: Window, peers: Peers) -> Evidence | None:
    """Answered within three seconds of the question, without a touch before: nobody has read it."""
    k, n, p = peers.high("fast", w)
    return _found("fast", _fast(w), p, n=n, k=k, usual=peers.usual("fast")) if k >= 5 else None


@signal
def burst(w: Window, peers: Peers) -> Evidence | None:
    """Two answers within twenty seconds at one window, again and again: no service is so short."""
    k, usual, p = peers.above("burst", w)
    n = len(w.on_device)
    return (
        _found("burst", _bursts(w), p, n=n, k=k, usual=round(usual / n, 5)) if k >= 5 and n >= FEW else None
    )


@signal
def same_run(w: Window, peers: Peers) -> Evidence | None:
    """A run of equal best answers with equal reasons, longer than chance allows at the peers' rate."""
    runs = [list(run) for _key, run in itertools.groupby(w.on_device, key=lambda s: (s.level, s.codes))]
    best = max((run for run in runs if run[0].level == 5 and run[0].codes), key=len, default=[])
    if len(best) < 6 or not peers.tops:
        return None
    # the window's own habit counts for it: two windows may honestly hear different praise
    share = min(0.8, 1.5 * peers.codes[best[0].codes] / peers.tops + 0.05)
    p = long_run(len(best), len(w.on_device), share)
    return _found("same_run", best, p, n=len(w.on_device), run=len(best), share=round(share, 3))


@signal
def same_answer(w: Window, peers: Peers) -> Evidence | None:
    """One and the same best answer makes up far more of all than any does elsewhere."""
    k, n, p = peers.high("mode", w)
    rows = _mode(w)
    code = ", ".join(rows[0].codes) if rows else ""
    return _found("same_answer", rows, p, n=n, k=k, answer=code, usual=peers.usual("mode"))


@signal
def same_words(w: Window, peers: Peers) -> Evidence | None:
    """The same words again and again, which elsewhere hardly anybody uses."""
    said = Bag(s.text for s in w.said if len(s.text) >= 4)
    for text, k in said.most_common(3):
        elsewhere = peers.words[text] - k
        share = max(1e-3, 3 * elsewhere / max(1, peers.n - len(w.said)))
        if k >= 6 and share < 0.2:
            p = Model(share, LEAST_RHO).at_least(k, len(w.said))
            rows = [s for s in w.said if s.text == text]
            return _found("same_words", rows, p, n=len(w.said), k=k, elsewhere=elsewhere)
    return None


@signal
def one_phone(w: Window, _peers: Peers) -> Evidence | None:
    """One telephone gave more than three reviews a day on several days, or more than two a week all along."""
    days = Bag((s.day, s.phone) for s in w.said if s.phone)
    many = {(day, phone): n for (day, phone), n in days.items() if n > A_DAY}
    whole = Bag(s.phone for s in w.said if s.phone)
    often = {phone for phone, n in whole.items() if n > A_WEEK * w.weeks}
    if len(many) < 3 and not often:
        return None
    rows = [s for s in w.said if (s.day, s.phone) in many or s.phone in often]
    most = max(whole.values())
    return _found("one_phone", rows, None, n=len(w.said), k=len(rows), days=len(many), most=most)


@signal
def one_browser(w: Window, _peers: Peers) -> Evidence | None:
    """One browser in one network gave more than three reviews a day, on several days."""
    days = Bag((s.day, s.origin) for s in w.said if s.origin)
    many = {key: n for key, n in days.items() if n > A_DAY}
    if len(many) < 3:
        return None
    rows = [s for s in w.said if (s.day, s.origin) in many]
    return _found(
        "one_browser", rows, None, n=len(w.said), k=len(rows), days=len(many), most=max(many.values())
    )


@signal
def outside(w: Window, peers: Peers) -> Evidence | None:
    """Answers on the device when the hall is shut."""
    k, n, p = peers.high("outside", w)
    return _found("outside", _outside(w), p, n=n, k=k, usual=peers.usual("outside")) if k >= 5 else None


@signal
def closing(w: Window, peers: Peers) -> Evidence | None:
    """Far more answers in the last quarter of an hour than at other windows: the day is topped up."""
    k, n, p = peers.high("closing", w)
    return _found("closing", _last(w), p, n=n, k=k, usual=peers.usual("closing"))


@signal
def wordless(w: Window, _peers: Peers) -> Evidence | None:
    """Hardly anybody stays silent (coverage above 98 %), and hardly anybody says a word (below 0.5 %)."""
    n, words = len(w.said), sum(bool(s.text) for s in w.said)
    if n < 100 or not w.served or n / w.served <= 0.98 or words / n >= 0.005:
        return None
    return _found("wordless", w.said, None, n=n, k=words, served=w.served)


@signal
def everybody(w: Window, peers: Peers) -> Evidence | None:
    """Far fewer people stay silent than anywhere else."""
    k, n, p = peers.high("coverage", w)
    return _found("everybody", [], p, n=n, k=k, usual=peers.usual("coverage"))


@signal
def nobody(w: Window, peers: Peers) -> Evidence | None:
    """Far more people stay silent than anywhere else: they may not be asked."""
    k, n, p = peers.low("coverage", w)
    return _found("nobody", [], p, n=n, k=k, usual=peers.usual("coverage"))


@signal
def no_bad(w: Window, peers: Peers) -> Evidence | None:
    """Hardly a low mark where others have them, who had as many matters in time and as many late ones."""
    k, usual, p = peers.below("bad", w)
    n = len(w.said)
    return _found("no_bad", [], p, NO_BAD, n=n, k=k, usual=round(usual / n, 5)) if n >= FEW else None


@signal
def all_top(w: Window, peers: Peers) -> Evidence | None:
    """Hardly anything but the best level, where others have second bests."""
    k, n, p = peers.high("top", w)
    return _found("all_top", [], p, n=n, k=k, usual=peers.usual("top"))


@signal
def late_silent(w: Window, peers: Peers) -> Evidence | None:
    """Those whose matter was late are silent here, much more than those in time: they may not be asked."""
    k, n = peers.pairs["late_coverage"][w.key]
    if n < 20:
        return None
    own = len(w.said) / w.served if w.served else 0.0
    usual = peers.models["coverage"].mean
    model = peers.models["late_coverage"]
    expected = min(0.99, max(0.01, model.mean * own / usual))
    # how windows differ in coverage is taken out already by the window's own
    rho = max(2 * LEAST_RHO, model.rho - peers.models["coverage"].rho)
    p = Model(expected, rho).at_most(k, n) if k < n * expected else 1.0
    return _found("late_silent", [s for s in w.said if s.late], p, n=n, k=k, usual=round(expected, 5))


@signal
def again(w: Window, peers: Peers) -> Evidence | None:
    """People are asked a second time much more than elsewhere: until the answer pleases."""
    k, n, p = peers.high("again", w)
    return _found("again", [], p, n=n, k=k, usual=peers.usual("again"))


@signal
def left(w: Window, peers: Peers) -> Evidence | None:
    """Touched but not sent off, more than three times as often as at the median window: answers may be taken away."""
    k, n, p = peers.high("left", w)
    if not n or k / n <= 3 * peers.left_median:
        return None
    return _found("left", [], p, n=n, k=k, usual=round(peers.left_median, 5))


@signal
def own_phone(w: Window, _peers: Peers) -> Evidence | None:
    """The telephone of the applicant is that of one of our own people, more than now and then."""
    rows = [s for s in w.said if s.own]
    if len(rows) <= max(3.0, w.weeks / 4):
        return None
    return _found("own_phone", rows, None, n=len(w.said), k=len(rows))


@signal
def raised(w: Window, peers: Peers) -> Evidence | None:
    """Low marks become good ones within the day, more than elsewhere: people may be talked out of them."""
    k, n, p = peers.high("raised", w)
    return _found("raised", _raised(w), p, n=n, k=k, usual=peers.usual("raised")) if k >= 4 else None


@signal
def helped(w: Window, peers: Peers) -> Evidence | None:
    """Good verdicts typed in by one of ours, more than elsewhere."""
    k, n, p = peers.high("helped", w)
    return _found("helped", _helped(w), p, n=n, k=k, usual=peers.usual("helped")) if k >= 4 else None


@signal
def one_pace(w: Window, peers: Peers) -> Evidence | None:
    """Answers come in the very same second after the question: a machine, or a time-out that counts as an answer."""
    k, n, p = peers.high("pace", w)
    mode, rows = _pace(w)
    return _found("one_pace", rows, p, n=n, k=k, second=mode, usual=peers.usual("pace")) if k >= 8 else None


@signal
def silent_days(w: Window, peers: Peers) -> Evidence | None:
    """On whole days nobody answers on the device, though enough people stood there: it may have been put away."""
    k, n, expected = quiet(w)
    if n < FEW:
        return None
    expected *= peers.quiet
    p = at_least(k, 1.2 * expected)
    return _found("silent_days", [], p, n=n, k=k, usual=round(expected, 2))


@signal
def unasked_days(w: Window, peers: Peers) -> Evidence | None:
    """Again and again a day on which people stood at the window and no question came to its device. Unlike silence this needs
    no chance that somebody would have answered: it tells at a window with two people a day too."""
    n = spells(w)[1]
    k, usual, p = peers.above("spells", w)
    return _found("unasked_days", [], p, n=n, k=k, usual=round(usual, 2)) if k >= 4 and n >= FEW else None


def examine(windows: Iterable[Window]) -> Iterator[tuple[Window, list[Evidence]]]:
    """Each window that has signals, with them, the least likely first. Goes through the windows twice, so that they need not
    all be in memory at once."""
    peers = Peers(windows)
    for w in windows:
        if here := [e for s in SIGNALS.values() if (e := s(w, peers))]:
            yield w, sorted(here, key=lambda e: e.p if e.p is not None else 0.0)
