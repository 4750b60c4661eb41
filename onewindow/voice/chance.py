"""How rarely chance alone does something, where windows honestly differ.

A share is compared with a beta-binomial distribution fitted to the peers, whose extremes are cut off so that cheats do not
make each other look ordinary (method of moments: Kleinman 1973, J. Am. Stat. Assoc. 68:46).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Model:
    """Beta-binomial: the mean share of the peers, and how much they honestly differ (``rho``, the correlation within one)."""

    mean: float
    rho: float

    def at_least(self, k: int, n: int) -> float:
        """P(X ≥ k) of n."""
        return self._sum(range(k, n + 1), n) if k > 0 else 1.0

    def at_most(self, k: int, n: int) -> float:
        """P(X ≤ k) of n."""
        return self._sum(range(k, -1, -1), n) if k < n else 1.0

    def after(self, k: int, n: int, most: float = 20) -> Model:
        """The model of a window of which k of n are known to be so: what it tells itself, beside what the peers tell, who count
        as ``most`` at most (a few windows may be quite unlike the others)."""
        weight = min(most, 1 / self.rho - 1)
        return Model((self.mean * weight + k) / (weight + n), max(LEAST_RHO, 1 / (weight + n + 1)))

    def _sum(self, ks: range, n: int) -> float:
        a = self.mean * (1 / self.rho - 1)
        b = (1 - self.mean) * (1 / self.rho - 1)
        whole = _log_beta(a, b)
        total = 0.0
        for k in ks:
            term = math.exp(_log_choose(n, k) + _log_beta(a + k, b + n - k) - whole)
            total += term
            if term < total * 1e-6:  # the tail falls from here on
                break
        return min(1.0, total)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


@dataclass(frozen=True)
class Rate:
    """Gamma-Poisson: how many times what is expected of it a window has (``mean``), and the squared coefficient of variation
    by which windows honestly differ in that (``spread``). For what depends on more than a number of chances."""

    mean: float
    spread: float

    def at_least(self, k: int, expected: float) -> float:
        """P(X ≥ k) where so many are expected of the window."""
        return (
            max(0.0, 1 - self._head(k - 1, expected))
            if self._middle(k, expected)
            else self._tail(k, expected)
        )

    def at_most(self, k: int, expected: float) -> float:
        return self._head(k, expected)

    def _middle(self, k: int, expected: float) -> bool:
        return k <= self.mean * expected

    def _term(self, i: int, expected: float) -> float:
        a, m = 1 / self.spread, self.mean * expected
        choose = math.lgamma(a + i) - math.lgamma(a) - math.lgamma(i + 1)
        return math.exp(choose + a * math.log(a / (a + m)) + i * math.log(m / (a + m)))

    def _head(self, k: int, expected: float) -> float:
        return min(1.0, sum(self._term(i, expected) for i in range(k + 1)))

    def _tail(self, k: int, expected: float) -> float:
        total = 0.0
        while True:
            term = self._term(k, expected)
            total += term
            if term <= total * 1e-9:
                return min(1.0, total)
            k += 1


#: Windows always differ by so much at least, and a little more than a few of them happen to show.
LEAST_RHO, SAFETY = 0.002, 1.3
#: Of what is rare, they differ by a quarter of its share at least.
LEAST_VARIATION = 0.07
CUT = 0.08  # of the peers at each end


def fit(pairs: Sequence[tuple[int, int]], floor: float = 1e-4) -> Model:
    """The model of shares k/n over the peers. ``floor``: no share is taken to be rarer than this."""
    known = sorted(((k, n) for k, n in pairs if n >= 20), key=lambda x: x[0] / x[1])
    cut = int(len(known) * CUT)
    kept = known[cut : len(known) - cut] if cut else known
    n_all = sum(n for _k, n in kept)
    if not n_all:
        return Model(floor, 0.05)
    mean = min(1 - floor, max(floor, (sum(k for k, _n in kept) + 0.5) / (n_all + 1)))
    if len(kept) < 3:
        return Model(mean, 0.02)
    spread = sum(n * (k / n - mean) ** 2 for k, n in kept)
    widened = 1.8 if cut else 1.0  # the cut ends are where most of the spread was
    expected = mean * (1 - mean)
    slack = n_all - sum(n * n for _k, n in kept) / n_all
    rho = (widened * spread - expected * (len(kept) - 1)) / (expected * max(1.0, slack - (len(kept) - 1)))
    return Model(mean, min(0.5, max(min(LEAST_RHO, LEAST_VARIATION * mean), rho * SAFETY)))


def rate(rows: Sequence[tuple[int, float]], least: float = 1.0) -> Rate:
    """The model of counts k against what was expected of each window, over the peers without the extremes of them (method of
    moments). ``least``: fewer expected tell nothing of a window's own rate, but they count in the sum."""
    known = sorted(((k, e) for k, e in rows if e >= least), key=lambda x: x[0] / x[1])
    cut = int(len(known) * CUT)
    kept = known[cut : len(known) - cut] if cut else known
    whole = sum(e for _k, e in kept)
    if len(kept) < 3:
        return Rate(1.0, 0.5)
    mean = (sum(k for k, _e in kept) + 0.5) / (whole + 0.5)
    squares = sum((k - mean * e) ** 2 for k, e in kept)
    widened = 1.8 if cut else 1.0
    spread = (widened * squares - mean * whole) / (mean**2 * sum(e * e for _k, e in kept))
    return Rate(mean, min(4.0, max(LEAST_VARIATION, spread * SAFETY)))


def long_run(length: int, n: int, share: float) -> float:
    """The chance of a run of at least so many equal ones among n (the expected number of such runs, an upper bound)."""
    share = min(share, 0.9999)
    return min(1.0, (1 + (n - length) * (1 - share)) * share**length)


def at_least(k: int, expected: float) -> float:
    """P(X ≥ k) of events of which so many are expected (Poisson)."""
    if k <= expected:
        return 1.0
    total, n = 0.0, k
    while True:
        term = math.exp(n * math.log(expected) - expected - math.lgamma(n + 1)) if expected > 0 else 0.0
        total += term
        if term <= total * 1e-9:
            return min(1.0, total)
        n += 1


def at_least_of(k: int, n: int, share: float) -> float:
    """P(X ≥ k) of n that have this chance each (binomial)."""
    if k <= n * share:
        return 1.0
    a, b = math.log(share), math.log1p(-share)
    return min(1.0, sum(math.exp(_log_choose(n, i) + i * a + (n - i) * b) for i in range(k, n + 1)))
