"""Public pages of the sealed days: the log of roots, and the proof that one review was in it. And, for staff, whether the order
of the faces matters."""

from __future__ import annotations

import json
import re
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from onewindow.cases.views import staff
from onewindow.voice import orders, rules, sealing, tallies
from onewindow.voice.device_models import DayRoot

KEY = re.compile(r"[0-9a-f-]{32,40}", re.ASCII)
SCHEME = "RFC 6962, SHA-256"


def told(row: DayRoot) -> dict[str, Any]:
    """A line of the log as open data."""
    return {
        "day": row.day.isoformat(), "scheme": row.scheme, "reviews": row.reviews, "events": row.events, "visits": row.visits,
        "stands": row.stands, "root": row.root, "link": row.link,
    }  # fmt: skip


@require_safe
def roots(request: HttpRequest) -> HttpResponse:
    """Every sealed day with its root, newest first."""
    page = Paginator(DayRoot.objects.order_by("-day"), 31).get_page(request.GET.get("page"))
    return render(request, "voice/roots.html", {"page": page, "rows": list(page), "key": "", "found": None})


@require_safe
def roots_json(request: HttpRequest) -> HttpResponse:
    """The whole log, oldest first: a day a line is small, and only whole can the links be followed."""
    body = {"scheme": SCHEME, "days": [told(row) for row in DayRoot.objects.order_by("day")]}
    return HttpResponse(json.dumps(body), content_type="application/json")


@never_cache
@require_safe
def proof(request: HttpRequest) -> HttpResponse:
    """Whether the review with this number is in the root of its day, with all that is needed to work it out oneself."""
    key = "".join(request.GET.get("id", "").split()).lower()[:60]
    found = sealing.find(key) if KEY.fullmatch(key) else None
    inclusion = found if isinstance(found, sealing.Inclusion) else None
    if request.GET.get("format") == "json" and inclusion:
        body = {
            "scheme": SCHEME, "id": inclusion.key, "day": inclusion.day.isoformat(), "leaf": inclusion.leaf,
            "index": inclusion.index, "size": inclusion.size, "path": inclusion.path, "root": inclusion.root,
        }  # fmt: skip
        return HttpResponse(json.dumps(body), content_type="application/json")
    context = {
        "key": key,
        "inclusion": inclusion,
        "is_open": found is sealing.Unsealed.YET,
        "is_older": found is sealing.Unsealed.BEFORE,
        "is_unknown": bool(key) and found is None,
    }
    return render(request, "voice/proof.html", context, status=404 if context["is_unknown"] else 200)


@staff
@require_safe
def order(request: HttpRequest) -> HttpResponse:
    """What was said with the best face first and with the worst first: equal, if the order does not sway anybody."""
    if not rules.examines(request.user):
        raise PermissionDenied
    over = tallies.period(request.GET.get("period", ""))
    context = {
        "over": over,
        "months": tallies.months(over.until or over.last, 24) if over.until else [],
        "found": orders.compared(over),
        "least": orders.LEAST,
    }
    return render(request, "voice/order.html", context)
