"""The page of one visit for those who answer for the hall."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onewindow.cases.views import staff
from onewindow.hall import visits
from onewindow.hall.views import READERS


@staff
@require_safe
def visit(request: HttpRequest, key: int) -> HttpResponse:
    """到访: the visit of one ticket – its tickets, the applications made in it, and what was said of it."""
    person: Any = request.user
    if not person.has_role(*READERS):
        raise PermissionDenied
    found = visits.of_ticket(key, person)
    if found is None:
        raise Http404
    its, tickets_ = found
    cases, numbers = visits.applications(tickets_, person)
    panels = [p for panel in visits.PANELS if (p := panel(its, tickets_, numbers, person))]
    context = {
        "visit": its,
        "courses": visits.courses(tickets_),
        "cases": cases,
        "hidden": len(numbers) - len(cases),
        "panels": [{"template": template, **more} for template, more in panels],
    }
    return render(request, "hall/visit.html", context)
