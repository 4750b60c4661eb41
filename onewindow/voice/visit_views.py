"""The verdict on a ticket that ended without an application: on the visit's own page, and the list for those who read them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import instant
from onewindow.cases.export import workbook
from onewindow.cases.views import staff
from onewindow.hall import shown
from onewindow.hall.models import Ticket, TicketState, Visit, VisitCase
from onewindow.hall.public import of_visit
from onewindow.issues import links
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice import low_marks, visits
from onewindow.voice.actions import NotPossible
from onewindow.voice.forms import DEFAULT_DAYS, PERIODS, RateForm
from onewindow.voice.models import Level, ReviewChannel, Touchpoint
from onewindow.voice.public import origin_of
from onewindow.voice.visit_models import VisitVerdict


@shown.on_ticket
def rate_link(ticket: Ticket) -> tuple[str, dict[str, Any]] | None:
    """On the visit's own page: the way to the verdict, or what was said."""
    if ticket.state != TicketState.FINISHED:
        return None
    said = visits.chain_of(ticket)
    if not said and not visits.is_open(ticket):
        became = VisitCase.objects.filter(ticket=ticket).exists()
        return (
            ("voice/visit_link.html", {"ticket": ticket, "said": None, "elsewhere": True}) if became else None
        )
    return "voice/visit_link.html", {"ticket": ticket, "said": said[-1] if said else None, "elsewhere": False}


@of_visit
@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, visit: Visit, ticket: str) -> HttpResponse:
    """One ticket of the visit: five faces, reasons, words; what was said, and its change within the day."""
    found = visit.tickets.filter(number=ticket, state=TicketState.FINISHED).with_places().first()
    if found is None:
        raise Http404
    found.visit = visit
    said = visits.chain_of(found)
    until = visits.change_until(said[0]) if said else None
    can_change = until is not None and instant.now() <= until
    mode = (
        "change" if "change" in (request.GET.get("again"), request.POST.get("again")) and can_change else ""
    )
    asks = bool(mode) or visits.is_open(found)
    level, form = None, None
    if asks:
        score = request.POST.get("score") or request.GET.get("score", "")
        level = Level(int(score)) if score in {str(n) for n in Level.values} else None
        form = RateForm(request.POST if request.method == "POST" else None, level=level) if level else None
        if request.method == "POST" and form is not None and form.is_valid():
            told = form.cleaned_data
            given: dict[str, Any] = {"level": told["score"], "codes": told["codes"], "text": told["text"]}
            try:
                if mode:
                    visits.change(found, origin=origin_of(request), **given)
                else:
                    channel = ReviewChannel.QR if request.GET.get("via") == "qr" else ReviewChannel.MOBILE
                    visits.give(found, channel=channel, origin=origin_of(request), **given)
            except NotPossible:  # the device at the window was faster, or the day has just ended
                return redirect(request.path)
            return redirect(f"{request.path}?thanks=1")
    issue = visits.issue_of(found.key) if said else None
    context = {
        "t": found, "asks": asks, "mode": mode, "level": level, "form": form, "touchpoint": Touchpoint.DELIVERED,
        "said": said[-1] if said else None, "change_until": until, "can_change": can_change,
        "thanks": "thanks" in request.GET, "issue_url": links.url(issue) if issue else "",
    }  # fmt: skip
    status = 422 if request.method == "POST" and asks else 200
    return render(request, "voice/visit_rate.html", context, status=status)


# --- staff ---------------------------------------------------------------------------------------------------


def _found(request: HttpRequest) -> tuple[str, bool, Any]:
    if not request.user.has_role(Role.BUREAU, Role.LEADER, Role.HALL_MANAGER):
        raise PermissionDenied
    days = request.GET.get("days", "")
    days = days if days in dict(PERIODS) else DEFAULT_DAYS
    low = request.GET.get("show") == "low"
    return days, low, visits.find(request.user, *low_marks.period({"days": days}), low=low)


def _text(v: VisitVerdict) -> str:
    return low_marks.hidden(v.text)


@staff
@require_safe
def verdicts(request: HttpRequest) -> HttpResponse:
    """What was said about tickets without an application, newest first; above it their own figures."""
    days, low, found = _found(request)
    page = Paginator(found, 20).get_page(request.GET.get("page"))
    by_window = visits.verdicts(request.user, *low_marks.period({"days": days}))
    rows, names = list(page), low_marks.names()
    issues = visits.issues_of(rows, request.user)
    context = {
        "periods": [(code, label, code == days) for code, label in PERIODS],
        "low": low,
        "page": page,
        "lines": [(v, _text(v), low_marks.named(v.codes, names), issues.get(v.ticket, "")) for v in rows],
        "said": visits.together(by_window),
    }
    return render(request, "voice/visit_verdicts.html", context)


@staff
@require_safe
def verdicts_export(request: HttpRequest) -> HttpResponseBase:
    """The same list as a workbook; of a change, what was said first is in it too."""
    _days, _low, found = _found(request)
    names = low_marks.names()
    columns = [
        (_("Day"), 12), (_("Level"), 14), (_("Hall"), 24), (_("Window"), 22), (_("Queue"), 24), (_("Outcome"), 18),
        (_("Reasons"), 20), (_("In their own words"), 50), (_("Level at first"), 14), (_("Channel"), 14),
        (_("Left out because"), 24),
    ]  # fmt: skip
    return workbook(
        "visit-verdicts",
        columns,
        (
            [
                timezone.localdate(v.said_at), v.get_level_display(), local(v.hall), local(v.counter) if v.counter else "",
                local(v.group), v.get_outcome_display(), "、".join(low_marks.named(v.codes, names)), _text(v),
                v.replaces.get_level_display() if v.replaces else "", ReviewChannel(v.channel).label,
                v.exclusion.reason if hasattr(v, "exclusion") else "",
            ]
            for v in found[:10_000]
        ),
    )  # fmt: skip
