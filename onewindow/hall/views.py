"""The pages of clerks and of the hall's manager."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import instant
from onewindow.cases.export import workbook
from onewindow.cases.views import staff
from onewindow.hall import actions, booking, desk, figures, kiosk, rules, strip, windows
from onewindow.hall.forms import (
    CodeForm,
    CounterTakeForm,
    FinishForm,
    GroupForm,
    ShiftForm,
    SuspendForm,
    TicketFilters,
    TransferForm,
)
from onewindow.hall.models import Channel, MatterGroup, Ticket
from onewindow.hall.record import NotPossible
from onewindow.org.fields import day_of
from onewindow.org.http import midnight
from onewindow.org.models import Counter, Hall
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.window import places
from onewindow.window.counter import clerk_only

READERS = (Role.HALL_MANAGER, Role.BUREAU, Role.LEADER)


# --- the clerk's queue ---------------------------------------------------------------------------------------


@clerk_only
@require_safe
def queue(request: HttpRequest) -> HttpResponse:
    """叫号: the own window with all that can be done with its ticket, those who wait, those on hold, the sign."""
    return _queue(request)


def _queue(request: HttpRequest, status: int = 200, **forms: Any) -> HttpResponse:
    person: Any = request.user
    seat = desk.seat(person)
    if seat is None:
        return render(request, "hall/queue_none.html", status=status)
    hall = seat.counter.hall
    groups = desk.groups_of(hall)
    now = instant.now()
    for form in forms.values():  # one goes on where something is missing
        first = next((name for name in form.fields if name in form.errors), None)
        if first:
            form.fields[first].widget.attrs["data-focus"] = ""
    context = strip.context(seat) | {
        "held": desk.held_at(seat.counter),
        "passed": desk.passed_today(hall.pk),
        "lines": [(t, round((now - t.taken_at).total_seconds() / 60)) for t in seat.waiting],
        "finish_form": forms.get("finish")
        or FinishForm(initial={"outcome": strip.meant(seat.ticket) if seat.ticket else ""}),
        "transfer_form": forms.get("transfer") or TransferForm(groups=groups, auto_id="t_%s"),
        "also_form": forms.get("also") or CounterTakeForm(groups=groups, auto_id="a_%s"),
        "take_form": forms.get("take") or CounterTakeForm(groups=groups, auto_id="k_%s"),
        "code_form": forms.get("code") or CodeForm(auto_id="c_%s"),
        "suspend_form": forms.get("suspend") or SuspendForm(auto_id="s_%s"),
        "here": reverse("hall_queue"),
    }
    return render(request, "hall/queue.html", context, status=status)


@clerk_only
@require_safe
def queue_strip(request: HttpRequest) -> HttpResponse:
    """The strip alone, as the pages ask for it by themselves."""
    person: Any = request.user
    seat = desk.seat(person)
    if seat is None:
        raise Http404
    return render(request, "hall/strip.html", strip.context(seat))


@clerk_only
@require_POST
def do(request: HttpRequest) -> HttpResponse:
    """One deed at the own window. Scripts get the strip back, others the page from which they came."""
    person: Any = request.user
    seat = desk.seat(person)
    if seat is None:
        raise Http404
    said, again = "", None
    try:
        again = _do(request, seat)
    except NotPossible as no:
        said = str(no.text)
    if request.headers.get("HX-Request"):
        fresh = desk.seat_at(seat.counter)
        return render(request, "hall/strip.html", strip.context(fresh, said=said), status=200)
    if said:
        messages.error(request, said)
    return again or _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    there = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        there, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(there) if safe and there.startswith("/") else redirect("hall_queue")


def _said(request: HttpRequest, name: str) -> str:
    """What stands in a field that no form looks at; PostgreSQL keeps no zero bytes."""
    return request.POST.get(name, "").replace("\0", "")


def _ticket(request: HttpRequest, seat: desk.Seat) -> Ticket:
    """The ticket that the button names; without a name the one at the window."""
    person: Any = request.user
    key = _said(request, "ticket")
    found = desk.ticket_of(person, key) if key else seat.ticket
    if found is None or found.hall_id != seat.counter.hall_id:
        raise NotPossible("gone", _("This ticket is no longer here. Please look again."))
    return found


def _do(request: HttpRequest, seat: desk.Seat) -> HttpResponse | None:
    by: Any = request.user
    given, act, counter = request.POST, request.POST.get("act", ""), seat.counter
    groups = desk.groups_of(counter.hall)
    if act == "next":
        _next(request, counter)
    elif act == "recall":
        actions.recall(_ticket(request, seat), by=by)
    elif act == "arrive":
        actions.arrive(_ticket(request, seat), by=by)
    elif act == "pass":
        actions.pass_(_ticket(request, seat), by=by)
        if given.get("then") == "next":
            _next(request, counter)
    elif act == "hold":
        actions.hold(_ticket(request, seat), by=by, reason=_said(request, "reason"))
    elif act == "resume":
        actions.resume(_ticket(request, seat), by=by)
    elif act == "return":
        actions.return_(_ticket(request, seat), by=by.username)
    elif act == "finish":
        form = FinishForm(given)
        if not form.is_valid():
            if not request.headers.get("HX-Request") and seat.ticket is not None:
                return _queue(request, 422, finish=form)
            raise NotPossible("input", " ".join(str(e) for errors in form.errors.values() for e in errors))
        actions.finish(_ticket(request, seat), by=by, **form.cleaned_data)
        if given.get("then") == "next":
            _next(request, counter)
    elif act == "transfer":
        form = TransferForm(given, groups=groups, auto_id="t_%s")
        if not form.is_valid():
            return _queue(request, 422, transfer=form)
        actions.transfer(
            _ticket(request, seat), form.cleaned_data["group"], by=by, reason=form.cleaned_data["reason"]
        )
    elif act == "also":
        form = CounterTakeForm(given, groups=groups, auto_id="a_%s")
        if not form.is_valid():
            return _queue(request, 422, also=form)
        more = actions.also(_ticket(request, seat), form.cleaned_data["group"], by=by.username)
        messages.success(request, _("Ticket %(number)s of the same visit.") % {"number": more.number})
    elif act == "call":
        actions.call(_ticket(request, seat), counter, by=by, reason=_said(request, "reason"))
    elif act == "take":
        form = CounterTakeForm(given, groups=groups, auto_id="k_%s")
        if not form.is_valid():
            return _queue(request, 422, take=form)
        (ticket,) = actions.take(
            [form.cleaned_data["group"]],
            channel=Channel.COUNTER,
            by=by.username,
            priority=form.cleaned_data["priority"],
        )
        return redirect("hall_slip", key=ticket.visit.key)
    elif act == "check_in":
        form = CodeForm(given, auto_id="c_%s")
        if not form.is_valid():
            return _queue(request, 422, code=form)
        appointment = booking.find(counter.hall_id, form.cleaned_data["code"], instant.now())
        if appointment is None:
            form.add_error(
                "code", _("No appointment of today at this hall has this code. Please compare it.")
            )
            return _queue(request, 422, code=form)
        ticket = booking.check_in(appointment, channel=Channel.COUNTER)
        messages.success(request, _("Checked in: ticket %(number)s.") % {"number": ticket.number})
    elif act == "open":
        windows.open_(counter, by=by)
    elif act == "close":
        windows.close(counter, by=by)
    elif act == "suspend":
        form = SuspendForm(given, auto_id="s_%s")
        if not form.is_valid():
            return _queue(request, 422, suspend=form)
        windows.suspend(counter, by=by, **form.cleaned_data)
    else:
        raise NotPossible("unknown", _("This button is not known. Please reload the page."))
    return None


def _next(request: HttpRequest, counter: Counter) -> None:
    by: Any = request.user
    if actions.call_next(counter, by=by) is None and not request.headers.get("HX-Request"):
        messages.info(request, _("Nobody is waiting for this window."))


# --- the manager's hall --------------------------------------------------------------------------------------


def _hall(request: HttpRequest, *roles: str) -> Hall:
    person: Any = request.user
    if not person.has_role(*(roles or READERS)):
        raise PermissionDenied
    request.halls = desk.halls_of(person)
    code = request.GET.get("hall", "") or request.POST.get("hall", "")
    hall = next((h for h in request.halls if not code or h.code == code), None)
    if hall is None:
        raise Http404
    return hall


def _common(request: HttpRequest, hall: Hall) -> dict[str, Any]:
    person: Any = request.user
    return {"hall": hall, "halls": request.halls, "mine": rules.runs(person, hall)}


@staff
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def hall_page(request: HttpRequest) -> HttpResponse:
    """大厅: queues, windows, waits, what the prediction is worth, and where another window should open."""
    hall = _hall(request)
    person: Any = request.user
    if request.method == "POST":
        if not rules.runs(person, hall):
            raise PermissionDenied
        _run(request, hall)
        return redirect(f"{reverse('hall_desk')}?hall={hall.code}")
    context = _common(request, hall) | {
        "seen": desk.view(hall),
        "suspend_form": SuspendForm(),
        "machines_are_paired": kiosk.has_paired(request, hall),
    }
    return render(request, "hall/hall.html", context)


def _run(request: HttpRequest, hall: Hall) -> None:
    """What the manager does with a window."""
    by: Any = request.user
    counter = places.counter(hall, request.POST.get("counter", ""))
    if counter is None:
        raise Http404
    try:
        if request.POST.get("act") == "suspend":
            form = SuspendForm(request.POST)
            if not form.is_valid():
                raise NotPossible("reason", _("Please choose the reason that stands on the sign."))
            windows.suspend(counter, by=by, **form.cleaned_data)
        elif request.POST.get("act") == "close":
            windows.close(counter, by=by)
        elif request.POST.get("act") == "open":
            windows.open_(counter, by=by)
    except NotPossible as no:
        messages.error(request, str(no.text))
    else:
        messages.success(request, _("%(window)s: done.") % {"window": local(counter)})


@staff
@require_POST
def set_kiosk(request: HttpRequest) -> HttpResponse:
    """Makes this browser the ticket machine of the hall: it is not counted as a phone, and shows the large page."""
    hall = _hall(request, Role.HALL_MANAGER)
    if kiosk.has_paired(request, hall):
        messages.error(
            request,
            _(
                "The ticket machines of this hall are paired devices. Pair this one too: open /device/kiosk/ on it."
            ),
        )
        return redirect("hall_desk")
    answer = redirect("hall_kiosk", code=hall.code)
    kiosk.mark(answer, hall)
    return answer


@staff
@require_safe
def tickets(request: HttpRequest) -> HttpResponse:
    """Every ticket with its times, how it ended, and what is striking about it."""
    filters, found = _tickets(request)
    rows, following = desk.page(found, request.GET.get("cursor", ""))
    context = {"filters": filters, "rows": rows, "total": found.count(), "next": following}
    return render(request, "hall/tickets.html", context)


def _tickets(request: HttpRequest) -> tuple[TicketFilters, Any]:
    person: Any = request.user
    if not person.has_role(*READERS):
        raise PermissionDenied
    today = actions.today()
    filters = TicketFilters(request.GET, halls=desk.halls_of(person), today=today)
    return filters, desk.find(person, filters.asked, today)


@staff
@require_safe
def tickets_export(request: HttpRequest) -> HttpResponse:
    """The same list as a workbook."""
    _filters, found = _tickets(request)
    columns: list[tuple[Any, int]] = [
        (_("Day"), 12), (_("Hall"), 24), (_("Number"), 10), (_("Queue"), 22), (_("Priority class"), 24), (_("Taken"), 18),
        (_("Taken at"), 18), (_("Called at"), 18), (_("Window"), 22), (_("State"), 14), (_("How it ended"), 20),
        (_("Told (min)"), 10), (_("Waited (min)"), 10), (_("Walked (min)"), 10), (_("Served (min)"), 10),
        (_("On hold (min)"), 10), (_("Ended at"), 18),
    ]  # fmt: skip

    def minutes(seconds: int | None) -> float | str:
        return "" if seconds is None else round(seconds / 60, 1)

    return workbook(
        "tickets",
        columns,
        (
            [
                t.day, local(t.hall), t.number, local(t.group), t.get_priority_display() if t.priority else "",
                t.get_channel_display(), t.taken_at, t.called_at, local(t.counter) if t.counter else "",
                t.get_state_display(), t.get_outcome_display() if t.outcome else "", minutes(t.told_seconds),
                minutes(t.wait_seconds), minutes(t.walk_seconds), minutes(t.serve_seconds), minutes(t.hold_seconds),
                t.closed_at,
            ]
            for t in found.with_places().order_by("-pk")[:100_000].iterator(2000)
        ),
    )  # fmt: skip


@staff
@require_safe
def waits(request: HttpRequest) -> HttpResponse:
    """Waits by hall and hour, p50 and p90, with the number of tickets; and what the prediction was worth."""
    person: Any = request.user
    if not person.has_role(*READERS):
        raise PermissionDenied
    days = {"1": 1, "7": 7, "30": 30}.get(request.GET.get("days", "7"), 7)
    today = actions.today()
    start, end = midnight(today - dt.timedelta(days=days - 1)), midnight(today, 1)
    halls = desk.halls_of(person)
    seen = figures.waits(Ticket.objects.seen_by(person).filter(hall__in=halls), start, end)
    context = {
        "heat": seen,
        "days": days,
        "periods": [(1, pgettext("period", "Today")), (7, _("Last 7 days")), (30, _("Last 30 days"))],
        "trust": figures.trust(halls, today),
    }
    return render(request, "hall/waits.html", context)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def groups(request: HttpRequest, letter: str = "") -> HttpResponse:
    """排队业务: the queues of a hall; one of them, or a new one, as a form."""
    hall = _hall(request, Role.HALL_MANAGER, Role.BUREAU)
    person: Any = request.user
    mine = rules.runs(person, hall)
    rows = list(desk.groups_of(hall).prefetch_related("counters", "items"))
    one = next((g for g in rows if g.letter == letter), None)
    if letter and letter != "new" and one is None:
        raise Http404
    form = None
    if letter and mine:
        form = GroupForm(
            request.POST if request.method == "POST" else None,
            instance=one or MatterGroup(hall=hall),
            hall=hall,
        )
        if request.method == "POST" and form.is_valid():
            form.save()
            messages.success(request, _("The queue is saved. New tickets follow it at once."))
            return redirect(f"{reverse('hall_groups')}?hall={hall.code}")
    elif request.method == "POST":
        raise PermissionDenied
    context = _common(request, hall) | {"rows": rows, "form": form, "one": one}
    return render(request, "hall/groups.html", context, status=422 if form and form.errors else 200)


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def shifts(request: HttpRequest) -> HttpResponse:
    """排班和考勤: who is to sit where on a day, and who did, by half-day."""
    hall = _hall(request, Role.HALL_MANAGER, Role.BUREAU)
    person: Any = request.user
    day = _day(request)
    mine = rules.runs(person, hall)
    form = ShiftForm(
        request.POST if "half" in request.POST or "counter" in request.POST else None, hall=hall, day=day
    )
    if request.method == "POST":
        if not mine:
            raise PermissionDenied
        if _plan(request, hall, day, form):
            return redirect(f"{reverse('hall_shifts')}?hall={hall.code}&day={day}")
    rows = windows.attendance(hall, day, day)
    context = _common(request, hall) | {
        "day": day,
        "before": day - dt.timedelta(days=1),
        "after": day + dt.timedelta(days=1),
        "rows": rows,
        "form": form if mine else None,
    }
    return render(request, "hall/shifts.html", context, status=422 if form.errors else 200)


def _day(request: HttpRequest) -> dt.date:
    text = request.GET.get("day", "") or request.POST.get("day", "")
    return day_of(text) or actions.today()


def _plan(request: HttpRequest, hall: Hall, day: dt.date, form: ShiftForm) -> bool:
    by: Any = request.user
    try:
        if "copy" in request.POST:
            n = windows.plan_as_before(hall, day, by=by)
            if n:
                messages.success(request, _("%(n)d shifts taken over.") % {"n": n})
            else:
                messages.info(request, _("There was nothing new to take over: plan the windows one by one."))
            return True
        if not form.is_valid():
            return False
        for half in form.cleaned_data["half"]:
            windows.plan(form.cleaned_data["counter"], form.cleaned_data["person"], day, half, by=by)
        messages.success(request, _("The shift is saved."))
    except NotPossible as no:
        form.add_error(None, str(no.text)) if form.is_bound else messages.error(request, str(no.text))
        return not form.is_bound
    return True


@staff
@require_safe
def shifts_export(request: HttpRequest) -> HttpResponse:
    """Attendance of the month of the day asked for, as a workbook."""
    hall = _hall(request, Role.HALL_MANAGER, Role.BUREAU)
    day = _day(request)
    first = day.replace(day=1)
    rows = windows.attendance(hall, first, day)
    columns: list[tuple[Any, int]] = [
        (_("Day"), 12), (_("Half-day"), 10), (_("Window"), 22), (_("Badge"), 10), (_("Clerk"), 14),
        (_("Attendance"), 14), (_("Came at"), 18), (_("Left at"), 18), (_("Leave"), 14),
    ]  # fmt: skip
    return workbook(
        "attendance",
        columns,
        (
            [
                r.shift.day, r.shift.get_half_display(), local(r.shift.counter), r.shift.person.badge, r.shift.person.name,
                ATTENDED[r.state](), r.came_at, r.left_at, r.leave.get_reason_display() if r.leave else "",
            ]
            for r in rows
        ),
    )  # fmt: skip


ATTENDED = {
    "planned": lambda: pgettext("attendance", "Planned"),
    "present": lambda: pgettext("attendance", "Present"),
    "late": lambda: pgettext("attendance", "Late"),
    "left_early": lambda: pgettext("attendance", "Left early"),
    "absent": lambda: pgettext("attendance", "Absent"),
    "leave": lambda: pgettext("attendance", "On leave"),
}
