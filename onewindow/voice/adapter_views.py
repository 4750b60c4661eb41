"""Adapters: the page that an old evaluator opens, its management by the hall, and the reports to the province."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from onewindow.cases import instant
from onewindow.cases.views import staff
from onewindow.org.models import Counter, Hall
from onewindow.org.roles import Role
from onewindow.voice import legacy, province, province_line
from onewindow.voice.actions import NotPossible
from onewindow.voice.forms import RateForm
from onewindow.voice.legacy_models import LegacyHall, LegacyUrl
from onewindow.voice.models import IN_USE, Level, Touchpoint
from onewindow.voice.province_models import ProvinceReport, ReportState
from onewindow.window import rate
from onewindow.window.public import SPAN, TRIES, confidential, missing, too_many

#: Seconds after which an idle page asks again by itself.
IDLE = 5
#: Seconds that somebody has for reasons and words.
WRITING = 300


@csrf_exempt  # no cookie can be asked of such a device; the question's own key (128 bits) is the proof
@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def evaluator(request: HttpRequest, code: str) -> HttpResponse:
    """What an old evaluator shows: the question of its window, or a welcome that asks again by itself."""
    who = rate.address(request)
    if rate.spent("legacy", who, most=TRIES, seconds=SPAN):
        return too_many(request)
    device = legacy.device_of(code)
    if device is None:
        rate.count("legacy", who, seconds=SPAN)
        return missing(request)
    key = request.POST.get("q") or request.GET.get("q", "")
    if request.method == "POST" and "skip" in request.POST:
        return _done(request, device, key, None, {})
    score = request.POST.get("score") or request.GET.get("score", "")
    level = Level(int(score)) if score in {str(n) for n in Level.values} else None
    form = RateForm(request.POST if request.method == "POST" else None, level=level) if level else None
    if request.method == "POST" and form is not None and form.is_valid():
        said = form.cleaned_data
        return _done(request, device, key, said["score"], {"codes": said["codes"], "text": said["text"]})
    prompt = legacy.waiting(device)
    if "thanks" in request.GET and prompt is None:
        context: dict[str, Any] = {"thanks": True, "again": IDLE}
    elif prompt is None:
        context = {"again": IDLE}
    else:
        same = prompt.key == key
        context = {
            "prompt": prompt, "question": prompt.key, "touchpoint": Touchpoint(prompt.touchpoint),
            "level": level if same else None, "form": form if same else None, "mode": "",
            "again": max(IDLE, round((prompt.expires_at - instant.now()).total_seconds())),
        }  # fmt: skip
    answer = render(request, "voice/legacy.html", context | {"device": device})
    # the device stands alone: it must find back to the next question by itself, but nobody who is writing is interrupted
    again = max(context["again"], WRITING) if context.get("level") else context["again"]
    answer["Refresh"] = f"{again};url={request.path}"
    return answer


def _done(
    request: HttpRequest, device: Any, key: str, level: int | None, more: dict[str, Any]
) -> HttpResponse:
    try:
        legacy.answer(device, key, level=level, **more)
    except NotPossible:  # answered by phone meanwhile, or the question of somebody who has left
        return redirect(request.path)
    return redirect(f"{request.path}?thanks=1")


# --- the hall ------------------------------------------------------------------------------------------------


def _halls(request: HttpRequest) -> Any:
    mine = request.user.halls_as(Role.HALL_MANAGER)
    if not mine and not request.user.has_role(Role.BUREAU, Role.ADMIN):
        raise PermissionDenied
    return Hall.objects.order_by("code") if not mine else Hall.objects.filter(pk__in=mine).order_by("code")


@staff
@require_http_methods(["GET", "HEAD", "POST"])
def manage(request: HttpRequest) -> HttpResponse:
    """Old evaluators by hall and window: on or off, addresses, when each was last heard of."""
    halls = _halls(request)
    if request.method == "POST":
        return _change(request, halls)
    on = set(LegacyHall.objects.values_list("hall_id", flat=True))
    urls = LegacyUrl.objects.filter(device__state__in=IN_USE, device__hall__in=halls)
    at = {u.device.counter_id: u for u in urls.select_related("device__beat")}
    counters = Counter.objects.filter(hall__in=[h for h in halls if h.pk in on], has_device=True)
    rows = [(c, at.get(c.pk)) for c in counters.select_related("hall").order_by("hall__code", "code")]
    context = {
        "halls": [(h, h.pk in on) for h in halls],
        "rows": rows,
        "runs": bool(request.user.halls_as(Role.HALL_MANAGER)),
        "base": request.build_absolute_uri("/e/"),
    }
    return render(request, "voice/legacy_manage.html", context)


def _change(request: HttpRequest, halls: Any) -> HttpResponse:
    hall = halls.filter(code=request.POST.get("hall", "").replace("\0", "")).first()
    if hall is None or hall.pk not in request.user.halls_as(Role.HALL_MANAGER):
        raise PermissionDenied
    act, counter = request.POST.get("act", ""), request.POST.get("counter", "").replace("\0", "")
    try:
        if act in ("on", "off"):
            legacy.switch(hall, act == "on", by=request.user)
        elif found := Counter.objects.filter(hall=hall, code=counter).select_related("hall").first():
            legacy.give(found, by=request.user)
            messages.success(request, _("The window has a new address; the old one opens nothing any more."))
    except NotPossible as no:
        messages.error(request, no.text)
    return redirect("legacy_manage")


# --- the province --------------------------------------------------------------------------------------------


@staff
@require_safe
def reports(request: HttpRequest) -> HttpResponse:
    """What goes to the province: how much waits and since when, what is stuck and why, the last receipts."""
    if not request.user.has_role(Role.BUREAU, Role.ADMIN):
        raise PermissionDenied
    rows = ProvinceReport.objects.order_by("-id")
    counts = {
        r["state"]: r for r in rows.order_by().values("state").annotate(n=Count("pk"), oldest=Min("made_at"))
    }
    name, wrong = "", ""
    try:
        name = province.load(settings.PROVINCE_MAP).name if province.is_connected() else ""
    except province.BadMap as bad:
        wrong = str(bad)
    context = {
        "name": name,
        "wrong": wrong,
        "connected": province.is_connected(),
        "outage": province_line.outage() if province.is_connected() else None,
        "states": [(s, counts.get(s, {"n": 0, "oldest": None})) for s in ReportState],
        "stuck": list(rows.filter(state=ReportState.STUCK).select_related(*province.PLACES)[:50]),
        "sent": list(rows.filter(state=ReportState.SENT).select_related(*province.PLACES)[:20]),
        "may_send": request.user.has_role(Role.BUREAU, Role.ADMIN),
    }
    return render(request, "voice/province.html", context)


@staff
@require_POST
def reports_again(request: HttpRequest) -> HttpResponse:
    """Everything that is stuck is sent once more."""
    if not request.user.has_role(Role.BUREAU, Role.ADMIN):
        raise PermissionDenied
    n = province.send_again()
    messages.success(request, _("Sent once more: %(n)s.") % {"n": n})
    return redirect("review_province")
