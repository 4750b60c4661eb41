"""Staff pages: the low marks. Those of the devices are in deviceviews.py."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from onewindow.cases.export import workbook
from onewindow.cases.numbers import shown
from onewindow.cases.views import staff
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice import low_marks, rules
from onewindow.voice.forms import Filters


def _only(request: HttpRequest, *roles: str) -> None:
    if not request.user.has_role(*roles):
        raise PermissionDenied


READERS = (Role.BUREAU, Role.LEADER, Role.HALL_MANAGER, Role.HEAD)


def _asked(request: HttpRequest) -> tuple[bool, Filters]:
    """Whether all reviews were asked for, and the filters; only for those who read them at all."""
    _only(request, *READERS)
    everything = request.GET.get("show") == "all"
    return everything, Filters(request.GET, by=request.user, everything=everything)


@staff
@require_safe
def low_marks_list(request: HttpRequest) -> HttpResponse:
    """One and two stars (or all), newest first, each beside what the system itself knows; above it the whole verdict."""
    everything, filters = _asked(request)
    found = low_marks.find(request.user, filters.asked, everything=everything)
    rows, following = low_marks.page(found, request.GET.get("cursor", ""))
    context = {
        "filters": filters,
        "lines": low_marks.lines(rows, request.user),
        "total": found.count(),
        "said": low_marks.verdict(request.user, filters.asked),
        "everything": everything,
        "tabs": [("", _("Low marks"), not everything), ("all", _("All reviews"), everything)],
        "next": following,
        "known": rules.knows_reviewers(request.user),
    }
    return render(request, "voice/low_marks.html", context)


@staff
@require_safe
def low_marks_export(request: HttpRequest) -> HttpResponse:
    """The same list as a workbook."""
    everything, filters = _asked(request)
    found = low_marks.find(request.user, filters.asked, everything=everything)[:10_000]
    columns: list[tuple[Any, int]] = [
        (_("Day"), 12), (_("Level"), 14), (_("Moment"), 12), (_("Hall"), 24), (_("Window"), 22), (_("Department"), 24),
        (_("Item"), 32), (_("Reasons"), 50), (_("In their own words"), 50), (_("Past the promise"), 10),
        (_("Past the statute"), 10), (_("Visits"), 8), (_("Visits promised"), 8),
    ]  # fmt: skip
    known = rules.knows_reviewers(request.user)
    lines = low_marks.lines(found, request.user)
    said = {True: _("yes"), False: _("no")}
    return workbook(
        "reviews" if everything else "low-marks",
        columns + ([(_("Number"), 20)] if known else []),
        (
            [
                timezone.localdate(line.review.said_at), line.review.get_level_display(),
                line.review.get_touchpoint_display(),
                local(line.review.hall), local(line.review.counter), local(line.review.office), local(line.item.item),
                "；".join(local(r.indicator) if r.indicator else r.code for r in line.reasons), line.text,
                said[line.late_promise], said[line.late_law], line.visits, line.visits_promised,
            ]
            + ([shown(line.review.number)] if known else [])
            for line in lines
        ),
    )  # fmt: skip
