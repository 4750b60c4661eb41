"""The review of a week: how often and why people were told no, what became of it, and who has signed what is changed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases.export import workbook
from onewindow.cases.flow import StepRefused
from onewindow.cases.views import staff
from onewindow.issues import entries, weekly
from onewindow.issues.models import Issue, Refusal
from onewindow.issues.views import READERS, _only
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local


def _asked(request: HttpRequest) -> tuple[entries.WeekFilters, dt.date, QuerySet[Refusal]]:
    """The filters, the Monday, and the "no"s that are asked for within what this person may see."""
    filters = entries.WeekFilters(request.GET, by=request.user)
    asked = filters.asked
    monday = weekly.monday_of(asked["week"]) if "week" in asked else weekly.last_monday()
    found = Refusal.objects.seen_by(request.user)
    if hall := asked.get("hall"):
        found = found.filter(hall__code=hall)
    if office := asked.get("office"):
        found = found.filter(item__office__code=office)
    return filters, monday, found


def _named(lines: Sequence[weekly.Line], names: dict[Any, str]) -> list[tuple[str, weekly.Line]]:
    return [(names.get(row.key, str(row.key)), row) for row in lines]


def _items(lines: Sequence[weekly.Line]) -> dict[Any, str]:
    return {item.pk: local(item) for item in weekly.items_of(lines)}


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def week(request: HttpRequest) -> HttpResponse:
    """One week with its counts, the weeks behind us and whose signature is missing; the bureau signs here."""
    _only(request, *READERS)
    filters, monday, found = _asked(request)
    form = entries.WeekForm(request.POST if request.method == "POST" else None)
    reason = weekly.why_not(monday, request.user)  # type: ignore[arg-type]
    if request.method == "POST":
        if reason and reason.kind == "not_allowed":
            raise PermissionDenied
        if form.is_valid():
            try:
                weekly.sign(monday, by=request.user, **form.cleaned_data)  # type: ignore[arg-type]
            except StepRefused as no:
                messages.warning(request, no.reason.text)
            else:
                messages.success(request, _("The review of the week is signed."))
            return redirect(f"{request.path}?week={monday.isoformat()}")
    seen = weekly.survey(found, Issue.objects.seen_by(request.user), monday)
    behind = weekly.weeks()
    review = next((w.review for w in behind if w.monday == monday), None)
    causes = dict(entries.codes("issue_cause"))
    context = {
        "filters": filters,
        "seen": seen,
        "reasons": _named(seen.reasons, entries.reason_names()),
        "items": _named(seen.items, _items(seen.items)),
        "causes": [(causes.get(code, code), n) for code, n in seen.causes],
        "weeks": behind,
        "review": review,
        "decisions": weekly.decisions_of(review) if review else [],
        "form": None if reason else form,
        "is_bureau": request.user.has_role(Role.BUREAU, Role.LEADER),
        "earlier": monday - dt.timedelta(days=7),
        "later": monday + dt.timedelta(days=7) if monday < weekly.last_monday() else None,
    }
    return render(request, "issues/week.html", context, status=422 if form.is_bound else 200)


@staff
@require_safe
def week_export(request: HttpRequest) -> HttpResponseBase:
    """The week as a workbook: by reason, then by item."""
    _only(request, *READERS)
    _filters, monday, found = _asked(request)
    seen = weekly.survey(found, Issue.objects.seen_by(request.user), monday)
    parts = [
        (_("Reason"), _named(seen.reasons, entries.reason_names())),
        (_("Item"), _named(seen.items, _items(seen.items))),
    ]
    columns = [
        (_("By"), 12), (_("What"), 40), (_("This week"), 12), (_("Week before"), 12), (_("Became issues"), 14),
    ]  # fmt: skip
    title = f"no {monday.isoformat()}"
    return workbook(
        title,
        columns,
        ([by, name, row.n, row.before, row.became] for by, rows in parts for name, row in rows),
    )
