"""Staff pages of the evaluators: the tiles of the halls, pairing by code and by printed slips, one device."""

from __future__ import annotations

import csv
from typing import Any

import segno
from django.conf import settings
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import instant
from onewindow.cases.export import safe, workbook
from onewindow.cases.views import staff
from onewindow.org.roles import Role
from onewindow.org.templatetags.ow import local
from onewindow.voice import alarms, device_board, enrol, evaluators, rules
from onewindow.voice.actions import NotPossible
from onewindow.voice.device_forms import DeviceFilters, PairForm, SlipsForm, WindowForm
from onewindow.voice.device_models import DeviceAlarm
from onewindow.voice.models import Device, DeviceState
from onewindow.window import rate

#: Five wrong codes in a minute shut the door for a quarter of an hour (parts.md 1.2; RFC 8628, 5.1).
WRONG, MINUTE, LOCK = 5, 60, 900
READERS = (Role.HALL_MANAGER, Role.BUREAU, Role.ADMIN)


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
    """Every window of the halls with its evaluator: in use, late or silent, what waits on it, and what is wrong."""
    _only(request, *READERS)
    return _devices(request)


def _devices(request: HttpRequest, form: Any = None, status: int = 200) -> HttpResponse:
    by: Any = request.user
    filters = DeviceFilters(request.GET, by=by)
    found = device_board.board(by, filters.asked)
    is_manager = by.has_role(Role.HALL_MANAGER)
    context = {
        "board": found,
        "filters": filters,
        "total": len(found.tiles),
        "form": (form or PairForm(by=by)) if is_manager else None,
        "slips": SlipsForm(by=by) if is_manager else None,
    }
    return render(request, "voice/devices.html", context, status=status)


@staff
@require_safe
def export(request: HttpRequest) -> Any:
    """The same list as a workbook, with what became of the questions of the last thirty days."""
    _only(request, *READERS)
    found = device_board.board(request.user, DeviceFilters(request.GET, by=request.user).asked)
    asked = device_board.questions([tile.counter.pk for tile in found.tiles])
    words = dict(DeviceFilters.STATES)
    columns: list[tuple[Any, int]] = [
        (_("Hall"), 24), (_("Window"), 22), (_("State"), 14), (_("Device"), 12), (_("Last heard of"), 18),
        (_("Answers waiting"), 10), (_("Oldest (minutes)"), 10), (_("Assurance"), 10), (_("Version"), 10), (_("Alarms"), 40),
        (_("Asked (30 days)"), 10), (pgettext("prompt", "Answered"), 10), (_("Skipped"), 10), (_("Touched, not submitted"), 12),
        (_("Asked again"), 10),
    ]  # fmt: skip

    def line(tile: device_board.Tile) -> list[Any]:
        device, said = tile.device, asked.get(tile.counter.pk, device_board.Asked())
        beat = getattr(device, "beat", None)
        assurance = {"high": _("signed"), "low": _("low")}
        return [
            local(tile.counter.hall), local(tile.counter), str(words[tile.state]), device.code if device else "",
            beat.seen_at if beat else "", tile.waiting, tile.oldest_minutes if tile.oldest else "",
            assurance[device.assurance] if device else "", device.app_version if device else "",
            "；".join(str(alarm.get_kind_display()) for alarm in tile.alarms),
            said.asked, said.answered, said.declined, said.abandoned, said.again,
        ]  # fmt: skip

    return workbook("evaluators", columns, (line(t) for _h, tiles in found.halls for t in tiles))


@staff
@require_POST
def pair(request: HttpRequest) -> HttpResponse:
    """The typed code → the page on which the numbers are compared; confirmed there, the device is put to its window."""
    _only(request, Role.HALL_MANAGER)
    if _locked(request):
        messages.error(request, _("Too many wrong codes. Pairing is locked for 15 minutes."))
        return _devices(request, status=429)
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
    except NotPossible as bad:
        messages.error(request, bad.text)
    else:
        messages.success(request, _("The device is paired with %(window)s.") % {"window": local(counter)})
    return redirect("devices")


@staff
@require_POST
def slips(request: HttpRequest) -> HttpResponse:
    """A sheet of slips with a code for each window, to be printed (or as CSV for a print shop). The codes are shown once:
    the database has only their digests."""
    _only(request, Role.HALL_MANAGER)
    form = SlipsForm(request.POST, by=request.user)
    if not form.is_valid():
        messages.error(request, _("Choose one of your halls."))
        return _devices(request, status=422)
    made = enrol.print_slips(form.windows(), by=request.user)
    base = f"{settings.BASE_URL}{reverse('device')}#enrol="
    if "csv" in request.POST:
        answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="evaluator-slips.csv"'
        rows = csv.writer(answer)
        rows.writerow(["hall", "hall_name", "window", "window_name", "url", "expires_at"])
        for slip in made:
            c = slip.counter
            names = [c.hall.code, safe(c.hall.name), c.code, safe(c.name)]
            rows.writerow([*names, base + slip.token, slip.row.expires_at.isoformat(timespec="seconds")])
        return answer
    sheet = [
        (slip, segno.make(base + slip.token, error="m", micro=False).svg_data_uri(border=2, omitsize=True))
        for slip in made
    ]
    return render(request, "voice/device_slips.html", {"sheet": sheet})


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest, code: str) -> HttpResponse:
    """One device: how it is, where it stood, and what its manager can do with it."""
    _only(request, *READERS)
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
            is_here = "roll" in request.POST or "seen" in request.POST
            return redirect("device_facts", found.code) if is_here else redirect("devices")
    asked = device_board.questions([found.counter_id]).get(found.counter_id, device_board.Asked())
    context = {
        "device": found,
        "health": found.health(instant.now()),
        "places": found.assignments.select_related("counter__hall").order_by("-from_at"),
        "chains": found.chains.order_by("-started_at")[:5],
        "alarms": found.alarms.order_by("closed_at", "-opened_at")[:20],
        "form": form if mine and found.state != DeviceState.REVOKED else None,
        "asked": asked,
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
        if "roll" in request.POST:
            evaluators.ask_to_roll(found, by=by)
            return _("The device fetches a new secret with its next heartbeat, within about a minute.")
        if "revoke" in request.POST:
            evaluators.revoke(found, by=by)
            return _("The device is revoked. To use it again, pair it anew.")
        if "seen" in request.POST:
            kind = request.POST["seen"]
            alarm = DeviceAlarm.objects.seen_by(by).open().filter(device=found, kind=kind).first()
            if alarm is not None:
                alarms.looked_at(alarm, by=by)
            return _("Noted that you have seen to it.")
    except NotPossible as bad:
        messages.error(request, bad.text)
    return ""


@staff
@require_POST
def ask_again(request: HttpRequest) -> HttpResponse:
    """The clerk at a window has the last question put once more; it is written down who asked for it."""
    _only(request, Role.CLERK)
    try:
        evaluators.ask_again(by=request.user)
    except NotPossible as bad:
        messages.error(request, bad.text)
    else:
        messages.success(request, _("The evaluator asks once more."))
    return redirect("workbench")
