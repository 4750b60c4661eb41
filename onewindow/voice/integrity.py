"""真实性核查: signals that reviews of a window may not be what people said. Each is a reason to look, never a verdict.

A signal is a small function of what happened at one window and at its peers; it gives nothing, or the evidence: counts, the
reviews to look at, and how rarely chance alone does this. Nothing here reads the database (see :mod:`.examining`), so the
same functions are held against a simulated year with planted frauds (``onewindow integrity --test-bed``).

What windows honestly differ in (their items, their people) is allowed for: see :mod:`.happened` and :mod:`.chance`.
"""

from __future__ import annotations

import itertools
from collections import Counter as Bag
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from onewindow.voice import happened
from onewindow.voice.chance import LEAST_RHO, Model, at_least, at_least_of, long_run
from onewindow.voice.happened import FEW, Peers, Said, Window

#: So rarely must chance do it. The budget is one honest window in a hundred: half of it goes to the twenty-two signals that ask
#: for chance, which share it evenly over five looks (10⁻⁴ would be a hundredth by itself if the models were exact; they are
#: about ten times too careful, see the explanation), the other half to the one that needs it most.
ALPHA = 1e-4
#: What is missing leaves no rows to look at: low marks that never arrive. Half of the budget, in the look at a year; in a shorter
#: one, which comes each week, a tenth of that.
NO_BAD, LONG = 1e-2, 26
#: Verdicts a week by one telephone up to which nobody wonders, where there are no peers to compare with.
A_WEEK = 2
#: As many reviews to look at as somebody looks at.
ROWS = 50


@dataclass(frozen=True)
class Evidence:
    """What a signal found at a window. ``rows`` are keys of reviews; ``p`` None where chance is no question."""

    code: str
    counts: dict[str, Any]
    p: float | None
    rows: Sequence[int]


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
    return _found("fast", happened.hasty(w), p, n=n, k=k, usual=peers.usual("fast")) if k >= 5 else None


@signal
def burst(w: Window, peers: Peers) -> Evidence | None:
    """Two answers within twenty seconds at one window, again and again: no service is so short."""
    k, usual, p = peers.above("burst", w)
    n = len(w.on_device)
    return (
        _found("burst", happened.close(w), p, n=n, k=k, usual=round(usual / n, 5))
        if k >= 5 and n >= FEW
        else None
    )


@signal
def same_run(w: Window, peers: Peers) -> Evidence | None:
    """A run of equal best answers with equal reasons, longer than chance allows at the peers' rate."""
    runs = [list(run) for _key, run in itertools.groupby(w.on_device, key=lambda s: (s.level, s.codes))]
    best = max((run for run in runs if run[0].level == 5 and run[0].codes), key=len, default=[])
    if len(best) < 6 or not peers.tops:
        return None
    # the window's own habit counts for it: two windows may honestly hear different praise
    usual = peers.codes[best[0].codes] / peers.tops
    own, alone = happened.same_by_link(w, best[0].codes)
    share = min(0.8, 1.5 * max(usual, (own + usual) / (alone + 1)) + 0.05)
    p = long_run(len(best), len(w.on_device), share)
    return _found("same_run", best, p, n=len(w.on_device), run=len(best), share=round(share, 3))


@signal
def same_answer(w: Window, peers: Peers) -> Evidence | None:
    """One and the same best answer makes up far more of those on the device than at other windows, and than of those that people
    of this window gave by link, alone: where there is one matter only, both are high."""
    k, n = peers.pairs["mode"][w.key]
    rows = happened.commonest(w)
    if not rows or not peers.may_judge("mode", n):
        return None
    here = peers.models["mode"].after(*happened.same_by_link(w, rows[0].codes))
    p = here.at_least(k, n) if k > n * here.mean else 1.0
    return _found(
        "same_answer", rows, p, n=n, k=k, answer=", ".join(rows[0].codes), usual=round(here.mean, 5)
    )


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
def one_phone(w: Window, peers: Peers) -> Evidence | None:
    """One telephone gave a far larger part of the best verdicts by link than the busiest one does elsewhere. (Agents come often,
    and everywhere: how often is seen at the peers.)"""
    k, n, p = peers.high("phone", w)
    rows = happened.telephone(w)
    if not peers.may_judge("phone", n):
        p = None if k > A_WEEK * w.weeks else 1.0
    return _found("one_phone", rows, p, n=n, k=k, usual=peers.usual("phone")) if k >= 6 else None


@signal
def one_browser(w: Window, peers: Peers) -> Evidence | None:
    """One browser in one network spoke for people with different telephones on one day, again and again."""
    k, usual, p = peers.above("browser", w, alone=True)
    groups = peers.own_browsers(w)
    if k < 5:
        return None
    rows = [s for group in groups for s in group]
    most = max(len(group) for group in groups)
    return _found(
        "one_browser",
        rows,
        p,
        n=len(w.said),
        k=len(rows),
        days=len({s.day for s in rows}),
        most=most,
        usual=round(usual, 2),
    )


@signal
def outside(w: Window, peers: Peers) -> Evidence | None:
    """Answers on the device when the hall is shut."""
    k, n, p = peers.high("outside", w)
    return _found("outside", happened.shut(w), p, n=n, k=k, usual=peers.usual("outside")) if k >= 5 else None


@signal
def closing(w: Window, peers: Peers) -> Evidence | None:
    """Far more answers in the last quarter of an hour than at other windows: the day is topped up."""
    k, n, p = peers.high("closing", w)
    return _found("closing", happened.at_the_end(w), p, n=n, k=k, usual=peers.usual("closing"))


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
    least = NO_BAD if w.weeks > LONG else NO_BAD / 10
    return _found("no_bad", [], p, least, n=n, k=k, usual=round(usual / n, 5)) if n >= FEW else None


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
    """Touched but not sent off, more than twice as often as at the median window: answers may be taken away."""
    k, n, p = peers.high("left", w)
    if not n or k / n <= 2 * peers.left_median:
        return None
    return _found("left", [], p, n=n, k=k, usual=round(peers.left_median, 5))


@signal
def own_phone(w: Window, peers: Peers) -> Evidence | None:
    """The telephone of the applicant is that of one of our own people, more often than elsewhere."""
    k, usual, p = peers.above("own", w, alone=True)
    rows = [s for s in w.said if s.own]
    return (
        _found("own_phone", rows, p, n=len(w.said), k=k, usual=round(usual / len(w.said), 5))
        if k >= 4
        else None
    )


@signal
def raised(w: Window, peers: Peers) -> Evidence | None:
    """Low marks become good ones within the day, more than elsewhere: people may be talked out of them."""
    k, n, p = peers.high("raised", w)
    return _found("raised", happened.raised(w), p, n=n, k=k, usual=peers.usual("raised")) if k >= 4 else None


@signal
def helped(w: Window, peers: Peers) -> Evidence | None:
    """Good verdicts typed in by one of ours, more than elsewhere."""
    k, n, p = peers.high("helped", w)
    return _found("helped", happened.helped(w), p, n=n, k=k, usual=peers.usual("helped")) if k >= 4 else None


@signal
def one_pace(w: Window, _peers: Peers) -> Evidence | None:
    """Answers come in the very same second after the question: a machine, or a time-out that counts as an answer."""
    second, around, part, rows = happened.pace(w)
    k, n = len(rows), len(w.on_device)
    if k < 8:
        return None
    p = min(1.0, 100 * at_least_of(k, k + around, part))  # of a hundred seconds it is the fullest
    usual = around * part / (1 - part)
    return _found("one_pace", rows, p, n=n, k=k, second=round(second), usual=round(usual / n, 5))


@signal
def silent_days(w: Window, peers: Peers) -> Evidence | None:
    """On whole days nobody answers on the device, though enough people stood there: it may have been put away."""
    k, n, expected = happened.quiet(w)
    if n < FEW:
        return None
    expected *= peers.quiet
    p = at_least(k, 1.2 * expected)
    return _found("silent_days", [], p, ALPHA / 10, n=n, k=k, usual=round(expected, 2))


@signal
def unasked_days(w: Window, peers: Peers) -> Evidence | None:
    """Again and again a day on which people stood at the window and no question came to its device. Unlike silence this needs
    no chance that somebody would have answered: it tells at a window with two people a day too."""
    n = happened.spells(w)[1]
    k, usual, p = peers.above("spells", w)
    return _found("unasked_days", [], p, n=n, k=k, usual=round(usual, 2)) if k >= 4 and n >= FEW else None


def examine(windows: Iterable[Window]) -> Iterator[tuple[Window, list[Evidence]]]:
    """Each window that has signals, with them, the least likely first. Goes through the windows twice, so that they need not
    all be in memory at once."""
    peers = Peers(windows)
    for w in windows:
        if here := [e for s in SIGNALS.values() if (e := s(w, peers))]:
            yield w, sorted(here, key=lambda e: e.p if e.p is not None else 0.0)
