"""总览: the leaders' figures. Every number carries the address of the list that it counts, so that nobody has to believe it.

Periods: today from midnight; "last 30 days" = today and the 29 days before. All of it is what one person may see.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onewindow.cases import desk, instant
from onewindow.exchange.models import Reuse
from onewindow.hall.figures import Heat
from onewindow.hall.figures import waits as hall_waits
from onewindow.hall.models import Ticket
from onewindow.org.calendar import ZONE, working_days_left
from onewindow.org.models import Office, Person, current_calendar
from onewindow.org.templatetags.ow import percent
from onewindow.voice import exact, rules
from onewindow.voice.figures import Verdict, verdicts_by_office
from onewindow.voice.models import Review
from onewindow.window.figures import ON_TIME, WITHIN_LAW
from onewindow.window.models import Application
from onewindow.window.spared import SPARED

DAYS = 30
WEEK = dt.timedelta(days=7)
LIGHTS = ("green", "amber", "yellow", "red", "stopped")
#: As many as somebody can look into before lunch.
MOST_URGENT = 10


def listed(show: str, **filters: Any) -> str:
    """The address of the list on the desk."""
    return f"{reverse('desk')}?{urlencode({'show': show} | {k: v for k, v in filters.items() if v})}"


@dataclass(frozen=True)
class Number:
    """A number and the address of exactly the cases that it counts."""

    n: int
    url: str


@dataclass(frozen=True)
class Tile:
    """A number large enough for a leader: what it is, how it is counted, over which time, out of how many."""

    code: str
    label: str
    number: Number
    formula: str
    period: str
    share: str = ""
    sub: str = ""
    parts: Sequence[tuple[str, Number]] = ()
    tone: str = ""


@dataclass(frozen=True)
class Line:
    """One department: what is open and how it stands, how it kept its word, what people said."""

    office: Office
    open: Number
    lights: dict[str, Number]
    late_days: int
    decided: Number
    late: Number
    said: Verdict
    reviews: Number
    bad: Number

    @property
    def on_time(self) -> float | None:
        return 1 - self.late.n / self.decided.n if self.decided.n else None

    @property
    def percent(self) -> float:
        return round(100 * (self.on_time or 0), 1)


@dataclass(frozen=True)
class Urgent:
    """A case past its promise: working days over, and the light."""

    case: Application
    days: int
    light: str


@dataclass(frozen=True)
class Sums:
    """What the aggregate queries found, department by department."""

    opened: dict[int, dict[str, Any]]
    decided: dict[int, dict[str, Any]]
    open: dict[int, dict[str, Any]]

    def all(self, part: str, name: str) -> int:
        return sum(row[name] for row in getattr(self, part).values())


class Overview:
    """The figures of one person at one instant. Reads only what is asked of it; each part is read once."""

    def __init__(self, person: Person):
        self.person = person
        self.as_of = instant.now().astimezone(ZONE)
        self.day = self.as_of.date()
        self.midnight = dt.datetime.combine(self.day, dt.time(), ZONE)
        self.first = self.day - dt.timedelta(days=DAYS - 1)
        self.cases = Application.objects.seen_by(person)

    @cached_property
    def sums(self) -> Sums:
        """Three grouped queries: opened and decided within the period (by their indexes), and what is open."""
        start = self.midnight - dt.timedelta(days=DAYS - 1)
        last_week = Q(opened_at__gte=self.midnight - WEEK)
        opened = {
            "today": Count("pk", filter=Q(opened_at__gte=self.midnight)),
            "then": Count("pk", filter=last_week & Q(opened_at__lt=self.as_of - WEEK)),
            "that_day": Count(
                "pk", filter=last_week & Q(opened_at__lt=self.midnight - WEEK + dt.timedelta(1))
            ),
            "deemed": Count("pk", filter=Q(is_deemed=True)),
        }
        decided = {
            "n": Count("pk"),
            "today": Count("pk", filter=Q(decided_at__gte=self.midnight)),
            "spot": Count("pk", filter=Q(item_version__case_kind="IMMEDIATE")),
            "late": Count("pk", filter=~ON_TIME),
            "past_law": Count("pk", filter=~WITHIN_LAW),
        }
        standing: dict[str, Any] = {name: Count("pk", filter=desk.LIGHTS[name]) for name in (*LIGHTS, "late")}
        standing |= {"n": Count("pk"), "oldest": Min("due_at", filter=desk.LIGHTS["late"])}
        return Sums(
            _by_office(self.cases.filter(opened_at__gte=start), opened),
            _by_office(self.cases.filter(decided_at__gte=start), decided),
            _by_office(self.cases.open(), standing),
        )

    def of_period(self, **filters: Any) -> str:
        """The list of the cases decided within the last 30 days."""
        return listed(desk.ALL, decided_from=self.first, decided_to=self.day, **filters)

    # --- tiles ---------------------------------------------------------------------------------------------

    @cached_property
    def tiles(self) -> list[Tile]:
        return [
            self._received(),
            self._decided(),
            self._open(),
            self._late(),
            *self._shares(),
            self._deemed(),
            self._spared(),
        ]

    def _received(self) -> Tile:
        n, then, that_day = (self.sums.all("opened", name) for name in ("today", "then", "that_day"))
        before = self.day - WEEK
        return Tile(
            "received",
            _("Received today"),
            Number(n, listed(desk.ALL, opened_from=self.day, opened_to=self.day)),
            _("Applications opened since midnight, whatever became of them."),
            pgettext("period", "today"),
            sub=_("%(n)d by this time a week ago") % {"n": then},
            parts=[
                (
                    _("that whole day"),
                    Number(that_day, listed(desk.ALL, opened_from=before, opened_to=before)),
                )
            ],
        )

    def _decided(self) -> Tile:
        url = listed(desk.ALL, decided_from=self.day, decided_to=self.day)
        return Tile(
            "decided",
            _("Decided today"),
            Number(self.sums.all("decided", "today"), url),
            _("Decisions to grant or to refuse made since midnight, those on the spot among them."),
            pgettext("period", "today"),
        )

    def _open(self) -> Tile:
        amber = Number(self.sums.all("open", "amber"), listed(desk.OPEN, light="amber"))
        stopped = Number(self.sums.all("open", "stopped"), listed(desk.OPEN, light="stopped"))
        return Tile(
            "open",
            _("Open now"),
            Number(self.sums.all("open", "n"), listed(desk.OPEN)),
            _(
                "Cases not ended yet: received, being corrected, examined, suspended, or decided and not handed over."
            ),
            _("at this moment"),
            parts=[(_("due soon"), amber), (_("standing still"), stopped)],
        )

    def _late(self) -> Tile:
        n, red = self.sums.all("open", "late"), self.sums.all("open", "red")
        return Tile(
            "late",
            _("Overdue now"),
            Number(n, listed(desk.OPEN, light="late")),
            _(
                "Open cases whose running limit has passed: the promised day (yellow) or the lawful one (red)."
            ),
            _("at this moment"),
            parts=[(_("past the statute"), Number(red, listed(desk.OPEN, light="red")))],
            tone="red" if red else "amber" if n else "green",
        )

    def _shares(self) -> list[Tile]:
        n, spot = self.sums.all("decided", "n"), self.sums.all("decided", "spot")
        late, past = self.sums.all("decided", "late"), self.sums.all("decided", "past_law")
        sub = _("%(n)d on the spot among them") % {"n": spot}
        undecided = _("What is overdue and not decided yet is not in here: see “Overdue now”.")
        law = _("Decided not after the lawful day ÷ all decided.")
        promise = _("Decided not after the promised day ÷ all decided.")
        return [
            Tile(
                "on_time",
                _("On time as promised"),
                Number(n, self.of_period()),
                f"{promise} {undecided}",
                _("last 30 days"),
                share=percent(1 - late / n if n else None),
                sub=sub,
                parts=[(_("late"), Number(late, self.of_period(kept="late")))],
                tone="amber" if late else "",
            ),
            Tile(
                "within_law",
                _("Within the statute"),
                Number(n, self.of_period()),
                f"{law} {undecided}",
                _("last 30 days"),
                share=percent(1 - past / n if n else None),
                parts=[(_("past the statute"), Number(past, self.of_period(kept="past_law")))],
                tone="red" if past else "",
            ),
        ]

    def _deemed(self) -> Tile:
        n = self.sums.all("opened", "deemed")
        url = listed(desk.ALL, opened_from=self.first, opened_to=self.day, kept="deemed")
        return Tile(
            "deemed",
            _("Deemed accepted"),
            Number(n, url),
            _(
                "Opened in the period, and accepted by law because nobody had given notice in time (行政许可法 32)."
            ),
            _("last 30 days"),
            tone="amber" if n else "",
        )

    def _spared(self) -> Tile:
        start = self.midnight - dt.timedelta(days=DAYS - 1)
        of_period = self.cases.filter(SPARED, opened_at__gte=start).order_by()
        papers = Reuse.objects.filter(number__in=of_period.values("number")).count()
        url = listed(desk.ALL, opened_from=self.first, opened_to=self.day, kept="spared")
        return Tile(
            "spared",
            _("Spared a paper"),
            Number(of_period.count(), url),
            _(
                "Opened in the period, with at least one paper taken from the library or a register instead of the applicant."
            ),
            _("last 30 days"),
            sub=_("%(n)d papers not asked for again") % {"n": papers},
        )

    # --- departments and reviews ---------------------------------------------------------------------------

    @cached_property
    def _said(self) -> dict[int, Verdict]:
        end = self.midnight + dt.timedelta(days=1)
        start = end - dt.timedelta(days=DAYS)
        if rules.sees_all_reviews(self.person):  # by the sums, as far as nothing changes them any more
            found = exact.verdicts_by("office", start, end)
        else:
            found = verdicts_by_office(Review.objects.seen_by(self.person), self.cases, start, end)
        return {office.pk: verdict for office, verdict in found}

    @cached_property
    def said(self) -> Verdict:
        """What people said, over all departments."""
        rows = self._said.values()
        n, good, bad, reached = (
            sum(getattr(v, x) for v in rows) for x in ("n", "good", "bad", "touchpoints")
        )
        return Verdict(n, good, bad, mean=None, touchpoints=reached)

    def _reviews(self, said: Verdict, office: str = "") -> tuple[Number, Number]:
        """All reviews of the period, and the low marks among them."""
        days = {"since": self.first, "until": self.day} | ({"office": office} if office else {})
        url = f"{reverse('reviews')}?{urlencode(days)}"
        return Number(said.n, f"{url}&show=all"), Number(said.bad, url)

    @property
    def reviews(self) -> Number:
        return self._reviews(self.said)[0]

    @property
    def bad(self) -> Number:
        return self._reviews(self.said)[1]

    @cached_property
    def departments(self) -> list[Line]:
        """Those with the most overdue cases first."""
        keys = {*self.sums.opened, *self.sums.decided, *self.sums.open, *self._said}
        offices = Office.objects.in_bulk(keys)
        lines = [self._line(office) for office in offices.values()]
        return sorted(
            lines,
            key=lambda x: (-x.lights["red"].n, -x.lights["yellow"].n, -x.late.n, -x.open.n, x.office.code),
        )

    def _line(self, office: Office) -> Line:
        none = dict.fromkeys(("n", "late", "today", *LIGHTS), 0) | {"oldest": None}
        now, done = self.sums.open.get(office.pk, none), self.sums.decided.get(office.pk, none)
        code, said = office.code, self._said.get(office.pk, Verdict(0, 0, 0, None, 0))
        reviews, bad = self._reviews(said, code)
        return Line(
            office=office,
            open=Number(now["n"], listed(desk.OPEN, office=code)),
            lights={name: Number(now[name], listed(desk.OPEN, light=name, office=code)) for name in LIGHTS},
            late_days=self._days_over(now["oldest"]) if now["oldest"] else 0,
            decided=Number(done["n"], self.of_period(office=code)),
            late=Number(done["late"], self.of_period(kept="late", office=code)),
            said=said,
            reviews=reviews,
            bad=bad,
        )

    @property
    def reviewed(self) -> list[Line]:
        """Departments about which something was, or could have been said; most reviews first."""
        return sorted(
            (x for x in self.departments if x.said.touchpoints or x.said.n), key=lambda x: -x.said.n
        )

    @property
    def lowest(self) -> list[Line]:
        """Departments that decided anything in the period, the least punctual first."""
        lines = [x for x in self.departments if x.decided.n]
        return sorted(lines, key=lambda x: (x.on_time, -x.decided.n, x.office.code))

    # --- what cannot wait ----------------------------------------------------------------------------------

    def _days_over(self, due: dt.datetime) -> int:
        return max(1, -working_days_left(self.as_of, due, current_calendar()))

    @cached_property
    def waits(self) -> Heat:
        """Do people wait too long? p50 and p90 by hall and hour, last seven days."""
        end = dt.datetime.combine(timezone.localdate(instant.now()), dt.time(), ZONE) + dt.timedelta(days=1)
        return hall_waits(Ticket.objects.seen_by(self.person), end - WEEK, end)

    @cached_property
    def urgent(self) -> list[Urgent]:
        """The overdue cases, longest first."""
        late = self.cases.filter(desk.LIGHTS["late"]).open().soonest_first().with_facts()[:MOST_URGENT]
        return [Urgent(a, self._days_over(a.due_at), a.light) for a in late]

    # --- the course of the day -----------------------------------------------------------------------------

    @cached_property
    def today(self) -> list[tuple[dt.datetime, int, int]]:
        """When, in which hall and for which item people came today."""
        rows = self.cases.filter(opened_at__gte=self.midnight).order_by("opened_at")
        return list(rows.values_list("opened_at", "hall_id", "item_id"))

    @cached_property
    def hours(self) -> list[tuple[int, int, int]]:
        """Hour, received today, received on the same weekday last week; opening hours and any other that had some."""
        end = self.midnight - WEEK + dt.timedelta(days=1)
        before = self.cases.filter(opened_at__gte=self.midnight - WEEK, opened_at__lt=end)
        now = Tally(at.astimezone(ZONE).hour for at, *_rest in self.today)
        then = Tally(at.astimezone(ZONE).hour for at in before.order_by().values_list("opened_at", flat=True))
        some = {*range(8, 18), *now, *then}
        return [(h, now[h], then[h]) for h in range(min(some), max(some) + 1)]


def _by_office(cases: Any, sums: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {row.pop("office"): row for row in cases.order_by().values("office").annotate(**sums)}
