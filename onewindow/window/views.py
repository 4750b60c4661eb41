"""What an enterprise's account sees: its own applications, each with the link to its status page."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from onewindow.cases import desk
from onewindow.org.roles import Role
from onewindow.window.models import Application, Status

MOST = 200


@login_required
@require_safe
def my(request: HttpRequest) -> HttpResponse:
    """我的办件: the enterprise's applications; first those that wait for it, then the open ones, then the rest."""
    person: Any = request.user
    if not person.has_role(Role.ENTERPRISE) or not person.uscc:
        raise PermissionDenied
    mine = Application.objects.seen_by(person).held_by(person.uscc).with_facts()
    newest = mine.order_by("-opened_at", "-id")[:MOST]
    rows = [
        {
            "case": a,
            "light": desk.light(a),
            "left": desk.left(a),
            "status": Status(a.status).label,
            "waits": a.status == Status.CORRECTING,
        }
        for a in newest
    ]
    rows.sort(key=lambda row: (not row["waits"], not row["case"].is_open))
    response = render(request, "window/application_my.html", {"rows": rows, "most": MOST})
    response["Cache-Control"] = "private, no-store"
    return response
