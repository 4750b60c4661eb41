"""Staff pages of the evaluators: the tiles of the halls, pairing by code and by printed slips, one device."""

from __future__ import annotations

import csv
import datetime as dt
import math
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
from django.utils.translation import ngettext, pgettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import instant
from onewindow.cases.export import safe, workbook
from onewindow.cases.views import staff
from onewindow.org.roles import Role
from onewindow.org.sealed import digest
from onewindow.org.templatetags.ow import local
from onewindow.voice import alarms, device_board, enrol, evaluators, placing, rules, stands
from onewindow.voice.actions import NotPossible
from onewindow.voice.device_forms import DeviceFilters, PairForm, PlaceForm, SlipsForm, WindowForm
from onewindow.voice.device_models import DeviceAlarm, HallVerdict
from onewindow.voice.models import Device, DeviceKind, DeviceState, Pairing
from onewindow.window import rate

#: Five wrong codes in a minute, of one person or from one address, shut the door for a quarter of an hour (RFC 8628, 5.1).
WRONG, MINUTE, LOCK = 5, 60, 900
READERS = (Role.HALL_MANAGER, Role.BUREAU, Role.ADMIN)


def _locked_answer(request: HttpRequest) -> HttpResponse | None:
    """429 while the door is shut: until when, and what else can be done meanwhile."""
    until = max((cache.get(key, 0) for key in _locks(request)), default=0)
    left = until - instant.now().timestamp()
    if left <= 0:
        return None
    minutes = max(1, round(left / 60))
    messages.error(
        request,
        ngettext(
            "Five wrong codes within a minute: pairing by code is locked for %(n)s more minute. Slips can be printed "
            "meanwhile, and work.",
            "Five wrong codes within a minute: pairing by code is locked for %(n)s more minutes. Slips can be printed "
            "meanwhile, and work.",
            minutes,
        )
        % {"n": minutes},
    )
    answer = _devices(request, status=429)
    answer["Retry-After"] = str(math.ceil(left))
    return answer


def _wrong(request: HttpRequest) -> None:
    for who, lock in zip(_tries(request), _locks(request), strict=True):
        rate.count("pair", who, seconds=MINUTE)
        if rate.spent("pair", who, most=WRONG, seconds=MINUTE):
            cache.set(lock, instant.now().timestamp() + LOCK, LOCK)


def _tries(request: HttpRequest) -> tuple[str, str]:
    """Whose tries are counted: the person's, from wherever; and the address's, whoever it is."""
    return f"person {request.user.get_username()}", f"address {rate.address(request)}"


def _locks(request: HttpRequest) -> list[str]:
    """Names of the locks; the cache knows neither names nor addresses."""
    return [f"pair-lock:{digest(who)}" for who in _tries(request)]


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
    asked = device_board.questions([tile.counter.pk for tile in found.tiles if tile.counter])
    words = dict(DeviceFilters.STATES)
    columns: list[tuple[Any, int]] = [
        (_("Hall"), 24), (_("Window or place"), 22), (_("Kind of device"), 16), (_("State"), 14),
        (_("Device"), 12), (_("Last heard of"), 18), (_("Answers waiting"), 10), (_("Oldest (minutes)"), 10),
        (_("Assurance"), 10), (_("Version"), 10), (_("Alarms"), 40), (_("Asked (30 days)"), 10),
        (pgettext("prompt", "Answered"), 10), (_("Skipped"), 10), (_("Touched, not submitted"), 12), (_("Asked again"), 10),
    ]  # fmt: skip

    def line(tile: device_board.Tile) -> list[Any]:
        device, said = tile.device, device_board.Asked()
        if tile.counter is not None:
            said = asked.get(tile.counter.pk, said)
        beat = getattr(device, "beat", None)
        assurance = {"high": _("signed"), "low": _("low")}
        return [
            local(tile.hall), tile.name, str(DeviceKind(tile.kind).label), str(words[tile.state]), device.code if device else "",
            beat.seen_at if beat else "", tile.waiting, tile.oldest_minutes if tile.oldest else "",
            assurance[device.assurance] if device else "", device.app_version if device else "",
            "；".join(str(alarm.get_kind_display()) for alarm in tile.alarms),
            said.asked, said.answered, said.declined, said.abandoned, said.again,
        ]  # fmt: skip

    return workbook("evaluators", columns, (line(t) for _h, tiles in found.halls for t in tiles))


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def pair(request: HttpRequest) -> HttpResponse:
    """The typed code → the page on which the numbers are compared (the device is *pending*); confirmed there, it is put to
    its window or place."""
    _only(request, Role.HALL_MANAGER)
    if request.method != "POST":  # loaded again, or gone back to: the form stands on the page of devices
        return redirect(f"{reverse('devices')}#pair")
    if (locked := _locked_answer(request)) is not None:
        return locked
    form = PairForm(request.POST, by=request.user)
    if not form.is_valid():
        return _devices(request, form, 422)
    pairing = placing.open_pairing(form.cleaned_data["code"])
    if pairing is None:
        _wrong(request)
        form.add_error(
            "code",
            _("No device shows this code now. Codes work for ten minutes; compare it with the screen."),
        )
        return _devices(request, form, 422)
    counter = form.cleaned_data["counter"]
    if pairing.kind == DeviceKind.EVALUATOR:
        if counter is None:
            form.add_error("counter", _("This is an evaluator: choose the window at which it stands."))
            return _devices(request, form, 422)
        placing.propose(pairing, counter=counter, by=request.user)
        return _compare(request, pairing)
    place = PlaceForm(request.POST if "hall" in request.POST else None, by=request.user)
    if not place.is_valid():
        return _compare(request, pairing, place)
    said = place.cleaned_data
    placing.propose(pairing, hall=said["hall"], place=" ".join(said["place"].split()), by=request.user)
    return _compare(request, pairing)


def _compare(request: HttpRequest, pairing: Pairing, place: PlaceForm | None = None) -> HttpResponse:
    """The page of the two numbers; for a device of the hall first where it stands. Confirmed here at once if asked to."""
    device = pairing.device if place is None else None
    if device is not None and "confirm" in request.POST:
        return _confirm(request, device)
    before = None
    if device is not None and device.counter_id:
        before = Device.objects.seen_by(request.user).at_window(device.counter_id).first()
    context = {"pairing": pairing, "device": device, "before": before, "place": place}
    return render(
        request, "voice/device_confirm.html", context, status=422 if place and place.is_bound else 200
    )


def _confirm(request: HttpRequest, device: Device) -> HttpResponse:
    try:
        placing.confirm(device, by=request.user)
    except NotPossible as bad:
        messages.error(request, bad.text)
    else:
        messages.success(
            request, _("The device is paired with %(window)s.") % {"window": _place_name(device)}
        )
    return redirect("devices")


def _place_name(device: Device) -> Any:
    """The window, or the hall and where in it."""
    return local(device.counter) if device.counter else f"{local(device.hall)} {device.place}".strip()


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def slips(request: HttpRequest) -> HttpResponse:
    """A sheet of slips with a code for each window, to be printed (or as CSV for a print shop). The codes are shown once:
    the database has only their digests."""
    _only(request, Role.HALL_MANAGER)
    if request.method != "POST":  # the codes are shown once; a page loaded again has none
        return redirect(f"{reverse('devices')}#pair")
    form = SlipsForm(request.POST, by=request.user)
    if not form.is_valid():
        said = next(iter(form.errors.values()))[0]
        messages.error(request, said if form.cleaned_data.get("kind") else _("Choose one of your halls."))
        return _devices(request, status=422)
    made = enrol.print_for(form.spots(), by=request.user)
    if "csv" in request.POST:
        answer = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
        answer["Content-Disposition"] = 'attachment; filename="device-slips.csv"'
        rows = csv.writer(answer)
        rows.writerow(["hall", "hall_name", "kind", "window", "window_name", "url", "expires_at"])
        for slip in made:
            spot = slip.spot
            names = [spot.hall.code, safe(spot.hall.name), spot.kind]
            names += [spot.counter.code, safe(spot.counter.name)] if spot.counter else ["", safe(spot.place)]
            rows.writerow([*names, _address(slip), slip.row.expires_at.isoformat(timespec="seconds")])
        return answer
    sheet = [
        (slip, segno.make(_address(slip), error="m", micro=False).svg_data_uri(border=2, omitsize=True))
        for slip in made
    ]
    return render(request, "voice/device_slips.html", {"sheet": sheet})


def _address(slip: enrol.Slip) -> str:
    """The page of that kind of device, with the token behind the ``#``, which no server and no log ever sees."""
    kind = slip.spot.kind
    page = reverse("device") if kind == DeviceKind.EVALUATOR else reverse(f"device_{kind}")
    return f"{settings.BASE_URL}{page}#enrol={slip.token}"


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def device(request: HttpRequest, code: str) -> HttpResponse:
    """One device: how it is, where it stood, and what its manager can do with it."""
    _only(request, *READERS)
    found = Device.objects.seen_by(request.user).with_places().filter(code=code).first()
    if found is None:
        raise Http404
    mine = rules.runs(request.user, found.hall)
    given = request.POST if "move" in request.POST else None
    form: WindowForm | PlaceForm
    if found.is_evaluator:
        form = WindowForm(given, by=request.user, initial={"counter": found.counter_id})
    else:
        form = PlaceForm(given, by=request.user, initial={"hall": found.hall_id, "place": found.place})
    if request.method == "POST":
        if not mine:
            raise PermissionDenied
        if done := _act(request, found, form):
            messages.success(request, done)
            is_here = any(name in request.POST for name in ("roll", "seen", "retire", "keep"))
            return redirect("device_facts", found.code) if is_here else redirect("devices")
    asked = None
    if found.is_evaluator:
        asked = device_board.questions([found.counter_id]).get(found.counter_id, device_board.Asked())
    said = None
    if found.kind == DeviceKind.FEEDBACK:
        since = instant.now() - dt.timedelta(days=device_board.DAYS)
        rows = HallVerdict.objects.filter(device=found)
        said = next(iter(stands.by_hall(rows, since)), None)
    context = {
        "device": found,
        "health": found.health(instant.now()),
        "places": found.assignments.select_related("counter", "hall").order_by("-from_at"),
        "chains": found.chains.order_by("-started_at")[:5],
        "alarms": found.alarms.order_by("closed_at", "-opened_at")[:20],
        "form": form if mine and not found.is_over and found.state != DeviceState.PENDING else None,
        "steps": found.steps.all(),
        "asked": asked,
        "said": said,
        "channel": stands.CHANNEL.label,
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
            placing.move(found, **form.cleaned_data, by=by)
            return _("The device now belongs to %(window)s.") % {"window": _place_name(found)}
        if "confirm" in request.POST:
            placing.confirm(found, by=by)
            return _("The device is paired with %(window)s.") % {"window": _place_name(found)}
        if "retire" in request.POST:
            if placing.retire(found, by=by):
                return _("The device is retired.")
            return _("The device takes nothing more, sends what it has, and is retired then.")
        if "keep" in request.POST:
            placing.keep_on(found, by=by)
            return _("The device stays in service.")
        if "suspend" in request.POST:
            placing.suspend(found, by=by)
            return _("The device is suspended.")
        if "reactivate" in request.POST:
            placing.reactivate(found, by=by)
            return _("The device is in use again.")
        if "roll" in request.POST:
            placing.ask_to_roll(found, by=by)
            return _("The device fetches a new secret with its next heartbeat, within about a minute.")
        if "revoke" in request.POST:
            placing.revoke(found, by=by)
            if found.state == DeviceState.REVOKED and found.steps.last().before == DeviceState.PENDING:
                return _("The device was not paired.")
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
