"""Staff page: who was asked how it was, and what came of it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onewindow.cases.export import workbook
from onewindow.cases.views import staff
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice import askings, low_marks
from onewindow.voice.forms import DEFAULT_DAYS, PERIODS


def _lines(request: HttpRequest) -> tuple[str, Any, askings.Line]:
    if not request.user.has_role(Role.BUREAU, Role.LEADER, Role.HALL_MANAGER):
        raise PermissionDenied
    days = request.GET.get("days", "")
    days = days if days in dict(PERIODS) else DEFAULT_DAYS
    rows, whole = askings.lines(request.user, *low_marks.period({"days": days}))
    return days, rows, whole


@staff
@require_safe
def asking(request: HttpRequest) -> HttpResponse:
    """By hall and way of handling: asked at the window, shown, answered; asked by message, opened, answered; nothing said."""
    days, rows, whole = _lines(request)
    periods = [(code, label, code == days) for code, label in PERIODS]
    return render(request, "voice/asking.html", {"periods": periods, "rows": rows, "whole": whole})


@staff
@require_safe
def asking_export(request: HttpRequest) -> HttpResponseBase:
    """The same as a workbook."""
    _days, rows, _whole = _lines(request)
    columns = [
        (_("Hall"), 26), (_("Way"), 14), (_("Occasions"), 12), (_("Asked at the window"), 12), (_("Shown there"), 12),
        (_("Answered there"), 12), (_("Skipped"), 10), (_("Asked by message"), 12), (_("Asked once more"), 12),
        (_("Link opened"), 10), (_("Answered after a message"), 12), (_("Answered otherwise"), 12), (_("No mobile number"), 12),
        (_("Does not want to be asked"), 12), (_("Not asked: asked about other matters in those days"), 16),
        (_("Not yet asked by message"), 12), (_("Nothing said"), 12),
    ]  # fmt: skip
    return workbook(
        "asking",
        columns,
        (
            [local(line.hall) if line.hall else "", line.place.label if line.place else ""]
            + [line.of(name) for name in askings.STEPS]
            + [line.silent]
            for line in rows
        ),
    )
