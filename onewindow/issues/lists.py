"""The list of issues, the board of columns, and the list of what was refused: one query each, whatever they hold."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from onewindow.cases import desk, instant
from onewindow.issues import origins
from onewindow.issues.models import FAMILIES, Issue, Refusal, Status
from onewindow.org.calendar import ZONE
from onewindow.org.models import Person

PAGE = 50
#: cards of one column, and the weeks that the last one goes back
CARDS, ENDED = 15, dt.timedelta(days=14)
S = Status
#: columns of the board, left to right: code, head, statuses
COLUMNS: Sequence[tuple[str, Any, tuple[str, ...]]] = (
    ("new", _("To be assigned or contacted"), (S.REGISTERED, S.ASSIGNED)),
    ("verify", _("To be verified"), (S.CONTACTED,)),
    ("work", _("Being put right"), (S.WORKING, S.ASKED)),
    ("decide", _("Panel or second signature"), (S.APPEALED, S.SIGNING)),
    ("call", _("To be called back"), (S.REPLIED,)),
    ("done", _("Ended, last two weeks"), (S.CLOSED,)),
)


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), ZONE)


def find(person: Person, asked: Mapping[str, Any], *, show: str) -> QuerySet[Issue]:
    """The issues that were asked for, within what the person may see: ``open`` the earliest promise first, ``again`` those
    of the sample whose 28 days are over and who were not asked yet, ``all`` the newest first."""
    found = Issue.objects.seen_by(person).with_facts()
    for name, column in (
        ("origin", "origin"),
        ("status", "status"),
        ("office", "office__code"),
        ("cause", "cause"),
    ):
        if name in asked:
            found = found.filter(**{column: asked[name]})
    if text := asked.get("q"):
        found = found.filter(_meant(text))
    if light := asked.get("light"):
        found = found.filter(desk.LIGHTS[light])
    if family := asked.get("family"):
        found = found.filter(outcome__in=FAMILIES.get(family, (family,)))
    if "opened_from" in asked:
        found = found.filter(opened_at__gte=midnight(asked["opened_from"]))
    if "opened_to" in asked:
        found = found.filter(opened_at__lt=midnight(asked["opened_to"] + dt.timedelta(days=1)))
    if show == "open":
        return found.open().order_by(F("due_at").asc(nulls_last=True), "id")
    if show == "again":
        due = found.filter(closed_at__isnull=False, recheck_at__lte=instant.now(), rechecked_at__isnull=True)
        return due.order_by("recheck_at", "id")
    return found.order_by("-opened_at", "-id")


def _meant(text: str) -> Q:
    """Its number or that of the system that sent it, the item by name or code, or what was said. No digits are looked for in
    what was said: they would tell a unit by whose telephone it was written."""
    bare = re.sub(r"[\s\-–—]", "", text).upper()
    if re.fullmatch(r"Q?\d{4,13}[0-9A-Z]?", bare):
        return Q(number__contains=bare) | Q(origin__in=origins.RELAYED, source=text.strip())
    words = Q(item__name__icontains=text) | Q(item__code__iexact=text.strip())
    words |= Q(origin__in=origins.RELAYED, source=text.strip())
    return words if re.search(r"\d", text) else words | Q(text__icontains=text)


def page(found: QuerySet[Any], cursor: str, size: int = PAGE) -> tuple[list[Any], str]:
    """One page by position: these lists are short (an office's open issues) or looked at from the top."""
    start = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 7 else 0
    rows = list(found[start : start + size + 1])
    return rows[:size], str(start + size) if len(rows) > size else ""


@dataclass(frozen=True)
class Column:
    code: str
    head: Any
    n: int
    cards: Sequence[tuple[Issue, str, int | None]]
    #: the list in which the others stand
    rest: Mapping[str, str]

    @property
    def more(self) -> int:
        return self.n - len(self.cards)


def board(person: Person, asked: Mapping[str, Any]) -> list[Column]:
    """The columns with their first cards, each with its light and the working days left; seven
    queries, however many cards."""
    found = find(person, asked, show="all")
    since = instant.now() - ENDED
    live = found.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=since))
    counts = dict(live.order_by().values_list("status").annotate(n=Count("pk")))
    columns = []
    for code, head, statuses in COLUMNS:
        mine = found.filter(status__in=statuses)
        if code == "done":
            mine = mine.filter(closed_at__gte=since).order_by("-closed_at", "-id")
        else:
            mine = mine.open().order_by(F("due_at").asc(nulls_last=True), "id")
        cards = [(i, desk.light(i), desk.left(i)) for i in mine[:CARDS]]
        rest = {"show": "all" if code == "done" else "open"}
        if len(statuses) == 1:
            rest["status"] = statuses[0]
        columns.append(Column(code, head, sum(counts.get(s, 0) for s in statuses), cards, rest))
    return columns


def refusals(person: Person, asked: Mapping[str, Any]) -> QuerySet[Refusal]:
    """The "no"s that were asked for, newest first."""
    found = Refusal.objects.seen_by(person).select_related("item__office", "hall", "counter")
    if "reason" in asked:
        found = found.filter(reason=asked["reason"])
    if "hall" in asked:
        found = found.filter(hall__code=asked["hall"])
    if "since" in asked:
        found = found.filter(at__gte=midnight(asked["since"]))
    if "until" in asked:
        found = found.filter(at__lt=midnight(asked["until"] + dt.timedelta(days=1)))
    return found.order_by("-at", "-id")


@dataclass(frozen=True)
class Reason:
    """A reason in the weekly review: this week, the week before, and how many became issues."""

    code: str
    name: str
    n: int
    before: int
    issues: int


def week(person: Person, names: Mapping[str, str]) -> tuple[dt.date, list[Reason]]:
    """每周复盘 — the reasons of the last seven days, the most frequent first, beside the seven before."""
    today = timezone.localdate(instant.now())
    first = midnight(today - dt.timedelta(days=6))
    seen = Refusal.objects.seen_by(person)
    now = _by_reason(seen.filter(at__gte=first))
    before = _by_reason(seen.filter(at__gte=first - dt.timedelta(days=7), at__lt=first))
    came = Issue.objects.filter(origin="refusal", source__in=seen.filter(at__gte=first).values("code"))
    codes = dict(seen.filter(code__in=came.values("source")).values_list("code", "reason"))
    became: dict[str, int] = {}
    for reason in codes.values():
        became[reason] = became.get(reason, 0) + 1
    rows = [Reason(c, names.get(c, c), n, before.get(c, 0), became.get(c, 0)) for c, n in now.items()]
    return first.date(), sorted(rows, key=lambda r: (-r.n, r.code))


def _by_reason(found: QuerySet[Refusal]) -> dict[str, int]:
    return dict(found.order_by().values_list("reason").annotate(n=Count("pk")))


def numbers_of(found: QuerySet[Refusal], person: Person) -> dict[str, str]:
    """The numbers of the issues that came of all these "no"s and that the person may see; one query."""
    came = Issue.objects.seen_by(person).filter(origin="refusal", source__in=found.order_by().values("code"))
    return dict(came.values_list("source", "number"))


def issues_of(rows: Sequence[Refusal], person: Person) -> dict[str, Issue]:
    """The issues that came of these "no"s and that the person may see; one query."""
    found = Issue.objects.seen_by(person).filter(origin="refusal", source__in=[r.code for r in rows])
    return {i.source: i for i in found}
