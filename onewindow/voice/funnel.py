"""漏斗图: windows as points over the number of their reviews, between limits that chance alone would keep them in.

The chart is that of Spiegelhalter 2005, Statistics in Medicine 24:1185; its limits are exact binomial tails, so that they
are right for rare marks too, where the usual curve of the normal distribution is not. The page draws the shapes as SVG.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

#: Two in a hundred, and two in a thousand, lie outside by chance.
LIMITS = {95.0: 0.025, 99.8: 0.001}
LEFT, RIGHT, ABOVE, BELOW = 58, 18, 14, 44
STEPS = 60


def _terms(n: int, share: float) -> Iterator[tuple[int, float]]:
    """k and P(X = k) of a binomial, from ten standard deviations below the mean on: what lies below is nothing."""
    k = max(0, int(n * share - 10 * math.sqrt(n * share * (1 - share))) - 1)
    log = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    term = math.exp(log + k * math.log(share) + (n - k) * math.log1p(-share))
    odds = share / (1 - share)
    while k <= n:
        yield k, term
        term *= (n - k) / (k + 1) * odds
        k += 1


def limits(n: int, share: float, tail: float) -> tuple[float, float]:
    """Lower and upper limit as shares: a count k lies above the upper one just if P(X ≥ k) < ``tail``, below the lower one
    just if P(X ≤ k) < ``tail``. Between the counts the logarithm of the tail is interpolated, so that the line is smooth."""
    if n == 0 or not 0 < share < 1:
        return share, share
    lower, upper, head = 0.0, float(n), 0.0
    for k, term in _terms(n, share):
        before, head = head, head + term
        if before and before < tail <= head:
            lower = k - 1 + math.log(tail / before) / math.log(head / before)
        # P(X ≥ k) = 1 − before, P(X ≥ k + 1) = 1 − head
        if 1 - before > tail >= 1 - head:
            rest = max(1 - head, 1e-15)
            upper = k + math.log((1 - before) / tail) / math.log((1 - before) / rest)
            break
    return lower / n, upper / n


@dataclass(frozen=True)
class Point:
    """One window: reviews, low marks among them, where it is drawn, and on which side of which limits it lies."""

    thing: Any
    n: int
    k: int
    x: float
    y: float
    outside: str

    @property
    def share(self) -> float:
        return self.k / self.n


@dataclass(frozen=True)
class Curve:
    """One limit, upper and lower, as points of a polyline."""

    level: float
    upper: str
    lower: str


@dataclass(frozen=True)
class Funnel:
    """The chart: points, limits and scales in a box of ``width`` × ``height``."""

    width: int
    height: int
    share: float
    middle: float
    points: Sequence[Point]
    curves: Sequence[Curve]
    across: Sequence[tuple[int, float]]
    up: Sequence[tuple[float, float]]
    left: int = LEFT
    right: int = RIGHT

    @property
    def x_end(self) -> int:
        return self.width - self.right

    @property
    def floor(self) -> int:
        return self.height - BELOW

    @property
    def outside(self) -> list[Point]:
        """Points beyond the outer limits, on either side, the farthest above first."""
        return sorted((p for p in self.points if p.outside in ("high", "low")), key=lambda p: -p.share)


def side(k: int, n: int, share: float) -> str:
    """``high``/``low`` beyond 99.8 %, ``above``/``below`` beyond 95 %, else nothing."""
    at = k / n
    for tail, (over, under) in ((LIMITS[99.8], ("high", "low")), (LIMITS[95.0], ("above", "below"))):
        lower, upper = limits(n, share, tail)
        if at > upper:
            return over
        if at < lower:
            return under
    return ""


def _nice(top: float) -> float:
    """A step that divides an axis into three to six parts."""
    rough = top / 4
    power = 10 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next(s * power for s in (1, 2, 5, 10) if s * power >= rough)


def funnel(pairs: Sequence[tuple[Any, int, int]], width: int = 880, height: int = 380) -> Funnel | None:
    """``pairs``: window, its reviews, low marks among them; those without any review are left out. None without any."""
    pairs = [(thing, n, k) for thing, n, k in pairs if n]
    if not pairs:
        return None
    share = sum(k for _t, _n, k in pairs) / sum(n for _t, n, _k in pairs)
    most = max(n for _t, n, _k in pairs)
    step = max(1, round(_nice(most)))
    right = math.ceil(most / step) * step
    small = min(n for _t, n, _k in pairs)
    widest = limits(max(small, right // STEPS), share, LIMITS[99.8])[1]
    top = max(0.01, *(k / n for _t, n, k in pairs), min(widest, 4 * share))
    up = _nice(min(1.0, top))
    top = math.ceil(min(1.0, top) / up - 1e-9) * up
    room_x, room_y, floor = width - LEFT - RIGHT, height - ABOVE - BELOW, height - BELOW

    def x(n: float) -> float:
        return round(LEFT + room_x * n / right, 1)

    def y(value: float) -> float:
        return round(floor - room_y * min(value, top) / top, 1)

    ns = sorted({max(1, round(right * (i / STEPS) ** 1.6)) for i in range(1, STEPS + 1)})
    curves = []
    for level, tail in LIMITS.items():
        drawn = [(x(n), *map(y, limits(n, share, tail))) for n in ns]
        upper = " ".join(f"{at},{high}" for at, _low, high in drawn)
        curves.append(Curve(level, upper, " ".join(f"{at},{low}" for at, low, _high in drawn)))
    points = [Point(thing, n, k, x(n), y(k / n), side(k, n, share)) for thing, n, k in pairs]
    across = [(n, x(n)) for n in range(0, right + 1, step)]
    ups = [(i * up, y(i * up)) for i in range(round(top / up) + 1)]
    return Funnel(width, height, share, y(share), points, curves, across, ups)
