"""Staff pages: the devices of a hall, and the low marks."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import instant
from onewindow.cases.export import workbook
from onewindow.cases.numbers import shown
from onewindow.cases.views import staff
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice import actions, evaluators, low_marks, rules
from onewindow.voice.forms import Filters, PairForm, WindowForm, windows_of
from onewindow.voice.models import Device, DeviceState
from onewindow.window import rate

#: Five wrong codes in a minute shut the door for a quarter of an hour (parts.md 1.2; RFC 8628, 5.1).
WRONG, MINUTE, LOCK = 5, 60, 900


def _locked(request: HttpRequest) -> bool:
    return any(cache.get(f"pair-lock:{who}") for who in _tries(request))


def _wrong(request: HttpRequest) -> None:
    for who in _tries(request):
        rate.count("pair", who, seconds=MINUTE)
        if rate.spent("pair", who, most=WRONG, seconds=MINUTE):
            cache.set(f"pair-lock:{who}", True, LOCK)


def _tries(request: HttpRequest) -> tuple[str, ...]:
    return (request.user.get_username(),)


def _only(request: HttpRequest, *roles: str) -> None:
    if not request.user.has_role(*roles):
        raise PermissionDenied


@staff
@require_safe
def devices(request: HttpRequest) -> HttpResponse:
    """Every window of the halls with its evaluator: in use, late or silent, and how many answers wait on it."""
    _only(request, Role.HALL_MANAGER, Role.BUREAU, Role.ADMIN)
    return _devices(request, PairForm(by=request.user))


def _devices(request: HttpRequest, form: PairForm, status: int = 200) -> HttpResponse:
    now = instant.now()
    found = Device.objects.seen_by(request.user).with_places().standing()
    rows = [(d, d.health(now), rules.runs(request.user, d.counter)) for d in found]
    used = [health for d, health, _mine in rows if d.state == DeviceState.ACTIVE]
    taken = {d.counter_id for d, _health, _mine in rows}
    context = {
        "rows": rows,
        "online": used.count("online"),
        "used": len(used),
        "waiting": sum(d.beat.waiting for d, _h, _m in rows if hasattr(d, "beat")),
        "bare": [c for c in windows_of(request.user).filter(has_device=True) if c.pk not in taken],
        "form": form if request.user.has_role(Role.HALL_MANAGER) else None,
    }
    return render(request, "voice/devices.html", context, status=status)


@staff
@require_POST
def pair(request: HttpRequest) -> HttpResponse:
    """The typed code → the page on which the numbers are compared; confirmed there, the device is put to its window."""
    _only(request, Role.HALL_MANAGER)
    if _locked(request):
        form = PairForm(by=request.user)
        messages.error(request, _("Too many wrong codes. Pairing is locked for 15 minutes."))
        return _devices(request, form, 429)
    form = PairForm(request.POST, by=request.user)
    if not form.is_valid():
        return _devices(request, form, 422)
    pairing, counter = evaluators.open_pairing(form.cleaned_data["code"]), form.cleaned_data["counter"]
    if pairing is None:
        _wrong(request)
        form.add_error(
            "code",
            _("No device shows this code now. Codes work for ten minutes; compare it with the screen."),
        )
        return _devices(request, form, 422)
    if "confirm" not in request.POST:
        before = Device.objects.seen_by(request.user).standing().filter(counter=counter).first()
        context = {"pairing": pairing, "counter": counter, "before": before}
        return render(request, "voice/device_confirm.html", context)
    try:
        evaluators.pair(pairing, counter, by=request.user)
    except actions.NotPossible as bad:
        messages.error(request, bad.text)
    else:
        messages.success(request, _("The device is paired with %(window)s.") % {"window": local(counter)})
    return redirect("devices")


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest, code: str) -> HttpResponse:
    """One device: where it stood, and what its manager can do with it."""
    _only(request, Role.HALL_MANAGER, Role.BUREAU, Role.ADMIN)
    found = Device.objects.seen_by(request.user).with_places().filter(code=code).first()
    if found is None:
        raise Http404
    mine = rules.runs(request.user, found.counter)
    form = WindowForm(
        request.POST if "move" in request.POST else None,
        by=request.user,
        initial={"counter": found.counter_id},
    )
    if request.method == "POST":
        if not mine:
            raise PermissionDenied
        if done := _act(request, found, form):
            messages.success(request, done)
            return redirect("devices")
    context = {
        "device": found,
        "health": found.health(instant.now()),
        "places": found.assignments.select_related("counter__hall").order_by("-from_at"),
        "form": form if mine and found.state != DeviceState.REVOKED else None,
        "mine": mine,
    }
    return render(request, "voice/device_facts.html", context, status=422 if form.errors else 200)


def _act(request: HttpRequest, found: Device, form: WindowForm) -> str:
    """What was done, in words; nothing if it could not be (a message or the form says why)."""
    by: Any = request.user
    try:
        if "move" in request.POST:
            if not form.is_valid():
                return ""
            evaluators.move(found, form.cleaned_data["counter"], by=by)
            return _("The device now belongs to %(window)s.") % {"window": local(found.counter)}
        if "suspend" in request.POST:
            evaluators.suspend(found, by=by)
            return _("The device is suspended.")
        if "reactivate" in request.POST:
            evaluators.reactivate(found, by=by)
            return _("The device is in use again.")
        if "revoke" in request.POST:
            evaluators.revoke(found, by=by)
            return _("The device is revoked. To use it again, pair it anew.")
    except actions.NotPossible as bad:
        messages.error(request, bad.text)
    return ""


# --- low marks ---------------------------------------------------------------------------------------------

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
