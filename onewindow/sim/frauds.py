"""Twenty frauds, each a thing that a clerk does at a window of a simulated city (see :mod:`.beds`, :mod:`.cities`).

It knows nothing of the signals: an honest window has people of its own kind, agents who come often, colleagues with matters
of their own, a hall-wide network, broken devices; a fraud is something that a clerk does on top of that. Twenty of them are
told below, as they are told in the trade; two are too faint to be seen with few reviews, and the table says so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

from onewindow.sim.beds import CLOSES, OPENS, YEAR, Place

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
    p.said = [s for s in p.said if s.level > 2 or s.day not in p.spell or p.random.random() < 0.04]


@fraud
def takes_away(p: Place) -> None:
    """Takes the device back from people who reach for a low face, or seem about to."""
    p.live()
    share = p.hard(0.14)
    for d in p.at_it():
        d.left += sum(p.random.random() < share for _ in range(d.asked))
    p.said = [s for s in p.said if s.level > 3 or s.day not in p.spell or p.random.random() < 0.3]


@fraud
def asks_till_good(p: Place) -> None:
    """Puts the question again until the answer pleases."""
    p.live()
    share = p.hard(0.1)
    for d in p.at_it():
        d.again += sum(p.random.random() < share for _ in range(d.asked))


@fraud
def talks_out(p: Place) -> None:
    """Rings up everybody who gave a low or middling mark and talks them into changing it."""
    p.live()
    p.said = [
        replace(s, level=5, was=s.level)
        if s.level <= 3 and s.day in p.spell and p.random.random() < p.hard(0.7)
        else s
        for s in p.said
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
    p.live(lambda day, late: late and day in p.spell and p.random.random() < 0.92)


@fraud
def unplugs(p: Place) -> None:
    """Puts the device away on bad days."""
    off = {day for day in YEAR if day in p.spell and p.random.random() < p.hard(0.15)}
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
    p.said = [replace(s, text="") if s.day in p.spell else s for s in p.said]
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
