"""每周复盘: each Monday the "no"s of the week before are looked at, and somebody of the bureau signs what comes of it.

The counts are read live from the "no"s themselves; a week's row says that the people were told, its review who signed it. A week
without a review is shown as unsigned for as long as nobody signs.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.cases.flow import StepRefused
from onewindow.cases.ladder import holders
from onewindow.cases.notices import say, tell
from onewindow.cases.rounds import every_turn
from onewindow.cases.rules import Reason
from onewindow.catalog.models import Item
from onewindow.issues.models import Issue, NoWeek, Prevention, Refusal, WeekReview
from onewindow.org.calendar import ZONE
from onewindow.org.models import Office, Person, current_calendar
from onewindow.org.roles import Role

OPENS = dt.time(8, 30)
#: weeks that a worker which did not run makes up for, and that the page lists
BACK = 12
say(
    "week.review",
    _("Week of %(week)s: %(n)s times “no”, %(became)s became issues. Please review and sign it"),
    "ban",
)
say("week.heads", _("Week of %(week)s: %(n)s times “no” for your items, %(became)s became issues"), "ban")


def monday_of(day: dt.date) -> dt.date:
    return day - dt.timedelta(days=day.weekday())


def last_monday() -> dt.date:
    """Of the newest week that is over."""
    return monday_of(timezone.localdate(instant.now())) - dt.timedelta(days=7)


def span(monday: dt.date) -> tuple[dt.datetime, dt.datetime]:
    first = dt.datetime.combine(monday, dt.time(), ZONE)
    return first, first + dt.timedelta(days=7)


# --- the week in figures -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """One reason, or one item, of a week, beside the week before."""

    key: Any
    n: int
    before: int
    became: int


@dataclass(frozen=True)
class Survey:
    """A week as somebody may see it."""

    monday: dt.date
    n: int
    before: int
    became: int
    reasons: Sequence[Line]
    items: Sequence[Line]
    causes: Sequence[tuple[str, int]]

    @property
    def sunday(self) -> dt.date:
        return self.monday + dt.timedelta(days=6)


def survey(found: QuerySet[Refusal], issues: QuerySet[Issue], monday: dt.date) -> Survey:
    """Counts the "no"s of a week among those given: by reason and by item, what became issues, and why those were, as far as
    these ``issues`` may be seen."""
    now, past = found.between(*span(monday)), found.between(*span(monday - dt.timedelta(days=7)))
    became = _became(now)
    mine = issues.filter(origin="refusal", source__in=[code for code, _r, _i in became])
    causes = mine.exclude(cause="").order_by().values_list("cause").annotate(n=Count("pk"))
    return Survey(
        monday,
        now.count(),
        past.count(),
        len(became),
        _lines("reason", now, past, Tally(reason for _c, reason, _i in became)),
        _lines("item_id", now, past, Tally(item for _c, _r, item in became)),
        sorted(causes, key=lambda row: (-row[1], row[0])),
    )


def _became(found: QuerySet[Refusal]) -> list[tuple[str, str, int]]:
    """Code, reason and item of those that became issues."""
    rows = {
        code: (code, reason, item) for code, reason, item in found.values_list("code", "reason", "item_id")
    }
    sources = Issue.objects.filter(origin="refusal", source__in=list(rows)).values_list("source", flat=True)
    return [rows[source] for source in sources]


def _lines(name: str, now: QuerySet[Refusal], past: QuerySet[Refusal], became: Tally[Any]) -> list[Line]:
    counts = dict(now.order_by().values_list(name).annotate(n=Count("pk")))
    before = dict(past.order_by().values_list(name).annotate(n=Count("pk")))
    lines = [Line(key, n, before.get(key, 0), became[key]) for key, n in counts.items()]
    return sorted(lines, key=lambda row: (-row.n, str(row.key)))


def items_of(lines: Sequence[Line]) -> QuerySet[Item]:
    """The items of the lines by item."""
    return Item.objects.filter(pk__in=[row.key for row in lines])


# --- Monday morning ----------------------------------------------------------------------------------------


@every_turn
def call(limit: int = 200) -> int:
    """周一提醒 — on the first working morning of a week the bureau is told of the week before, and each head of what was
    said about the own items. Once a week, whoever runs; weeks that nobody called for are made up for without a word."""
    now = timezone.localtime(instant.now(), ZONE)
    if now.time() < OPENS or not current_calendar().is_working(now.date()):
        return 0
    last = monday_of(now.date()) - dt.timedelta(days=7)
    if NoWeek.objects.filter(monday=last).exists():
        return 0
    first = Refusal.objects.order_by("at").values_list("at", flat=True).first()
    if first is None:
        return 0
    for back in range(BACK, -1, -1):
        week = last - dt.timedelta(days=7 * back)
        if week >= monday_of(timezone.localdate(first)):
            _call(week, is_told=week == last)
    return 1


def _call(week: dt.date, *, is_told: bool) -> None:
    seen = survey(Refusal.objects.all(), Issue.objects.all(), week)
    row = NoWeek(monday=week, told_at=instant.now(), n=seen.n, became=seen.became)
    try:
        with transaction.atomic():
            if NoWeek.objects.filter(monday=week).exists():
                return
            row.save(force_insert=True)
            if is_told and seen.n:
                _tell(seen)
    except IntegrityError:  # another worker was faster
        return


def _tell(seen: Survey) -> None:
    key, url = seen.monday.isoformat(), f"/desk/issues/no/week/?week={seen.monday.isoformat()}"
    facts = {"week": key, "n": seen.n, "became": seen.became}
    tell(holders(Role.BUREAU), "week.review", key=key, url=url, **facts)
    offices = dict(Item.objects.filter(pk__in=[row.key for row in seen.items]).values_list("pk", "office_id"))
    for office in Office.objects.filter(pk__in=set(offices.values())).order_by("pk"):
        mine = [row for row in seen.items if offices[row.key] == office.pk]
        facts = {"week": key, "n": sum(r.n for r in mine), "became": sum(r.became for r in mine)}
        tell(holders(Role.HEAD, office), "week.heads", key=f"{key} {office.code}", url=url, **facts)


# --- the review --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Week:
    """One of the weeks behind us: how many, and who has signed it."""

    monday: dt.date
    n: int
    became: int
    review: WeekReview | None

    @property
    def owes(self) -> bool:
        """Nobody has signed a week in which people were told no."""
        return bool(self.n) and self.review is None


def weeks() -> list[Week]:
    """The weeks that were called for, newest first, with their reviews; counted as they stand now, like the week itself: a slip
    may be scanned, and a refusal written down, after the Monday. Three queries."""
    rows = list(NoWeek.objects.order_by("-monday").select_related("review__signed_by")[:BACK])
    if not rows:
        return []
    found = Refusal.objects.filter(at__gte=span(rows[-1].monday)[0], at__lt=span(rows[0].monday)[1])
    mondays = {code: monday_of(timezone.localdate(at, ZONE)) for code, at in found.values_list("code", "at")}
    began = Issue.objects.filter(origin="refusal", source__in=found.values("code"))
    sources = began.values_list("source", flat=True)
    n = Tally(mondays.values())
    became = Tally(mondays[s] for s in sources if s in mondays)  # another may have come meanwhile
    return [Week(w.monday, n[w.monday], became[w.monday], getattr(w, "review", None)) for w in rows]


def unsigned() -> int:
    """How many weeks wait for their signature."""
    return sum(w.owes for w in weeks())


def why_not(monday: dt.date, by: Person) -> Reason | None:
    """Whether this person may sign the review of a week now: somebody of the bureau, once, after the week is over."""
    if not by.has_role(Role.BUREAU):
        return Reason("only_bureau", _("Somebody of the bureau signs the review."), "not_allowed")
    week = NoWeek.objects.filter(monday=monday).select_related("review").first()
    if week is None:
        return Reason("not_over", _("This week is not over, or nobody was told no before it."))
    if hasattr(week, "review"):
        return Reason("signed", _("This week has been signed."))
    return None


def sign(monday: dt.date, *, by: Person, words: str, decisions: Sequence[dict[str, str]]) -> WeekReview:
    """复盘签字 — what was seen and what is to be changed: each decision a prevention, its item and a few words. Never changed."""
    if reason := why_not(monday, by):
        raise StepRefused(reason)
    week = NoWeek.objects.get(monday=monday)
    try:
        with transaction.atomic():
            return WeekReview.objects.create(
                week=week, at=instant.now(), signed_by=by, words=words, decisions=list(decisions)
            )
    except IntegrityError as twice:
        raise StepRefused(Reason("signed", _("This week has been signed."))) from twice


@dataclass(frozen=True)
class Decision:
    """What was decided; of a change of a guide, whether it has been published since."""

    kind: Any
    item: Item | None
    text: str
    is_done: bool


def decisions_of(review: WeekReview) -> list[Decision]:
    codes = [d["item"] for d in review.decisions if d.get("item")]
    items = {i.code: i for i in Item.objects.filter(code__in=codes).select_related("current")}
    found = []
    for said in review.decisions:
        item = items.get(said.get("item", ""))
        published = item.current.published_at if item and item.current else None
        done = said["kind"] == Prevention.GUIDE and bool(published and published > review.at)
        found.append(Decision(Prevention(said["kind"]).label, item, said["text"], done))
    return found
