"""我的数据: one person's own figures of the last 30 days – for that person alone, nobody is ranked by them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from statistics import median

from django.db.models import Avg, Count, Q

from onewindow.cases import instant
from onewindow.cases.models import Card, Event
from onewindow.org.calendar import ZONE
from onewindow.org.models import Person, current_calendar
from onewindow.voice.models import Review
from onewindow.window.figures import ON_TIME, WITHIN_LAW
from onewindow.window.models import Application

DAYS = 30
MOST = 5000


@dataclass(frozen=True)
class Mine:
    """``decided`` by me, of those ``on_time`` (promise) and ``within_law``; ``days``: median of working days from acceptance
    to decision; ``taken_in`` and ``given_out`` at the window; what people said of those cases."""

    since: dt.date
    decided: int
    on_time: int
    within_law: int
    refused: int
    days: float | None
    open: int
    cards: int
    taken_in: int
    given_out: int
    reviews: int
    good: int
    mean: float | None

    @property
    def on_time_share(self) -> float | None:
        return self.on_time / self.decided if self.decided else None

    @property
    def law_share(self) -> float | None:
        return self.within_law / self.decided if self.decided else None

    @property
    def good_share(self) -> float | None:
        return self.good / self.reviews if self.reviews else None


def mine(person: Person) -> Mine:
    """Counted from the record of who did what; a voided or withdrawn case is no decision."""
    today = instant.now().astimezone(ZONE).date()
    first = today - dt.timedelta(days=DAYS - 1)
    since = dt.datetime.combine(first, dt.time(), ZONE)

    def done(verb: str) -> list[str]:
        events = Event.objects.filter(kind=f"application.{verb}", at__gte=since, by=person.username)
        return list(events.order_by("-at").values_list("number", flat=True)[:MOST])

    decided, taken, given = done("decide"), done("receive"), done("deliver")
    cases = Application.objects.filter(number__in=decided)
    sums = cases.aggregate(
        n=Count("pk"),
        kept=Count("pk", filter=ON_TIME),
        law=Count("pk", filter=WITHIN_LAW),
        refused=Count("pk", filter=Q(result="refuse")),
    )
    calendar = current_calendar()
    spans = cases.filter(accepted_at__isnull=False).values_list("accepted_at", "decided_at")
    days = [
        calendar.working_between(a.astimezone(ZONE).date(), b.astimezone(ZONE).date()) for a, b in spans if b
    ]
    said = Review.objects.filter(number__in={*decided, *taken, *given}, at__gte=since, is_default=False)
    verdict = said.aggregate(n=Count("pk"), good=Count("pk", filter=Q(level__gte=3)), mean=Avg("level"))
    return Mine(
        since=first,
        decided=sums["n"],
        on_time=sums["kept"],
        within_law=sums["law"],
        refused=sums["refused"],
        days=median(days) if days else None,
        open=Application.objects.filter(handler=person, closed_at__isnull=True).count(),
        cards=Card.objects.filter(person=person, issued_at__gte=since).count(),
        taken_in=len(taken),
        given_out=len(given),
        reviews=verdict["n"],
        good=verdict["good"],
        mean=verdict["mean"],
    )
