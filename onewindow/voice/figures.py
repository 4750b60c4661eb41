"""The figures over reviews: each with its formula, its n, its coverage and its interval."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Count, Q

from onewindow.org.models import Office
from onewindow.voice.models import ReviewQuerySet
from onewindow.window.models import ApplicationQuerySet


def wilson(good: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Wilson score interval of a share (Wilson 1927, J. Am. Stat. Assoc. 22:209), 95 % for z = 1.96; (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share, zz = good / n, z * z / n
    middle = (share + zz / 2) / (1 + zz)
    half = z * math.sqrt(share * (1 - share) / n + zz / (4 * n)) / (1 + zz)
    return max(0.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True)
class Verdict:
    """Reviews of a period. ``coverage`` = n / touchpoints reached; silence is its own bucket, never "good"."""

    n: int
    good: int
    bad: int
    mean: float | None
    touchpoints: int

    @property
    def good_share(self) -> float | None:
        """(5 + 4 + 3) / n, given by people only (主动好评率)."""
        return self.good / self.n if self.n else None

    @property
    def coverage(self) -> float | None:
        return min(1.0, self.n / self.touchpoints) if self.touchpoints else None

    @property
    def silent(self) -> int:
        return max(0, self.touchpoints - self.n)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the good share."""
        return wilson(self.good, self.n)


def _touchpoints(
    applications: ApplicationQuerySet, start: dt.datetime, end: dt.datetime, *by: str
) -> dict[Any, int]:
    """Touchpoints reached in the period: acceptances (but not of items decided on the spot) and handings-over."""
    promised = ~Q(item_version__case_kind="IMMEDIATE")
    found: dict[Any, int] = {}
    for column, also in (("accepted_at", promised), ("delivered_at", Q())):
        reached = applications.filter(also, **{f"{column}__gte": start, f"{column}__lt": end})
        for row in reached.order_by().values(*by).annotate(n=Count("pk")) if by else [{"n": reached.count()}]:
            key = row[by[0]] if by else None
            found[key] = found.get(key, 0) + row["n"]
    return found


SUMS = {
    "n": Count("pk"),
    "good": Count("pk", filter=Q(level__gte=3)),
    "bad": Count("pk", filter=Q(level__lte=2)),
}


def verdict(
    reviews: ReviewQuerySet, applications: ApplicationQuerySet, start: dt.datetime, end: dt.datetime
) -> Verdict:
    """The verdict of a period over what a person may see (both querysets already scoped). Two or three queries."""
    row = reviews.active().filter(at__gte=start, at__lt=end).aggregate(**SUMS, mean=Avg("level"))
    return Verdict(**row, touchpoints=_touchpoints(applications, start, end).get(None, 0))


def verdicts_by_office(
    reviews: ReviewQuerySet, applications: ApplicationQuerySet, start: dt.datetime, end: dt.datetime
) -> list[tuple[Office, Verdict]]:
    """The same for each department, most reviews first."""
    rows = (
        reviews.active()
        .filter(at__gte=start, at__lt=end)
        .order_by()
        .values("office")
        .annotate(**SUMS, mean=Avg("level"))
    )
    reached = _touchpoints(applications, start, end, "office")
    said = {r.pop("office"): r for r in rows}
    offices = Office.objects.in_bulk(set(said) | set(reached))
    none = {"n": 0, "good": 0, "bad": 0, "mean": None}
    found = [(offices[k], Verdict(**said.get(k, none), touchpoints=reached.get(k, 0))) for k in offices]
    return sorted(found, key=lambda pair: -pair[1].n)
