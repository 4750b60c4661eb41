"""我的数据: one person's own figures of the last 30 days – for that person alone, nobody is ranked by them."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from django.db.models import Avg, Count, Q

from onewindow.cases import instant
from onewindow.cases.models import Card, Event
from onewindow.catalog.models import Item
from onewindow.hall.models import Ticket
from onewindow.org.calendar import ZONE
from onewindow.org.models import Person, current_calendar
from onewindow.voice.models import Review
from onewindow.window.figures import ON_TIME, WITHIN_LAW
from onewindow.window.models import Application

DAYS = 30
MOST = 5000
#: So many items are named: those that I work on most.
ITEMS = 5
#: Deeds of which there is a column in the weeks.
DEEDS = ("receive", "decide", "deliver")


@dataclass(frozen=True)
class Week:
    """What I did in the week from ``first`` (a Monday, or where the 30 days begin), and tickets that I served."""

    first: dt.date
    taken_in: int
    decided: int
    given_out: int
    served: int


@dataclass(frozen=True)
class Mine:
    """``decided`` by me, of those ``on_time`` (promise) and ``within_law``; ``days``: median of working days from acceptance
    to decision; ``taken_in`` and ``given_out`` at the window; ``corrections``: cases of which I asked for papers
    (once and completely, 行政许可法 32(1)(4)); ``served`` tickets and the median of
    their ``minutes`` at the window; what people said of those cases."""

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
    corrections: int
    served: int
    minutes: float | None
    weeks: Sequence[Week]
    items: Sequence[tuple[Item, int]]

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

    kinds = [f"application.{verb}" for verb in (*DEEDS, "ask_correction")]
    mine_ = Event.objects.filter(kind__in=kinds, at__gte=since, by=person.username).order_by("-at")
    deeds = [
        (kind.partition(".")[2], number, at)
        for kind, number, at in mine_.values_list("kind", "number", "at")[:MOST]
    ]
    done = {verb: [number for v, number, _ in deeds if v == verb] for verb in (*DEEDS, "ask_correction")}
    taken, decided, given = (done[verb] for verb in DEEDS)
    tickets = list(
        Ticket.objects.filter(
            clerk=person.username, day__gte=first, state="finished", closed_at__isnull=False
        )
        .order_by("-day")
        .values_list("closed_at", "serve_seconds")[:MOST]
    )
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
        corrections=len(done["ask_correction"]),
        served=len(tickets),
        minutes=median(seconds / 60 for seconds in spent)
        if (spent := [s for _, s in tickets if s])
        else None,
        weeks=_weeks(first, today, deeds, [at for at, _ in tickets]),
        items=_most([*taken, *decided]),
    )


def _weeks(
    first: dt.date, today: dt.date, deeds: list[tuple[str, str, dt.datetime]], served: list[dt.datetime]
) -> list[Week]:
    """One line a week, the newest first; a week without anything is a line of zeros."""

    def monday(day: dt.date) -> dt.date:
        return day - dt.timedelta(days=day.weekday())

    by = Counter((verb, monday(at.astimezone(ZONE).date())) for verb, _, at in deeds)
    seen = Counter(monday(at.astimezone(ZONE).date()) for at in served)
    starts = [
        monday(today) - dt.timedelta(weeks=n) for n in range((monday(today) - monday(first)).days // 7 + 1)
    ]
    return [Week(max(w, first), *(by[verb, w] for verb in DEEDS), served=seen[w]) for w in starts]


def _most(numbers: list[str]) -> list[tuple[Item, int]]:
    """The items that these cases are of, the most frequent first; a case that I took in and decided counts once."""
    found = (
        Application.objects.filter(number__in=set(numbers))
        .values_list("item_version__item")
        .annotate(n=Count("pk"))
    )
    top = list(found.order_by("-n", "item_version__item")[:ITEMS])
    items = Item.objects.in_bulk([pk for pk, _ in top])
    return [(items[pk], n) for pk, n in top]
