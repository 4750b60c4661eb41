"""评价 by the applicant's own link: five faces, the reasons of the chosen level, a text; no step needs a script.

The same page changes a review within the day, and takes a second one after it (see :mod:`onewindow.voice.again`).
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from onewindow.cases import instant
from onewindow.cases.rules import applicant_of
from onewindow.org.sealed import digest
from onewindow.voice import actions, again, inviting
from onewindow.voice.forms import RateForm
from onewindow.voice.invitation_models import Invitation
from onewindow.voice.models import Level, ReviewChannel, Touchpoint
from onewindow.window import rate
from onewindow.window.models import Application
from onewindow.window.public import SPAN, TRIES, by_link, confidential, missing, too_many
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


def _found(request: HttpRequest, code: str) -> tuple[Invitation, Application] | HttpResponse:
    """The invitation of a code; wrong codes are counted and, after some, no longer looked up."""
    who = rate.address(request)
    if rate.spent("invited", who, most=TRIES, seconds=SPAN):
        return too_many(request)
    if (found := inviting.by_code(code)) is None:
        rate.count("invited", who, seconds=SPAN)
        return missing(request)
    return found


@confidential
@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest, code: str) -> HttpResponse:
    """The verdict by the link of our message: one touchpoint, nothing else of the case."""
    if isinstance(found := _found(request, code), HttpResponse):
        return found
    invitation, a = found
    english, lang = a.lang.startswith("en"), request.GET.get("lang")
    if not lang and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and english:
        return redirect(f"{request.path}?lang=en")
    inviting.opened(invitation, request)
    return rate_page(request, Way(a, applicant_of(a), "invited", code), only=invitation.touchpoint)


@confidential
@require_POST
def invited_stop(request: HttpRequest, code: str) -> HttpResponse:
    """Not to be asked by message any more, or again."""
    if isinstance(found := _found(request, code), HttpResponse):
        return found
    a = found[1]
    if a.mobile:
        (inviting.resume if "again" in request.POST else inviting.stop)(a.mobile_digest)
    return redirect("invited_rate", code)


def rate_page(request: HttpRequest, way: Way, only: str = "") -> HttpResponse:
    """One touchpoint at a time, the newest first. A second try finds what was said, and what can still be done about it.
    ``only``: the touchpoint to which the way leads; the rest of the case stays closed on it."""
    a = way.case
    said = [s for s in again.said(a) if only in ("", s.touchpoint)]
    open_now = [t for t in actions.rateable(a)[::-1] if only in ("", t)]
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
        "narrow": bool(only),
        "stopped": bool(only) and inviting.is_stopped(a.mobile_digest),
    }
    if "thanks" in request.GET or not touchpoint or (asked and asked not in may):
        done = {"thanks": "thanks" in request.GET, "open_now": open_now}
        return render(request, "voice/rate_done.html", here | done)
    return _form(request, way, touchpoint, takes, here)


def _form(request: HttpRequest, way: Way, touchpoint: str, takes: Any, here: dict[str, Any]) -> HttpResponse:
    score = _asked(request, "score")
    level = Level(int(score)) if score in {str(n) for n in Level.values} else None
    form = RateForm(request.POST if request.method == "POST" else None, level=level) if level else None
    channel = CHANNELS.get("sms" if here["narrow"] else request.GET.get("via", ""), ReviewChannel.MOBILE)
    if request.method == "POST" and form and form.is_valid():
        try:
            takes(
                way.case,
                touchpoint,
                level=form.cleaned_data["score"],
                codes=form.cleaned_data["codes"],
                text=form.cleaned_data["text"],
                channel=channel,
                origin=origin_of(request),
            )
        except actions.NotPossible:  # somebody with the same link was faster, or the day has just ended
            return redirect(way.rate)
        return redirect(way.rate + "?thanks=1")
    status = 422 if request.method == "POST" else 200
    return render(request, "voice/rate.html", here | {"level": level, "form": form}, status=status)
