"""评价 by the applicant's own link: five faces, the reasons of the chosen level, a text; no step needs a script."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from onewindow.voice import actions
from onewindow.voice.forms import RateForm
from onewindow.voice.models import Level, ReviewChannel, Touchpoint
from onewindow.window.models import Application
from onewindow.window.public import by_link
from onewindow.window.ways import Way, by_token

#: ``?via=`` of the addresses that we hand out.
CHANNELS = {"qr": ReviewChannel.QR, "sms": ReviewChannel.SMS}


@by_link
@require_http_methods(["GET", "HEAD", "POST"])
def rate_case(request: HttpRequest, a: Application) -> HttpResponse:
    """The verdict by the link."""
    return rate_page(request, by_token(a))


def rate_page(request: HttpRequest, way: Way) -> HttpResponse:
    """One touchpoint at a time, the newest first. A second try finds a kind word, not an error."""
    a = way.case
    open_now = actions.rateable(a)[::-1]
    asked = request.POST.get("touchpoint") or request.GET.get("touchpoint", "")
    touchpoint = asked if asked in open_now else next(iter(open_now), "")
    score = request.POST.get("score") or request.GET.get("score", "")
    level = Level(int(score)) if score in {str(n) for n in Level.values} else None
    here = {
        "a": a,
        "way": way,
        "touchpoint": Touchpoint(touchpoint) if touchpoint else None,
        "reached_at": actions.reached(a).get(touchpoint),
        "others": [Touchpoint(t) for t in open_now if t != touchpoint],
        "level": level,
        "reached": bool(actions.reached(a)),
    }
    if "thanks" in request.GET or not touchpoint or (asked and asked not in open_now):
        return render(
            request, "voice/rate_done.html", here | {"thanks": "thanks" in request.GET, "open_now": open_now}
        )
    form = RateForm(request.POST if request.method == "POST" else None, level=level) if level else None
    if request.method == "POST" and form and form.is_valid():
        try:
            actions.review(
                a,
                touchpoint,
                level=form.cleaned_data["score"],
                codes=form.cleaned_data["codes"],
                text=form.cleaned_data["text"],
                channel=CHANNELS.get(request.GET.get("via", ""), ReviewChannel.MOBILE),
            )
        except actions.NotPossible:  # somebody with the same link was faster
            return redirect(way.rate)
        return redirect(way.rate + "?thanks=1")
    status = 422 if request.method == "POST" else 200
    return render(request, "voice/rate.html", here | {"form": form}, status=status)
