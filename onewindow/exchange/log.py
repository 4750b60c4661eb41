"""Lists of shared data: the catalogue with its figures, grants, and the log of calls, as one person may see them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from onewindow.cases import instant
from onewindow.exchange.actions import today
from onewindow.exchange.models import Call, Dataset, Grant, GrantState, Outcome
from onewindow.org.fields import moment_of
from onewindow.org.http import midnight
from onewindow.org.models import Office, Person
from onewindow.org.roles import Role

PAGE = 30
RECENT = 30  # days


#: Why a question got no answer, in a word; the codes of rules.why_not_call and of connectors.Unavailable.
WHY = {
    "no_case": _("no such case"),
    "not_your_case": _("not his case"),
    "case_closed": _("case closed"),
    "not_shared": _("not shared"),
    "not_needed": _("not needed for the case"),
    "no_grant": _("no grant in force"),
    "timeout": _("too slow"),
    "down": _("no answer"),
    "not_connected": _("not connected"),
    "bad_answer": _("answer not understood"),
}


def why(code: str) -> Any:
    """The reason of a call in words."""
    return WHY.get(code, code)


def catalogue() -> QuerySet[Dataset]:
    """All data sets, with the grants in force and the calls of the last thirty days."""
    day, since = today(), instant.now() - dt.timedelta(days=RECENT)
    live = Q(grants__state=GrantState.APPROVED, grants__starts_on__lte=day) & (
        Q(grants__until__isnull=True) | Q(grants__until__gte=day)
    )
    counts = dict(
        Call.objects.filter(at__gte=since).order_by().values_list("dataset").annotate(n=Count("pk"))
    )
    rows = Dataset.objects.select_related("owner").annotate(live=Count("grants", filter=live, distinct=True))
    found = list(rows.order_by("owner__code", "code"))
    for row in found:
        row.recent = counts.get(row.pk, 0)  # type: ignore[attr-defined]
    return found  # type: ignore[return-value]


def dataset(code: str) -> Dataset | None:
    return Dataset.objects.select_related("owner").filter(code=code).first()


def shared() -> list[tuple[Dataset, list[Grant]]]:
    """For everybody: what is shared, with whom and on which basis."""
    rows = Dataset.objects.filter(is_active=True).select_related("owner").order_by("owner__code", "code")
    grants: dict[int, list[Grant]] = {}
    for grant in Grant.objects.in_force(today()).with_facts().order_by("office__code", "item"):
        grants.setdefault(grant.dataset_id, []).append(grant)
    return [(d, grants.get(d.pk, [])) for d in rows]


def year_of_calls() -> dict[str, int]:
    """For everybody: questions answered in the last 365 days, and those refused because there was no right to ask."""
    since = instant.now() - dt.timedelta(days=365)
    rows = Call.objects.filter(at__gte=since).order_by().values_list("outcome").annotate(n=Count("pk"))
    counts = dict(rows)
    return {"found": counts.get(Outcome.FOUND, 0), "refused": counts.get(Outcome.REFUSED, 0)}


def waiting(person: Person) -> int:
    """Requests that this person, head of an owner, has to answer."""
    mine = person.offices_as(Role.HEAD)
    return Grant.objects.filter(state=GrantState.ASKED, dataset__owner_id__in=mine).count() if mine else 0


def calls(
    person: Person, asked: dict[str, Any], first: dt.date | None, last: dt.date | None
) -> QuerySet[Call]:
    """The calls that this person may see, as filtered, newest first."""
    rows = Call.objects.seen_by(person).filter(**asked).select_related("dataset__owner", "grant")
    if first:
        rows = rows.filter(at__gte=midnight(first))
    if last:
        rows = rows.filter(at__lt=midnight(last, 1))
    return rows.order_by("-at", "-id")


def page(rows: QuerySet[Call], cursor: str) -> tuple[list[Call], str]:
    """One page after the cursor (a row's key and instant), and the next one's."""
    at, _, key = cursor.partition("~")
    if key.isdecimal() and len(key) < 19:
        if moment := moment_of(at):
            rows = rows.filter(at__lte=moment).exclude(at=moment, id__gte=int(key))
    found = list(rows[: PAGE + 1])
    last = found[PAGE - 1] if len(found) > PAGE else None
    return found[:PAGE], f"{last.at.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}~{last.pk}" if last else ""


def people(rows: Iterable[Call]) -> dict[str, Person]:
    """The accounts that asked."""
    return {p.username: p for p in Person.objects.filter(username__in={r.by for r in rows})}


def offices(codes: Iterable[str] | None = None) -> dict[str, Office]:
    """Offices by code; without codes those that have a grant or have asked."""
    found = (
        Office.objects.filter(grants__isnull=False).distinct()
        if codes is None
        else Office.objects.filter(code__in=set(codes))
    )
    return {o.code: o for o in found.order_by("code")}
