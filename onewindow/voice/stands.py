"""大厅评价终端: what people say at the unattended stands of a hall. It counts for the hall, never for a window or a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Avg, Case, Count, When

from onewindow.org.models import Hall
from onewindow.voice import actions
from onewindow.voice.device_models import HallVerdict, HallVerdictQuerySet
from onewindow.voice.models import Device, Level, ReviewChannel

#: What one stand counts in a minute and in an hour. Beyond that somebody plays, or presses for others; the rest is kept and
#: shown apart. By the time at which it was said: a stand that was cut off for a day is not punished for it.
MINUTE, HOUR = (dt.timedelta(minutes=1), 4), (dt.timedelta(hours=1), 60)
#: As which channel such verdicts are told upwards.
CHANNEL = ReviewChannel.TERMINAL


def take(
    device: Device,
    event: dict[str, Any],
    tags: list[str],
    *,
    at: dt.datetime,
    received: dt.datetime,
    event_id: str,
) -> HallVerdict:
    """Writes one verdict down; nothing is refused for coming too fast."""
    return HallVerdict.objects.create(
        device=device,
        hall_id=device.hall_id,
        place=device.place,
        event_id=event_id,
        level=event["score"],
        codes=tags,
        text=actions.clean(event.get("text", "")),
        shown_order=event.get("order", ""),
        is_surplus=any(_taken(device, at, span) >= most for span, most in (MINUTE, HOUR)),
        said_at=at,
        at=received,
    )


def _taken(device: Device, at: dt.datetime, span: dt.timedelta) -> int:
    """How much counted at this stand in the time before."""
    return HallVerdict.objects.counted().filter(device=device, said_at__gt=at - span, said_at__lte=at).count()


@dataclass(frozen=True)
class Said:
    """What was said at the stands of one hall."""

    hall: Hall
    n: int
    good: int
    bad: int
    mean: float | None
    surplus: int
    stands: int

    @property
    def good_share(self) -> float:
        return self.good / self.n if self.n else 0.0


def by_hall(rows: HallVerdictQuerySet, since: dt.datetime, until: dt.datetime | None = None) -> list[Said]:
    """Hall by hall, for the days from ``since`` on; what did not count stands beside."""
    found = rows.filter(said_at__gte=since)
    if until is not None:
        found = found.filter(said_at__lt=until)
    real = {"is_surplus": False}
    sums = found.order_by().values("hall_id").annotate(
        n=Count(Case(When(**real, then=1))),
        good=Count(Case(When(**real, level__gte=Level.GOOD, then=1))),
        bad=Count(Case(When(**real, level__lte=Level.BAD, then=1))),
        mean=Avg(Case(When(**real, then="level"))),
        surplus=Count(Case(When(is_surplus=True, then=1))),
        stands=Count("device_id", distinct=True),
    )  # fmt: skip
    halls: Iterable[Hall] = Hall.objects.in_bulk([row["hall_id"] for row in sums]).values()
    by_id = {hall.pk: hall for hall in halls}
    return sorted((Said(by_id[row.pop("hall_id")], **row) for row in sums), key=lambda said: said.hall.code)
