"""差评: the reviews, those of one and two stars first, each beside what the system itself knows of the matter.

Beside each stands what came after it (a change, a second review, a reply, a ruling), so that nothing of it can be hidden.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from onewindow.cases import instant
from onewindow.issues import opening
from onewindow.org.calendar import ZONE
from onewindow.org.fields import moment_of
from onewindow.org.models import Person
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice import exact, facts, figures, rules
from onewindow.voice.facts import Facts
from onewindow.voice.models import Indicator, Review
from onewindow.voice.records import Exclusion
from onewindow.window.models import Application

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
    facts: Facts
    issue: str = ""
    was: Review | None = None
    exclusion: Exclusion | None = None


#: What the list can show: all that counts (low marks of it, or every level), second reviews, those that were changed (the
#: first and what became of it), and those left out of the figures after an appeal.
SHOWS = ("", "all", "second", "changed", "excluded")


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


def find(person: Person, asked: Mapping[str, Any], *, show: str = "") -> QuerySet[Review]:
    """The low marks (or another of :data:`SHOWS`) that were asked for, newest first, within what the person may see."""
    start, end = period(asked)
    seen = Review.objects.seen_by(person)
    found = {
        "all": seen.counted,
        "second": lambda: seen.standing().filter(nth=2),
        "changed": lambda: seen.standing().filter(replaces__isnull=False),
        "excluded": lambda: seen.standing().filter(exclusion__isnull=False),
    }.get(show, seen.bad)()
    found = found.by_hall_or_office().filter(at__gte=start, at__lt=end)
    wanted = {KEYS[name][0]: value for name, value in asked.items() if name in KEYS}
    wanted |= {name: asked[name] for name in ("level", "touchpoint") if name in asked}
    return found.filter(**wanted).order_by("-at", "-id")


def verdict(person: Person, asked: Mapping[str, Any]) -> figures.Verdict:
    """All that was said in the period, at every level, over the same halls, departments, items and touchpoint."""
    more = {name: value for name, value in asked.items() if name != "level"}
    things = [name for name in KEYS if name in asked]
    if rules.sees_all_reviews(person) and "touchpoint" not in asked and len(things) < 2:
        kind = things[0] if things else "city"
        return exact.verdict(*period(asked), kind, asked[kind] if things else "")
    cases = Application.objects.all()
    if not rules.sees_all_reviews(person):
        mine = Q(hall_id__in=person.halls_as(Role.HALL_MANAGER))
        cases = cases.filter(mine | Q(office_id__in=person.offices_as(Role.HEAD)))
    cases = cases.filter(**{KEYS[name][1]: value for name, value in asked.items() if name in KEYS})
    said = find(person, more, show="all")
    return figures.verdict(said, cases, *period(asked), touchpoint=asked.get("touchpoint", ""))


def page(found: QuerySet[Review], cursor: str) -> tuple[list[Review], str]:
    """One page after the cursor (the instant and key of the last line before it), and the next cursor or nothing."""
    value, _sep, key = cursor.partition("~")
    if key.isdigit() and len(key) < 19:
        if at := moment_of(value):
            found = found.filter(at__lte=at).exclude(at=at, id__gte=int(key))
    rows = list(found[: PAGE + 1])
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], f"{last.at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{last.pk}" if last else ""


def lines(rows: Iterable[Review], person: Person) -> list[Line]:
    """The reviews with their facts: six queries, however many there are."""
    rows = list(rows)
    numbers = {r.number for r in rows}
    cases = {a.number: a for a in Application.objects.filter(number__in=numbers).with_facts()}
    indicators = {i.code: i for i in Indicator.objects.published()} if rows else {}
    clerks = {p.username: p for p in Person.objects.filter(username__in={r.clerk for r in rows if r.clerk})}
    known = rules.knows_reviewers(person)
    held = facts.of(rows, cases)
    issues = opening.of_reviews(rows, person) if rows else {}
    return [
        _line(
            r, cases[r.number], clerks.get(r.clerk), held[r.pk], indicators, known,
            issues.get(opening.review_source(r.number, r.touchpoint), ""),
        )
        for r in rows
    ]  # fmt: skip


def hidden(text: str) -> str:
    """A text without the numbers that would tell who wrote it."""
    return DIGITS.sub("……", text)


def _line(
    r: Review,
    a: Application,
    clerk: Person | None,
    held: Facts,
    indicators: dict[str, Indicator],
    known: bool,
    issue: str,
) -> Line:
    chosen = [(code, indicators.get(code)) for code in r.codes]
    return Line(
        review=r,
        item=a,
        case=a if known else None,
        clerk=clerk,
        text=r.text if known else hidden(r.text),
        reasons=[Reason(code, i, held.holds(i.fact) if i and i.fact else None) for code, i in chosen],
        facts=held,
        issue=issue,
        was=r.replaces,
        exclusion=getattr(r, "exclusion", None),
    )


def names() -> dict[str, str]:
    """Code → words of every indicator that ever was in force, for reviews that say no more than the codes."""
    return {i.code: local(i) for i in Indicator.objects.all()}


def named(codes: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """The reasons that somebody chose, in words; a code that no list knows stands as it is."""
    return [known.get(code, code) for code in codes]
