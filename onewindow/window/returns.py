"""后台退回与争议: what departments returned to the window, who was right, and how often – for both sides and the bureau."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from onewindow.approvals.models import Check, CheckState, Finding
from onewindow.cases import desk, numbers
from onewindow.cases.export import workbook
from onewindow.cases.views import staff
from onewindow.org.fields import DayField
from onewindow.org.models import Hall, Office
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.window.models import Application

PAGE = 50
#: what became of a return → how it is found
OUTCOMES: dict[str, tuple[Any, Q]] = {
    "open": (gettext_lazy("Not yet answered"), Q(state=CheckState.BOUNCED)),
    "disputed": (gettext_lazy("In dispute"), Q(state=CheckState.DISPUTED)),
    "mended": (gettext_lazy("Put right by the window"), Q(state=CheckState.CONFIRMED, finding="")),
    "window": (gettext_lazy("The window was right"), Q(finding=Finding.WINDOW)),
    "department": (gettext_lazy("The department was right"), Q(finding=Finding.DEPARTMENT)),
}


class Filters(forms.Form):
    """What stands in the address of the list."""

    outcome = forms.ChoiceField(label=gettext_lazy("Outcome"), required=False)
    office = forms.ChoiceField(label=gettext_lazy("Department"), required=False)
    hall = forms.ChoiceField(label=gettext_lazy("Hall"), required=False)
    returned_from = DayField(
        label=gettext_lazy("Returned from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    returned_to = DayField(
        label=gettext_lazy("Returned to"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: Any, *, by: Any):
        super().__init__(data)
        first = [("", _("All"))]
        outcomes = [(code, words) for code, (words, _q) in OUTCOMES.items()]
        self.fields["outcome"].choices = first + outcomes  # type: ignore[attr-defined]
        if by.has_role(Role.BUREAU, Role.LEADER):
            offices = Office.objects.filter(kind="department").order_by("code")
            for name, rows in (("office", offices), ("hall", Hall.objects.order_by("code"))):
                self.fields[name].choices = first + [(x.code, local(x)) for x in rows]  # type: ignore[attr-defined]
        else:
            del self.fields["office"], self.fields["hall"]
        self.full_clean()

    @property
    def is_used(self) -> bool:
        return any(self.cleaned_data.values())


@dataclass(frozen=True)
class Line:
    """A return with its application, and what became of it."""

    check: Check
    application: Application | None
    outcome: str

    @property
    def words(self) -> Any:
        return OUTCOMES[self.outcome][0]


def select(person: Any, given: Mapping[str, Any]) -> QuerySet[Check]:
    """The returns that were asked for, the newest first, within what this person may see."""
    found = Check.objects.seen_by(person).returned().select_related("office", "hall")
    if outcome := given.get("outcome"):
        found = found.filter(OUTCOMES[outcome][1])
    for name in ("office", "hall"):
        if code := given.get(name):
            found = found.filter(**{f"{name}__code": code})
    if first := given.get("returned_from"):
        found = found.filter(bounced_at__gte=_midnight(first))
    if last := given.get("returned_to"):
        found = found.filter(bounced_at__lt=_midnight(last + dt.timedelta(days=1)))
    return found.order_by("-bounced_at", "-id")


def _midnight(day: dt.date) -> dt.datetime:
    return timezone.make_aware(dt.datetime.combine(day, dt.time()))


def tally(found: QuerySet[Check]) -> list[dict[str, Any]]:
    """For each department: how many were returned, and what became of them. One query."""
    counts = {code: Count("pk", filter=q) for code, (_words, q) in OUTCOMES.items()}
    grouped = found.order_by("office__code").values_list("office__name", "office__name_en")
    rows = grouped.annotate(returned=Count("pk"), **counts)
    return [
        {"office": {"name": name, "name_en": name_en}, "returned": returned, "counts": each}
        for name, name_en, returned, *each in rows
    ]


def lines(rows: list[Check], person: Any) -> Iterator[Line]:
    """The checks with their applications. One query."""
    known = {
        a.number: a
        for a in Application.objects.seen_by(person)
        .filter(number__in=[c.application for c in rows])
        .select_related("item")
    }
    for check in rows:
        if check.finding:
            outcome = str(check.finding)
        else:
            outcome = {"bounced": "open", "disputed": "disputed"}.get(check.state, "mended")
        yield Line(check, known.get(check.application), outcome)


@staff
@require_safe
def returns(request: HttpRequest) -> HttpResponse:
    """退回与争议: each return with reason, answer and finding; above them the count of each department."""
    filters = Filters(request.GET, by=request.user)
    found = select(request.user, filters.cleaned_data)
    cursor = request.GET.get("cursor", "")
    start = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 7 else 0
    rows = list(found[start : start + PAGE + 1])
    context = {
        "filters": filters,
        "lines": list(lines(rows[:PAGE], request.user)),
        "next": start + PAGE if len(rows) > PAGE else "",
        "tally": tally(found),
        "heads": [words for words, _q in OUTCOMES.values()],
        "total": found.order_by().count(),
    }
    return render(request, "window/returns.html", context)


@staff
@require_safe
def export(request: HttpRequest) -> HttpResponseBase:
    """The list as a workbook; written to the access log."""
    filters = Filters(request.GET, by=request.user)
    columns = [
        (_("Number"), 20), (_("Matter"), 32), (_("Department"), 24), (_("Hall"), 24), (_("Returned at"), 17),
        (_("Reason"), 40), (_("Answer of the window"), 40), (_("Outcome"), 16), (_("Finding of the bureau"), 40),
    ]  # fmt: skip
    desk.log_export(by=request.user, ip=request.META.get("REMOTE_ADDR"), purpose="returns")
    rows = list(select(request.user, filters.cleaned_data)[:20_000])
    cells = (
        [
            numbers.shown(x.check.application), local(x.application.item) if x.application else "",
            local(x.check.office), local(x.check.hall) if x.check.hall else "", x.check.bounced_at, x.check.reason,
            x.check.answer, str(x.words), x.check.finding_text,
        ]
        for x in lines(rows, request.user)
    )  # fmt: skip
    return workbook(_("Returns %(day)s") % {"day": desk.today().isoformat()}, columns, cells)
