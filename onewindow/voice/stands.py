"""大厅评价终端: what people say at the unattended stands of a hall. It counts for the hall, never for a window or a person."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from onewindow.org.models import Hall
from onewindow.voice import actions
from onewindow.voice.device_models import HallVerdict, HallVerdictQuerySet
from onewindow.voice.figures import SUMS, Verdict
from onewindow.voice.models import Device, ReviewChannel

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
    """What was said at the stands of one hall: the verdict (nobody was asked, so there are no occasions), how many stands said
    something, and how much came too fast to count."""

    hall: Hall
    verdict: Verdict
    stands: int
    surplus: int


def by_hall(rows: HallVerdictQuerySet, since: dt.datetime, until: dt.datetime | None = None) -> list[Said]:
    """Hall by hall, for the days from ``since`` on; what did not count stands beside."""
    found = rows.filter(said_at__gte=since)
    if until is not None:
        found = found.filter(said_at__lt=until)
    counted = found.counted().order_by().values("hall_id").annotate(**SUMS)
    verdicts = {row.pop("hall_id"): Verdict(**row, touchpoints=0) for row in counted}
    beside = found.order_by().values_list("hall_id").annotate(
        stands=Count("device_id", distinct=True), surplus=Count("pk", filter=Q(is_surplus=True))
    )  # fmt: skip
    halls = Hall.objects.in_bulk([hall for hall, _stands, _surplus in beside])
    nothing = Verdict(0, 0, 0, None, 0)
    said = (Said(halls[hall], verdicts.get(hall, nothing), n, surplus) for hall, n, surplus in beside)
    return sorted(said, key=lambda one: one.hall.code)
