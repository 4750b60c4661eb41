"""差评: the reviews, those of one and two stars first, each beside what the system itself knows of the matter.

Several of the national indicators can be held against facts (rules 2.3): late against the promise (209) or the statute
(110), and how often the person had to come (114). The facts decide nothing; they spare the first question.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from onewindow.cases import instant
from onewindow.cases.models import Event
from onewindow.issues import opening
from onewindow.org.calendar import ZONE
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.voice import figures, rules
from onewindow.voice.facts import late
from onewindow.voice.models import Indicator, Review
from onewindow.window.models import Application
from onewindow.window.spared import VISITS

PAGE = 20
#: A telephone or identity number in a text would tell the reviewed hall who wrote it.
DIGITS = re.compile(r"(?<!\d)\d[\d\- ]{5,}[\dXx]")


@dataclass(frozen=True)
class Reason:
    """A chosen indicator; ``holds`` says whether the system's facts bear it out (None: it knows nothing about it)."""

    code: str
    indicator: Indicator | None
    holds: bool | None


@dataclass(frozen=True)
class Line:
    """One review in the list. ``case`` is given only to those who may know whose it is."""

    review: Review
    item: Application
    case: Application | None
    clerk: Person | None
    text: str
    reasons: Sequence[Reason]
    late_promise: bool
    late_law: bool
    visits: int
    visits_promised: int
    issue: str


#: A filter in the address, and the same fact of a review and of an application.
KEYS = {
    "hall": ("hall__code", "hall__code"),
    "office": ("office__code", "office__code"),
    "item": ("item_code", "item__code"),
}


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZONE)


def period(asked: Mapping[str, Any]) -> tuple[dt.datetime, dt.datetime]:
    """First instant of the period, and the first one after it. A typed day goes before the choice of a span."""
    until = asked.get("until") or timezone.localdate(instant.now())
    since = asked.get("since") or until - dt.timedelta(days=int(asked.get("days", 30)))
    return _midnight(since), _midnight(until + dt.timedelta(days=1))


def find(person: Person, asked: Mapping[str, Any], *, everything: bool = False) -> QuerySet[Review]:
    """The low marks (or all reviews) that were asked for, newest first, within what the person may see."""
    start, end = period(asked)
    found = Review.objects.seen_by(person).by_hall_or_office().filter(at__gte=start, at__lt=end)
    wanted = {KEYS[name][0]: value for name, value in asked.items() if name in KEYS}
    wanted |= {name: asked[name] for name in ("level", "touchpoint") if name in asked}
    return (found.active() if everything else found.bad()).filter(**wanted).order_by("-at", "-id")


def verdict(person: Person, asked: Mapping[str, Any]) -> figures.Verdict:
    """All that was said in the period, at every level, over the same halls, departments, items and touchpoint."""
    more = {name: value for name, value in asked.items() if name != "level"}
    cases = Application.objects.all()
    if not rules.sees_all_reviews(person):
        mine = Q(hall_id__in=person.halls_as(Role.HALL_MANAGER))
        cases = cases.filter(mine | Q(office_id__in=person.offices_as(Role.HEAD)))
    cases = cases.filter(**{KEYS[name][1]: value for name, value in asked.items() if name in KEYS})
    said = find(person, more, everything=True)
    return figures.verdict(said, cases, *period(asked), touchpoint=asked.get("touchpoint", ""))


def page(found: QuerySet[Review], cursor: str) -> tuple[list[Review], str]:
    """One page after the cursor (the instant and key of the last line before it), and the next cursor or nothing."""
    value, _sep, key = cursor.partition("~")
    if key.isdigit() and len(key) < 19:
        try:
            at = dt.datetime.fromisoformat(value)
        except ValueError:
            at = None
        if at and at.tzinfo:
            found = found.filter(at__lte=at).exclude(at=at, id__gte=int(key))
    rows = list(found[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], f"{last.at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{last.pk}" if last else ""


def lines(rows: Iterable[Review], person: Person) -> list[Line]:
    """The reviews with their facts: five queries, however many there are."""
    rows = list(rows)
    numbers = {r.number for r in rows}
    cases = {a.number: a for a in Application.objects.filter(number__in=numbers).with_facts()}
    indicators = {i.code: i for i in Indicator.objects.published()} if rows else {}
    clerks = {p.username: p for p in Person.objects.filter(username__in={r.clerk for r in rows if r.clerk})}
    came = Event.objects.filter(number__in=numbers, kind__in=VISITS).exclude(by="applicant")
    days = {(n, timezone.localdate(at)) for n, at in came.order_by().values_list("number", "at")}
    visits = Tally(n for n, _day in days)  # several events of one day are one visit
    known = rules.knows_reviewers(person)
    issues = opening.of_reviews(rows, person) if rows else {}
    return [
        _line(
            r, cases[r.number], clerks.get(r.clerk), visits[r.number], indicators, known,
            issues.get(opening.review_source(r.number, r.touchpoint), ""),
        )
        for r in rows
    ]  # fmt: skip


def _line(
    r: Review,
    a: Application,
    clerk: Person | None,
    visits: int,
    indicators: dict[str, Indicator],
    known: bool,
    issue: str,
) -> Line:
    promised = a.item_version.visit_count or 1
    facts = late(a, r.at) | {"visits": visits > promised}
    chosen = [(code, indicators.get(code)) for code in r.codes]
    return Line(
        review=r,
        item=a,
        case=a if known else None,
        clerk=clerk,
        text=r.text if known else DIGITS.sub("……", r.text),
        reasons=[Reason(code, i, facts.get(i.fact) if i and i.fact else None) for code, i in chosen],
        late_promise=facts["late_promise"],
        late_law=facts["late_law"],
        visits=visits,
        visits_promised=promised,
        issue=issue,
    )
