"""Charts as plain shapes: the template draws them as SVG, so that they need no script and obey the content policy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Room for the numbers on the left, the hours below, and half a line above.
LEFT, BELOW, ABOVE = 34, 24, 10


@dataclass(frozen=True)
class Bar:
    """One hour: its bar (pixels) and its values."""

    label: int
    n: int
    then: int
    x: float
    y: float
    width: float
    height: float
    middle: float


@dataclass(frozen=True)
class Course:
    """Bars of today under the line of another day, in a box of ``width`` × ``height`` pixels."""

    width: int
    height: int
    bars: Sequence[Bar]
    line: str
    ticks: Sequence[tuple[int, float]]
    left: int = LEFT

    @property
    def most(self) -> Bar:
        return max(self.bars, key=lambda b: b.n)

    @property
    def label_y(self) -> float:
        return self.height - 6


def _step(top: int) -> int:
    """The distance of four lines or fewer: 1, 2 or 5 times a power of ten."""
    rough = max(1, top) / 4
    power = 10 ** math.floor(math.log10(rough)) if rough >= 1 else 1
    return next(int(s * power) for s in (1, 2, 5, 10) if s * power >= rough)


def course(hours: Sequence[tuple[int, int, int]], width: int, height: int) -> Course:
    """``hours``: (hour, today, the other day)."""
    top = max([1, *(max(n, then) for _, n, then in hours)])
    step = _step(top)
    top = math.ceil(top / step) * step
    floor, room = height - BELOW, height - BELOW - ABOVE
    wide = (width - LEFT) / len(hours)
    bars = [
        Bar(
            hour, n, then,
            x=round(LEFT + i * wide + wide * 0.2, 1), y=round(floor - room * n / top, 1),
            width=round(wide * 0.6, 1), height=round(room * n / top, 1),
            middle=round(LEFT + (i + 0.5) * wide, 1),
        )
        for i, (hour, n, then) in enumerate(hours)
    ]  # fmt: skip
    line = " ".join(f"{bar.middle},{round(floor - room * bar.then / top, 1)}" for bar in bars)
    ticks = [(n, round(floor - room * n / top, 1)) for n in range(0, top + 1, step)]
    return Course(width, height, bars, line, ticks)
