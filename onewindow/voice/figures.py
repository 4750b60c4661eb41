"""The figures over reviews: each with its formula, its n, its coverage and its interval."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Avg, Count, Q
from django.utils.translation import gettext_lazy as _

from onewindow.catalog.models import Item
from onewindow.org.models import Hall, Office
from onewindow.voice.models import Level, ReviewQuerySet, Touchpoint
from onewindow.window.models import ApplicationQuerySet


def wilson(good: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson score interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209), 95 % for z = 1.96.
    Of nothing, nothing is known: (0, 1)."""
    if n == 0:
        return 0.0, 1.0
    share, zz = good / n, z * z / n
    middle = (share + zz / 2) / (1 + zz)
    half = z * math.sqrt(share * (1 - share) / n + zz / (4 * n)) / (1 + zz)
    return max(0.0, middle - half), min(1.0, middle + half)


#: Below this a share says nothing, and might tell who spoke: it is not shown in public.
FEW = 5
#: From this on things may be put in an order.
ENOUGH = 30


@dataclass(frozen=True)
class Share:
    """One share with all that it takes to believe it. A page shows ``value`` only together with ``denominator`` and
    ``interval`` (``parts/share.html``); there is no way to show "100 %" alone."""

    code: str
    label: Any
    formula: Any
    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        return self.numerator / self.denominator if self.denominator else None

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval, 95 %."""
        return wilson(self.numerator, self.denominator)

    @property
    def value_x(self) -> float:
        """Where the share lies on a bar of a hundred."""
        return round(100 * (self.value or 0), 1)

    @property
    def low_x(self) -> float:
        return round(100 * self.interval[0], 1)

    @property
    def wide_x(self) -> float:
        """How wide the interval is on the same bar."""
        return round(100 * (self.interval[1] - self.interval[0]), 1)

    @property
    def says_something(self) -> bool:
        return self.denominator >= FEW

    @property
    def may_rank(self) -> bool:
        return self.denominator >= ENOUGH


@dataclass(frozen=True)
class Verdict:
    """Reviews of a period; ``good`` = levels 5, 4 and 3, ``bad`` = 2 and 1. Silence is its own bucket, never "good".

    ``n`` are those that count: given by people, once a touchpoint, as they stand. Beside them, never among them: second
    reviews, changes, those left out after an appeal, default ones. ``assisted`` and ``worded`` are parts of ``n``.
    """

    n: int
    good: int
    bad: int
    mean: float | None
    touchpoints: int
    levels: tuple[int, ...] = ()
    worded: int = 0
    assisted: int = 0
    second: int = 0
    changed: int = 0
    excluded: int = 0
    defaults: int = 0

    @property
    def good_share(self) -> float | None:
        """(5 + 4 + 3) / n, given by people only (主动好评率)."""
        return self.good / self.n if self.n else None

    @property
    def coverage(self) -> float | None:
        """n / touchpoints reached in the period; a review of an earlier touchpoint counts when it is given."""
        return min(1.0, self.n / self.touchpoints) if self.touchpoints else None

    @property
    def silent(self) -> int:
        """Touchpoints that nobody said anything about (未评价)."""
        return max(0, self.touchpoints - self.n)

    @property
    def silent_share(self) -> float | None:
        """Silent / touchpoints reached."""
        return self.silent / self.touchpoints if self.touchpoints else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the good share."""
        return wilson(self.good, self.n)

    @property
    def received(self) -> int:
        """All first reviews of people: those counted and those left out after an appeal (promise A2)."""
        return self.n + self.excluded

    @property
    def shares(self) -> list[Share]:
        """The shares of GB/T 39735 with their formulas; nothing here counts silence or a default review as good."""
        found = [
            Share(
                "good", _("Good share"), _("(very satisfied + satisfied + fairly satisfied) ÷ reviews"), self.good, self.n
            ),
            Share("bad", _("Low marks"), _("(dissatisfied + very dissatisfied) ÷ reviews"), self.bad, self.n),
            Share(
                "coverage", _("Coverage"), _("reviews ÷ occasions to give one"),
                min(self.n, self.touchpoints), self.touchpoints,
            ),
            Share(
                "silent", _("Nothing said"), _("occasions of which nobody said anything ÷ occasions"), self.silent,
                self.touchpoints,
            ),
        ]  # fmt: skip
        if self.defaults:
            found.append(
                Share(
                    "good_with_defaults",
                    _("Good share with default reviews"),
                    _("(good reviews + default reviews) ÷ (reviews + default reviews); for comparison only"),
                    self.good + self.defaults,
                    self.n + self.defaults,
                )
            )
        return found

    @property
    def rows(self) -> list[tuple[Level, int, float]]:
        """Level, number, and its length on a bar of a hundred; best first."""
        most = max([1, *self.levels])
        return [(level, n, round(100 * n / most, 1)) for level, n in zip(Level, self.levels, strict=False)]

    @property
    def by_code(self) -> dict[str, Share]:
        return {share.code: share for share in self.shares}


#: What reviews can be broken down by: the field of Review, and the same of Application.
DIMENSIONS: dict[str, tuple[str, str, type[models.Model], str]] = {
    "hall": ("hall", "hall", Hall, "pk"),
    "office": ("office", "office", Office, "pk"),
    "item": ("item_code", "item__code", Item, "code"),
}


def _touchpoints(
    applications: ApplicationQuerySet,
    start: dt.datetime,
    end: dt.datetime,
    by: str = "",
    touchpoint: str = "",
) -> dict[Any, int]:
    """Touchpoints reached in the period: acceptances (but not of items decided on the spot) and handings-over."""
    promised = ~Q(item_version__case_kind="IMMEDIATE")
    found: dict[Any, int] = {}
    for kind, also in ((Touchpoint.ACCEPTED, promised), (Touchpoint.DELIVERED, Q())):
        if touchpoint and touchpoint != kind:
            continue
        column = f"{kind}_at"
        reached = applications.filter(also, **{f"{column}__gte": start, f"{column}__lt": end}).order_by()
        rows = reached.values_list(by).annotate(Count("pk")) if by else [(None, reached.count())]
        for key, n in rows:
            found[key] = found.get(key, 0) + n
    return found


SUMS = {
    "n": Count("pk"),
    "good": Count("pk", filter=Q(level__gte=3)),
    "bad": Count("pk", filter=Q(level__lte=2)),
    "mean": Avg("level"),
}
NONE = {"n": 0, "good": 0, "bad": 0, "mean": None}


def verdict(
    reviews: ReviewQuerySet,
    applications: ApplicationQuerySet,
    start: dt.datetime,
    end: dt.datetime,
    touchpoint: str = "",
) -> Verdict:
    """The verdict of a period over what a person may see (both querysets already scoped). Three queries.

    ``start`` is the first instant of the period, ``end`` the first one after it. Default reviews never count. With a
    ``touchpoint`` (the reviews are of that one only) coverage is that of this one.
    """
    row = reviews.counted().filter(at__gte=start, at__lt=end).aggregate(**SUMS)
    return Verdict(
        **row, touchpoints=_touchpoints(applications, start, end, touchpoint=touchpoint).get(None, 0)
    )


def verdicts_by(
    dimension: str,
    reviews: ReviewQuerySet,
    applications: ApplicationQuerySet,
    start: dt.datetime,
    end: dt.datetime,
) -> list[tuple[Any, Verdict]]:
    """The same for each hall, office or item (:data:`DIMENSIONS`), most reviews first. Four queries."""
    of_review, of_application, model, key = DIMENSIONS[dimension]
    given = reviews.counted().filter(at__gte=start, at__lt=end).order_by()
    said = {row.pop(of_review): row for row in given.values(of_review).annotate(**SUMS)}
    reached = _touchpoints(applications, start, end, of_application)
    things = model._default_manager.in_bulk(
        [k for k in {*said, *reached} if k is not None], **({} if key == "pk" else {"field_name": key})
    )
    found = [
        (thing, Verdict(**said.get(k, NONE), touchpoints=reached.get(k, 0))) for k, thing in things.items()
    ]
    return sorted(found, key=lambda pair: (-pair[1].n, -pair[1].touchpoints, str(pair[0])))


def verdicts_by_office(
    reviews: ReviewQuerySet, applications: ApplicationQuerySet, start: dt.datetime, end: dt.datetime
) -> list[tuple[Office, Verdict]]:
    """The same for each department."""
    return verdicts_by("office", reviews, applications, start, end)
