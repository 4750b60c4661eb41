"""For everybody: which data the offices share, on which basis, and with whom (个人信息保护法 17, 35)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onewindow.exchange import log


@require_safe
def shared(request: HttpRequest) -> HttpResponse:
    """What we ask of one another so that nobody has to bring it."""
    return render(request, "exchange/shared.html", {"rows": log.shared(), "calls": log.year_of_calls()})
