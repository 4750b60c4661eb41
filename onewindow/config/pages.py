"""Addresses that belong to the whole instance: health, figures, the sign-in history, and doors that stay shut."""

from __future__ import annotations

import hmac
import re

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path, re_path
from django.views.decorators.http import require_safe

from onewindow.config import health
from onewindow.org.models import SignIn
from onewindow.org.roles import Role

ROWS = 50
CURSOR = re.compile(r"[0-9]{1,18}")


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers. Asks nothing of the database, so a slow one does not get healthy processes killed."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Ready to serve people: every check by name; 503 as soon as one does not hold."""
    found = health.readiness()
    ready = all(check.ok for check in found.values())
    checks = {name: {"ok": check.ok, "says": check.says} for name, check in found.items()}
    answer = JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)
    answer["Cache-Control"] = "no-store"
    return answer


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Figures for Prometheus: with the token of the settings, or without one from this very machine only.

    ``REMOTE_ADDR`` behind a proxy on the same machine is the loopback too; whoever has one sets the token.
    """
    token = settings.METRICS_TOKEN
    if token:
        given = request.headers.get("Authorization", "")
        allowed = hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    else:
        direct = "X-Forwarded-For" not in request.headers and "Forwarded" not in request.headers
        allowed = direct and request.META.get("REMOTE_ADDR") in ("127.0.0.1", "::1")
    if not allowed:
        raise Http404
    answer = HttpResponse(health.exposition(), content_type="text/plain; version=0.0.4; charset=utf-8")
    answer["Cache-Control"] = "no-store"
    return answer


@login_required
@require_safe
def sign_in_history(request: HttpRequest) -> HttpResponse:
    """When and from where I (the administrator: anybody) signed in, tried to, or was locked out."""
    sees_all = request.user.has_role(Role.ADMIN)
    who = request.GET.get("who", "").strip()[:150] if sees_all else ""
    cursor = request.GET.get("cursor", "")
    rows = list(
        SignIn.objects.seen_by(request.user, of=who).before(
            int(cursor) if CURSOR.fullmatch(cursor) else None
        )[: ROWS + 1]
    )
    more = rows[ROWS - 1].pk if len(rows) > ROWS else None
    facts = {"rows": rows[:ROWS], "next": more, "sees_all": sees_all, "who": who}
    return render(request, "account/history.html", facts)


def shut(request: HttpRequest, **kwargs: str) -> HttpResponse:
    """What allauth could do and we don't: sign-up, e-mail addresses, reset and sign-in by e-mail."""
    raise Http404


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("accounts/history/", sign_in_history, name="sign_in_history"),
    re_path(
        r"^accounts/(?:signup|email|confirm-email|password/reset|password/set|login/code)/", shut, name="shut"
    ),
]
