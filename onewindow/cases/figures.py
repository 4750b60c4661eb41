"""数字: figures that can be trusted, because each says its formula, what was counted, and when.

A higher app registers what it can count; pages and the API ask for it by code.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from onewindow.cases import instant
from onewindow.org.calendar import ZONE
from onewindow.org.models import Person

#: What a figure may be split by.
GROUPS = ("office", "hall", "item", "channel", "status")


@dataclass(frozen=True)
class Row:
    """One group: its code and name ("" and "" for all together), what was counted, out of what (None: a plain count)."""

    code: str
    name: str
    numerator: int
    denominator: int | None = None

    @property
    def value(self) -> float | None:
        """The share, or the count; None where there is nothing to divide by."""
        if self.denominator is None:
            return self.numerator
        return round(self.numerator / self.denominator, 6) if self.denominator else None


Count = Callable[[Person, dt.datetime, dt.datetime, str], Sequence[Row]]


@dataclass(frozen=True)
class Figure:
    """A figure as registered. ``count(person, start, end, by)`` gives the rows of what the person may see, by one of
    :data:`GROUPS` or (``by=""``) one row; ``start`` counts, ``end`` does not."""

    code: str
    label: Any
    formula: Any
    count: Count
    is_share: bool = False


FIGURES: dict[str, Figure] = {}


def figure(code: str, label: Any, formula: Any, count: Count, *, is_share: bool = False) -> Figure:
    """Registers a figure (once, at start-up). ``is_share``: its rows have denominators."""
    FIGURES[code] = Figure(code, label, formula, count, is_share)
    return FIGURES[code]


@dataclass(frozen=True)
class Answer:
    """A figure of a period, both days included."""

    figure: Figure
    first: dt.date
    last: dt.date
    by: str
    as_of: dt.datetime
    total: Row
    rows: Sequence[Row]


def ask(code: str, person: Person, first: dt.date, last: dt.date, by: str = "") -> Answer:
    """Works a figure out. The total is the sum of the rows, so that a page never contradicts itself."""
    known = FIGURES[code]
    start = dt.datetime.combine(first, dt.time(), ZONE)
    end = dt.datetime.combine(last + dt.timedelta(days=1), dt.time(), ZONE)
    rows = known.count(person, start, end, by)
    out_of = sum(r.denominator or 0 for r in rows) if known.is_share else None
    total = Row("", "", sum(r.numerator for r in rows), out_of)
    return Answer(known, first, last, by, instant.now(), total, rows if by else [])
