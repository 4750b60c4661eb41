"""选项顺序: does it matter whether the best face stands first or the worst? What was said in either order, side by side."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from django.db.models import Count

from onewindow.voice import odp
from onewindow.voice.models import Review, ReviewQuerySet
from onewindow.voice.tallies import Period, midnight


@dataclass(frozen=True)
class Order:
    """The verdicts that were given with the faces in one order; ``levels``: how often each level, from 1 to 5."""

    code: str
    levels: tuple[int, ...]

    @property
    def n(self) -> int:
        return sum(self.levels)

    @property
    def mean(self) -> float | None:
        return sum(k * level for level, k in enumerate(self.levels, 1)) / self.n if self.n else None

    @property
    def variance(self) -> float:
        """Of the sample; nothing can be said of fewer than two."""
        if self.n < 2 or self.mean is None:
            return 0.0
        return sum(k * (level - self.mean) ** 2 for level, k in enumerate(self.levels, 1)) / (self.n - 1)

    @property
    def bad(self) -> int:
        return self.levels[0] + self.levels[1]


@dataclass(frozen=True)
class Compared:
    """Both orders, and by how much the mean with the best first lies above the other, with its 95 % interval. None of it
    below thirty verdicts in either order."""

    orders: tuple[Order, ...]
    difference: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def sways(self) -> bool:
        """Whether chance alone would hardly make the difference."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high


LEAST, Z95 = 30, 1.959964


def compared(over: Period, rows: ReviewQuerySet | None = None) -> Compared:
    """The verdicts of a period that count and whose order is known."""
    found = (Review.objects.counted() if rows is None else rows).filter(
        at__gte=midnight(over.first), at__lt=midnight(_after(over)), shown_order__in=odp.ORDERS
    )
    sums = {
        (row["shown_order"], row["level"]): row["k"]
        for row in found.order_by().values("shown_order", "level").annotate(k=Count("pk"))
    }
    return compare(
        tuple(Order(code, tuple(sums.get((code, level), 0) for level in range(1, 6))) for code in odp.ORDERS)
    )


def _after(over: Period) -> dt.date:
    """The first day after the period."""
    return (over.last + dt.timedelta(days=31)).replace(day=1)


def compare(orders: tuple[Order, ...]) -> Compared:
    """The difference of the means and its interval (Welch, normal at these sizes)."""
    a, b = orders
    if min(a.n, b.n) < LEAST or a.mean is None or b.mean is None:
        return Compared(orders)
    difference, off = a.mean - b.mean, Z95 * math.sqrt(a.variance / a.n + b.variance / b.n)
    return Compared(orders, difference, difference - off, difference + off)
