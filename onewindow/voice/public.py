"""评价 by the applicant's own link: five faces, the reasons of the chosen level, a text; no step needs a script.

The same page changes a review within the day, and takes a second one after it (see :mod:`onewindow.voice.again`).
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from onewindow.cases import instant
from onewindow.org.sealed import digest
from onewindow.voice import actions, again
from onewindow.voice.forms import RateForm
from onewindow.voice.models import Level, ReviewChannel, Touchpoint
from onewindow.window import rate
from onewindow.window.models import Application
from onewindow.window.public import by_link
from onewindow.window.ways import Way, by_token

#: ``?via=`` of the addresses that we hand out.
CHANNELS = {"qr": ReviewChannel.QR, "sms": ReviewChannel.SMS}


def origin_of(request: HttpRequest) -> str:
    """The same for the same browser in the same network on the same day, and good for nothing else: a keyed digest that
    changes every day, so that nobody is followed."""
    today = timezone.localdate(instant.now())
    return digest(f"{today}|{rate.address(request)}|{request.headers.get('User-Agent', '')[:300]}")[:32]


def _asked(request: HttpRequest, name: str) -> str:
    return request.POST.get(name) or request.GET.get(name, "")


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def rate_case(request: HttpRequest, a: Application) -> HttpResponse:
    """The verdict by the link."""
    return rate_page(request, by_token(a))


def rate_page(request: HttpRequest, way: Way) -> HttpResponse:
    """One touchpoint at a time, the newest first. A second try finds what was said, and what can still be done about it."""
    a = way.case
    said = again.said(a)
    open_now = actions.rateable(a)[::-1]
    asked, mode = _asked(request, "touchpoint"), _asked(request, "again")
    standing = next((s for s in said if s.touchpoint == asked), None)
    if mode == "change" and standing and standing.can_change:
        takes, may = again.change, [asked]
    elif mode == "add" and standing and standing.can_add:
        takes, may = again.add, [asked]
    else:
        mode, takes, may = "", actions.review, open_now
    touchpoint = asked if asked in may else next(iter(may), "")
    here = {
        "a": a,
        "way": way,
        "touchpoint": Touchpoint(touchpoint) if touchpoint else None,
        "reached_at": actions.reached(a).get(touchpoint),
        "others": [Touchpoint(t) for t in open_now if t != touchpoint],
        "reached": bool(actions.reached(a)),
        "said": said,
        "mode": mode,
        "standing": standing if mode else None,
    }
    if "thanks" in request.GET or not touchpoint or (asked and asked not in may):
        done = {"thanks": "thanks" in request.GET, "open_now": open_now}
        return render(request, "voice/rate_done.html", here | done)
    return _form(request, way, touchpoint, takes, here)


def _form(request: HttpRequest, way: Way, touchpoint: str, takes: Any, here: dict[str, Any]) -> HttpResponse:
    score = _asked(request, "score")
    level = Level(int(score)) if score in {str(n) for n in Level.values} else None
    form = RateForm(request.POST if request.method == "POST" else None, level=level) if level else None
    if request.method == "POST" and form and form.is_valid():
        try:
            takes(
                way.case,
                touchpoint,
                level=form.cleaned_data["score"],
                codes=form.cleaned_data["codes"],
                text=form.cleaned_data["text"],
                channel=CHANNELS.get(request.GET.get("via", ""), ReviewChannel.MOBILE),
                origin=origin_of(request),
            )
        except actions.NotPossible:  # somebody with the same link was faster, or the day has just ended
            return redirect(way.rate)
        return redirect(way.rate + "?thanks=1")
    status = 422 if request.method == "POST" else 200
    return render(request, "voice/rate.html", here | {"level": level, "form": form}, status=status)
