"""The pages without sign-in: which hall, the ticket machine, the ticket on the phone, booking, displays, window signs.

None of them says who anybody is. A ticket is followed by its visit's key, an appointment by its own.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from onewindow.cases import instant
from onewindow.hall import actions, booking, kiosk, shown
from onewindow.hall.forms import CodeForm, TakeForm
from onewindow.hall.models import GROUNDS, Channel
from onewindow.hall.record import NotPossible
from onewindow.org.fields import day_of, moment_of
from onewindow.org.models import Hall
from onewindow.window import letters, places, rate

#: Tickets, appointments and tries with a code from one network address in an hour; ticket machines are not counted.
MOST, HOUR = 30, 3600

View = Callable[..., HttpResponse]


def of_hall(view: View) -> View:
    """Finds the hall by its code; only halls that use tickets have these pages."""

    @wraps(view)
    def found(request: HttpRequest, code: str, **more: Any) -> HttpResponse:
        hall = places.hall(code)
        if hall is None or not shown.has_queue(hall):
            raise Http404
        return view(request, hall, **more)

    return never_cache(found)


def _limited(request: HttpRequest, hall: Hall) -> bool:
    """Counts one try of a phone; whether its network has had too many."""
    if kiosk.is_marked(request, hall):
        return False
    who = rate.address(request)
    if rate.spent("hall", who, most=MOST, seconds=HOUR):
        return True
    rate.count("hall", who, seconds=HOUR)
    return False


def _too_many() -> Any:
    return _(
        "Too many tickets from this network in the last hour. Please take one at the machine in the hall."
    )


@never_cache
@require_safe
def halls(request: HttpRequest) -> HttpResponse:
    """Where the wait is short: all halls with those waiting, open windows and the wait of somebody who comes now."""
    return render(request, "hall/halls.html", {"rows": shown.all_halls()})


@of_hall
@require_http_methods(["GET", "HEAD", "POST"])
def hall(request: HttpRequest, hall: Hall) -> HttpResponse:
    """On the phone: what can be queued for, how long it takes, a ticket, a time."""
    return _take(request, hall, "hall/phone.html", Channel.PHONE)


@of_hall
@require_http_methods(["GET", "HEAD", "POST"])
def machine(request: HttpRequest, hall: Hall) -> HttpResponse:
    """取号机: the same with large fields; the ticket is printed, and the page goes back by itself."""
    return _take(request, hall, "hall/kiosk.html", Channel.KIOSK)


def _take(request: HttpRequest, hall: Hall, template: str, channel: str) -> HttpResponse:
    offered = shown.offered(hall)
    by_machine = channel == Channel.KIOSK
    form = TakeForm(
        request.POST if request.method == "POST" else None,
        groups=[line.group for line in offered],
        initial={"priority": ""},
    )
    code_form = CodeForm()
    status = 200
    is_refused = by_machine and not kiosk.may_print(request, hall)
    if is_refused:
        status = 403
    elif request.method == "POST":
        status = 422
        if _limited(request, hall):
            form.add_error(None, _too_many())
            status = 429
        elif "code" in request.POST:
            code_form = CodeForm(request.POST)
            form = TakeForm(groups=[line.group for line in offered])
            if code_form.is_valid():
                try:
                    found = booking.find(hall.pk, code_form.cleaned_data["code"], instant.now())
                    if found is None:
                        code_form.add_error(
                            "code",
                            _("No appointment of today at this hall has this code. Please compare it."),
                        )
                    else:
                        ticket = booking.check_in(found, channel=channel)
                        return redirect("hall_slip" if by_machine else "hall_ticket", key=ticket.visit.key)
                except NotPossible as no:
                    code_form.add_error(None, str(no.text))
        elif form.is_valid():
            try:
                found_groups = form.wanted
                tickets = actions.take(
                    found_groups, channel=channel, priority=form.cleaned_data["priority"],
                    mobile=form.cleaned_data.get("mobile", ""),
                )  # fmt: skip
                return redirect("hall_slip" if by_machine else "hall_ticket", key=tickets[0].visit.key)
            except NotPossible as no:
                form.add_error(
                    "mobile" if no.code in ("who", "enough") and "mobile" in form.fields else None,
                    str(no.text),
                )
    context = {
        "hall": hall, "lines": offered, "form": form, "code_form": code_form, "grounds": GROUNDS,
        "books": any(line.group.slot_capacity for line in offered), "is_machine": kiosk.is_marked(request, hall),
        "chosen": request.POST.getlist("group"), "priority": request.POST.get("priority", ""), "is_refused": is_refused,
    }  # fmt: skip
    return render(request, template, context, status=status)


# --- the ticket ----------------------------------------------------------------------------------------------


def of_visit(view: View) -> View:
    """Finds the visit by its key."""

    @wraps(view)
    def found(request: HttpRequest, key: str, **more: Any) -> HttpResponse:
        visit = shown.visit(key)
        if visit is None:
            raise Http404
        return view(request, visit, **more)

    return never_cache(found)


@of_visit
@require_http_methods(["GET", "HEAD", "POST"])
def ticket(request: HttpRequest, visit: Any) -> HttpResponse:
    """我的号: how many are ahead, about how long, which window; give it back, come back after being passed."""
    said = ""
    if request.method == "POST":
        try:
            one = shown.ticket_of(visit, request.POST.get("ticket", "").replace("\0", ""))
            if one is None:
                raise Http404
            if request.POST.get("act") == "leave":
                actions.leave(one)
            elif request.POST.get("act") == "return":
                actions.return_(one, by=actions.PUBLIC)
            return redirect("hall_ticket", key=visit.key)
        except NotPossible as no:
            said = str(no.text)
    context = {
        "visit": visit,
        "hall": visit.hall,
        "said": said,
        "lines": shown.lines(visit),
        "now": instant.now(),
    }
    return render(request, "hall/ticket.html", context, status=422 if said else 200)


@of_visit
@require_safe
def ticket_now(request: HttpRequest, visit: Any) -> HttpResponse:
    """The part of the page that changes."""
    context = {"visit": visit, "lines": shown.lines(visit), "now": instant.now()}
    return render(request, "hall/ticket_lines.html", context)


@of_visit
@require_safe
def slip(request: HttpRequest, visit: Any) -> HttpResponse:
    """The printed ticket (80 mm), with the code for the phone."""
    url = settings.BASE_URL + reverse("hall_ticket", args=[visit.key])
    context = {
        "visit": visit, "hall": visit.hall, "lines": shown.lines(visit), "qr": letters.qr_svg(url),
        "back": reverse("hall_kiosk", args=[visit.hall.code]) if kiosk.is_marked(request, visit.hall) else "",
        "desk": request.user.is_authenticated and request.user.has_role("clerk"),
    }  # fmt: skip
    return render(request, "hall/slip.html", context)


# --- appointments --------------------------------------------------------------------------------------------


@of_hall
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: HttpRequest, hall: Hall) -> HttpResponse:
    """预约: the matter, the day, the time; three presses, no name, no number."""
    groups = [line.group for line in shown.offered(hall, closed=True) if line.group.slot_capacity]
    group = next(
        (g for g in groups if g.letter == (request.POST.get("group") or request.GET.get("group"))), None
    )
    if group is None and len(groups) == 1:
        group = groups[0]
    now = instant.now()
    said = ""
    if request.method == "POST" and group is not None:
        starts_at = moment_of(request.POST.get("starts_at", ""))
        if _limited(request, hall):
            said = str(_too_many())
        elif starts_at is None:
            said = _("Please choose a time from the list.")
        else:
            try:
                return redirect("hall_appointment", key=booking.book(group, starts_at).key)
            except NotPossible as no:
                said = str(no.text)
    days = booking.days(group, now) if group else []
    day = day_of(request.GET.get("day", ""))
    if group and day not in days:
        day = next((d for d in days if any(o.left for o in booking.offers(group, d, now))), None)
    context = {
        "hall": hall, "groups": groups, "group": group, "days": days, "day": day, "said": said,
        "offers": booking.offers(group, day, now) if group and day else [],
    }  # fmt: skip
    return render(request, "hall/book.html", context, status=422 if said else 200)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def appointment(request: HttpRequest, key: str) -> HttpResponse:
    """我的预约: the code for the machine, "I am here", cancel."""
    found = shown.appointment(key)
    if found is None:
        raise Http404
    said = ""
    if request.method == "POST":
        try:
            if request.POST.get("act") == "cancel":
                booking.cancel(found)
            elif request.POST.get("act") == "here":
                return redirect("hall_ticket", key=booking.check_in(found, channel=Channel.PHONE).visit.key)
            return redirect("hall_appointment", key=key)
        except NotPossible as no:
            said = str(no.text)
    context = {"a": found, "hall": found.group.hall, "said": said, "visit": shown.visit_of(found)}
    return render(request, "hall/appointment.html", context, status=422 if said else 200)


# --- displays ------------------------------------------------------------------------------------------------


@of_hall
@require_safe
def board(request: HttpRequest, hall: Hall) -> HttpResponse:
    """大屏: who is called where, who is next, which windows are suspended and why; landscape and portrait."""
    return render(
        request,
        "hall/board.html",
        {"hall": hall, "seen": shown.board(hall), "speaks": "speak" in request.GET},
    )


@of_hall
@require_safe
def board_now(request: HttpRequest, hall: Hall) -> HttpResponse:
    """The part of the display that changes."""
    return render(request, "hall/board_now.html", {"hall": hall, "seen": shown.board(hall)})


@of_hall
@require_safe
def sign(request: HttpRequest, hall: Hall, counter: str) -> HttpResponse:
    """窗口屏: the plate of one window – its number now, or why it is suspended and until when."""
    found = places.counter(hall, counter)
    if found is None:
        raise Http404
    context = {"hall": hall, "counter": found} | shown.sign(found)
    return render(request, "hall/sign_now.html" if "now" in request.GET else "hall/sign.html", context)
