"""Figures of issues. Really solved, lawful no and everything else stand apart and are never added into one rate."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.figures import Row, figure
from onewindow.catalog.models import Code
from onewindow.issues.models import FAMILIES, Issue, Outcome
from onewindow.org.calendar import ZONE
from onewindow.org.models import Office, Person, current_calendar
from onewindow.org.templatetags.ow import local

AGAIN = dt.timedelta(days=90)
MOST = 20_000  # ended issues whose days are looked at


@dataclass(frozen=True)
class Cause:
    """One bar of the Pareto: ``n`` issues with this cause, ``running`` the share of it and all before it."""

    code: str
    name: str
    n: int
    share: float
    running: float
    again: int


@dataclass(frozen=True)
class Owes:
    """Who owes: an office's open issues, those that are late, and since when the oldest has been late."""

    office: Any
    open: int
    late: int
    since: dt.datetime | None
    ended: int
    solved: int
    lawful_no: int
    days: float | None


@dataclass(frozen=True)
class Week:
    first: dt.date
    opened: int
    ended: int
    solved: int


@dataclass(frozen=True)
class Seen:
    """All that the page of figures shows of a span. ``joined``: duplicates that ended in another issue; they are counted with
    that one, and so in no other number of what ended."""

    opened: int
    ended: int
    joined: int
    still_open: int
    families: dict[str, int]
    other: Sequence[tuple[str, int]]
    days: dict[str, float | None]
    causes: Sequence[Cause]
    again: Sequence[Issue]
    offices: Sequence[Owes]
    weeks: Sequence[Week]
    asked_again: int
    still_right: int
    due_again: int
    reopened: int


def look(person: Person, first: dt.datetime, last: dt.datetime, origin: str = "") -> Seen:
    """Works everything out within what the person may see."""
    seen = Issue.objects.seen_by(person)
    if origin:
        seen = seen.filter(origin=origin)
    ended = seen.filter(closed_at__gte=first, closed_at__lt=last).exclude(outcome=Outcome.MERGED)
    joined = seen.filter(closed_at__gte=first, closed_at__lt=last, outcome=Outcome.MERGED).count()
    outcomes = dict(ended.order_by().values_list("outcome").annotate(n=Count("pk")))
    families = {name: sum(outcomes.get(o, 0) for o in of) for name, of in FAMILIES.items()}
    rows = list(
        ended.order_by("-closed_at").values_list("opened_at", "closed_at", "outcome", "office_id")[:MOST]
    )
    taken = [(working_days(opened, closed), outcome, office) for opened, closed, outcome, office in rows]
    again = back_again(seen, first, last)
    checked = seen.filter(rechecked_at__gte=first, rechecked_at__lt=last)
    return Seen(
        opened=seen.filter(opened_at__gte=first, opened_at__lt=last).count(),
        ended=sum(outcomes.values()),
        joined=joined,
        still_open=seen.open().count(),
        families=families,
        other=[(str(Outcome(o).label), outcomes[o]) for o in FAMILIES["other"] if o in outcomes],
        days={name: _median(d for d, o, _f in taken if o in of) for name, of in FAMILIES.items()},
        causes=pareto(ended, again),
        again=list(again.with_facts().order_by("-opened_at")[:20]),
        offices=who_owes(seen, ended, taken),
        weeks=weeks(seen, first, last),
        asked_again=checked.count(),
        still_right=checked.filter(is_still_right=True).count(),
        due_again=seen.filter(
            closed_at__isnull=False, recheck_at__lte=instant.now(), rechecked_at__isnull=True
        ).count(),
        reopened=ended.filter(reopened__gte=1).count(),
    )


def working_days(opened: dt.datetime, closed: dt.datetime) -> int:
    """Working days from the report to the end; the day of the report is not counted."""
    calendar = current_calendar()
    day, end, n = timezone.localdate(opened), timezone.localdate(closed), 0
    while day < end:
        day += dt.timedelta(days=1)
        n += calendar.is_working(day)
    return n


def _median(days: Iterable[int]) -> float | None:
    found = list(days)
    return float(median(found)) if found else None


def back_again(seen: QuerySet[Issue], first: dt.datetime, last: dt.datetime) -> Any:
    """九十日重发 — issues of the span whose item and cause had already been named by one that ended within 90 days before."""
    before = Issue.objects.filter(
        item=OuterRef("item"),
        cause=OuterRef("cause"),
        closed_at__lte=OuterRef("opened_at"),
        closed_at__gte=OuterRef("opened_at") - AGAIN,
    ).exclude(pk=OuterRef("pk"))
    named = seen.filter(opened_at__gte=first, opened_at__lt=last, item__isnull=False).exclude(cause="")
    return named.exclude(cause__in=("outside", "unfounded", "own")).filter(Exists(before))


def pareto(ended: QuerySet[Issue], again: QuerySet[Issue]) -> list[Cause]:
    """成因排列 — the causes of what ended, the most frequent first, with the share that adds up."""
    counts = list(
        ended.exclude(cause="")
        .order_by()
        .values_list("cause")
        .annotate(n=Count("pk"))
        .order_by("-n", "cause")
    )
    back = dict(again.order_by().values_list("cause").annotate(n=Count("pk")))
    names = {c.code: local(c) for c in Code.objects.filter(list="issue_cause")}
    total, running, rows = sum(n for _c, n in counts), 0, []
    for code, n in counts:
        running += n
        rows.append(Cause(code, names.get(code, code), n, n / total, running / total, back.get(code, 0)))
    return rows


def who_owes(
    seen: QuerySet[Issue], ended: QuerySet[Issue], taken: Sequence[tuple[int, str, int]]
) -> list[Owes]:
    """欠账 — the offices, the most late first."""
    late = Q(light__in=["yellow", "red"])
    rows = {
        r["office_id"]: r
        for r in seen.open().order_by().values("office_id").annotate(
            n=Count("pk"), late=Count("pk", filter=late), since=Min("due_at", filter=late)
        )
    }  # fmt: skip
    done = {
        r["office_id"]: r
        for r in ended.order_by().values("office_id").annotate(
            n=Count("pk"), solved=Count("pk", filter=Q(outcome="solved")), no=Count("pk", filter=Q(outcome="impossible"))
        )
    }  # fmt: skip
    days: dict[int, list[int]] = {}
    for d, _o, office in taken:
        days.setdefault(office, []).append(d)
    found = []
    for office in Office.objects.filter(pk__in={*rows, *done}).order_by("code"):
        r, e = rows.get(office.pk, {}), done.get(office.pk, {})
        found.append(
            Owes(office, r.get("n", 0), r.get("late", 0), r.get("since"), e.get("n", 0), e.get("solved", 0),
                 e.get("no", 0), _median(days.get(office.pk, [])))
        )  # fmt: skip
    return sorted(found, key=lambda o: (-o.late, -o.open, o.office.code))


def weeks(seen: QuerySet[Issue], first: dt.datetime, last: dt.datetime) -> list[Week]:
    """Week by week: opened, ended, really solved. A long span is shown by its last 26 weeks."""
    monday = timezone.localdate(max(first, last - dt.timedelta(weeks=26)))
    monday -= dt.timedelta(days=monday.weekday())
    since = dt.datetime.combine(monday, dt.time(), ZONE)

    def of(at: dt.datetime) -> dt.date:
        day = timezone.localdate(at)
        return day - dt.timedelta(days=day.weekday())

    opened = Tally(
        of(at)
        for at in seen.filter(opened_at__gte=since, opened_at__lt=last).values_list("opened_at", flat=True)
    )
    ends = [
        (of(at), o)
        for at, o in seen.filter(closed_at__gte=since, closed_at__lt=last)
        .exclude(outcome=Outcome.MERGED)
        .values_list("closed_at", "outcome")
    ]
    ended, solved = Tally(w for w, _o in ends), Tally(w for w, o in ends if o == Outcome.SOLVED)
    rows, week = [], monday
    while week <= timezone.localdate(last):
        rows.append(Week(week, opened[week], ended[week], solved[week]))
        week += dt.timedelta(days=7)
    return rows


# --- for the board and the API -----------------------------------------------------------------------------

GROUPS = {
    "office": ("office__code", "office__name"),
    "hall": ("hall__code", "hall__name"),
    "item": ("item__code", "item__name"),
    "channel": ("origin", "origin"),
    "status": ("status", "status"),
}


def _counted(column: str, good: Q | None = None) -> Any:
    def count(person: Person, start: dt.datetime, end: dt.datetime, by: str) -> Sequence[Row]:
        found = Issue.objects.seen_by(person).filter(**{f"{column}__gte": start, f"{column}__lt": end})
        if good is not None:
            found = found.exclude(outcome=Outcome.MERGED)
        sums: dict[str, Any] = {"n": Count("pk")} | (
            {} if good is None else {"good": Count("pk", filter=good)}
        )
        if not by:
            rows = [found.aggregate(**sums) | {"code": "", "name": ""}]
        else:
            code, name = GROUPS[by]
            rows = list(
                found.order_by().values(code=F(code)).annotate(name=Max(name), **sums).order_by("code")
            )
        return [
            Row(
                r["code"] or "",
                r["name"] or "",
                r["n"] if good is None else r["good"],
                None if good is None else r["n"],
            )
            for r in rows
        ]

    return count


figure(
    "issues_opened", _("Issues opened"), _("issues whose first day lies in the period"), _counted("opened_at")
)
figure(
    "issues_solved",
    _("Issues really solved"),
    _(
        "by the reporter's own word ÷ all that ended in the period; a lawful no is counted by itself,"
        " a duplicate with the issue that it was joined with"
    ),
    _counted("closed_at", Q(outcome=Outcome.SOLVED)),
    is_share=True,
)
figure(
    "issues_lawful_no",
    _("Issues with a lawful no"),
    _("lawfully impossible, with article and second signature ÷ all that ended in the period"),
    _counted("closed_at", Q(outcome=Outcome.IMPOSSIBLE)),
    is_share=True,
)
