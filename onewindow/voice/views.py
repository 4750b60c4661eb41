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


def _asked(request: HttpRequest) -> tuple[str, Filters]:
    """Which of the lists was asked for, and the filters; only for those who read them at all."""
    _only(request, *READERS)
    show = request.GET.get("show", "")
    show = show if show in low_marks.SHOWS else ""
    return show, Filters(request.GET, by=request.user, everything=bool(show))


def _tabs(show: str) -> list[tuple[str, str, bool]]:
    names = {
        "": _("Low marks"),
        "all": _("All reviews"),
        "second": _("Second reviews"),
        "changed": _("Changed within a day"),
        "excluded": _("Left out after appeal"),
    }
    return [(code, label, code == show) for code, label in names.items()]


@staff
@require_safe
def low_marks_list(request: HttpRequest) -> HttpResponse:
    """One and two stars (or another list), newest first, each beside what the system knows; above it the whole verdict."""
    show, filters = _asked(request)
    found = low_marks.find(request.user, filters.asked, show=show)
    rows, following = low_marks.page(found, request.GET.get("cursor", ""))
    context = {
        "filters": filters,
        "lines": low_marks.lines(rows, request.user),
        "total": found.count(),
        "said": low_marks.verdict(request.user, filters.asked),
        "everything": bool(show),
        "tabs": _tabs(show),
        "next": following,
        "known": rules.knows_reviewers(request.user),
        "may_enter": request.user.has_role(Role.BUREAU, Role.HALL_MANAGER),
        "may_examine": rules.examines(request.user),
        "sees_windows": request.user.has_role(Role.BUREAU, Role.LEADER, Role.HALL_MANAGER),
    }
    return render(request, "voice/low_marks.html", context)


@staff
@require_safe
def low_marks_export(request: HttpRequest) -> HttpResponse:
    """The same list as a workbook; of a change, what was said first is in it too."""
    show, filters = _asked(request)
    found = low_marks.find(request.user, filters.asked, show=show)[:10_000]
    columns: list[tuple[Any, int]] = [
        (_("Day"), 12), (_("Level"), 14), (_("Moment"), 12), (_("Hall"), 24), (_("Window"), 22), (_("Department"), 24),
        (_("Item"), 32), (_("Reasons"), 50), (_("In their own words"), 50), (_("Past the promise"), 10),
        (_("Past the statute"), 10), (_("Visits"), 8), (_("Visits promised"), 8), (_("Papers beyond the guide"), 20),
        (_("Level at first"), 14), (_("Words at first"), 30), (_("Channel"), 14), (_("Entered by staff"), 20),
        (_("Left out because"), 24),
    ]  # fmt: skip
    known = rules.knows_reviewers(request.user)
    lines = low_marks.lines(found, request.user)
    said = {True: _("yes"), False: _("no")}
    return workbook(
        f"reviews-{show}" if show else "low-marks",
        columns + ([(_("Number"), 20)] if known else []),
        (
            [
                timezone.localdate(line.review.said_at), line.review.get_level_display(),
                line.review.get_touchpoint_display(),
                local(line.review.hall), local(line.review.counter), local(line.review.office), local(line.item.item),
                "；".join(local(r.indicator) if r.indicator else r.code for r in line.reasons), line.text,
                said[line.facts.late_promise], said[line.facts.late_law], line.facts.visits, line.facts.visits_promised,
                "；".join(line.facts.beyond), line.was.get_level_display() if line.was else "",
                (line.was.text if known else low_marks.hidden(line.was.text)) if line.was else "",
                line.review.get_channel_display(), line.review.assisted_why,
                line.exclusion.reason if line.exclusion else "",
            ]
            + ([shown(line.review.number)] if known else [])
            for line in lines
        ),
    )  # fmt: skip
