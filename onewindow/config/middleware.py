"""Small steps around every request."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import translation

from onewindow.config import health, logs

Answer = Callable[[HttpRequest], HttpResponse]
LANGUAGES = {code for code, _ in settings.LANGUAGES}
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
ID = re.compile(r"[A-Za-z0-9-]{8,64}")


def request_id(get_response: Answer) -> Answer:
    """Gives each request an id (the caller's ``X-Request-ID`` if it is a sane one) for logs and answers."""

    def middleware(request: HttpRequest) -> HttpResponse:
        given = request.headers.get("X-Request-ID", "")
        request.id = given if ID.fullmatch(given) else uuid.uuid4().hex  # type: ignore[attr-defined]
        with logs.request(request):
            response = get_response(request)
        response.headers["X-Request-ID"] = request.id  # type: ignore[attr-defined]
        return response

    return middleware


def language_and_view(get_response: Answer) -> Answer:
    """``?lang=`` and ``?elder=`` choose once and are remembered in a cookie; nothing else guesses."""

    def middleware(request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("lang", "")
        asked = {"zh": "zh-hans"}.get(asked, asked)
        kept = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        lang = next((x for x in (asked, kept) if x in LANGUAGES), settings.LANGUAGE_CODE)
        elder = request.GET.get("elder", request.COOKIES.get("ow_elder", "0")) == "1"
        request.elder = elder  # type: ignore[attr-defined]
        request.LANGUAGE_CODE = lang  # type: ignore[attr-defined]
        with translation.override(lang):
            response = get_response(request)
            if hasattr(response, "render") and not getattr(response, "is_rendered", True):
                response.render()
        response.headers.setdefault("Content-Language", lang)
        keep: dict[str, Any] = {
            "max_age": 31536000,
            "samesite": "Lax",
            "secure": settings.SECURE,
            "httponly": True,
        }
        if asked in LANGUAGES and asked != kept:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, lang, **keep)
        if "elder" in request.GET:
            response.set_cookie("ow_elder", "1" if elder else "0", **keep)
        return response

    return middleware


def whole_addresses(get_response: Answer) -> Answer:
    """No key, code or number has a zero byte in it, and PostgreSQL takes none: what asks for one is not found, wherever it is."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path_info:
            raise Http404
        return get_response(request)

    return middleware


#: Pages of people and cases: no browser, kiosk or proxy keeps them (promise A29).
PRIVATE = (
    "/desk/",
    "/board/",
    "/t/",
    "/q/",
    "/r/",
    "/e/",
    "/rate/",
    "/hall/t/",
    "/hall/b/",
    "/track/",
    "/my/",
    "/accounts/",
    "/admin/",
    "/start/",
    "/device/",
    "/api/",
    "/i/",
    "/no/",
)


def kept_private(get_response: Answer) -> Answer:
    """Headers that every answer carries, and ``no-store`` on whatever is about a person or a case."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault(
            "Permissions-Policy", "camera=(self), geolocation=(), microphone=(), payment=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        person = getattr(request, "user", None)
        if request.path.startswith(PRIVATE) or (
            person is not None and SESSION_KEY in request.session and not request.path.startswith("/static/")
        ):
            if "no-store" not in response.headers.get("Cache-Control", ""):
                response.headers["Cache-Control"] = "private, no-store"
            response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response

    return middleware


def session_while_at_work(get_response: Answer) -> Answer:
    """A staff session lasts so long after the last click, not after the sign-in; written at most once a minute.

    What a page asks for by itself (htmx ``every``, marked by the header ``X-Background``) is no click.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and "X-Background" not in request.headers:
            now = int(time.time())
            seen = request.session.get("seen") or _signed_in_at(request)
            if now - seen >= 60:
                request.session["seen"] = now
        return get_response(request)

    return middleware


def _signed_in_at(request: HttpRequest) -> float:
    return (
        request.user.last_login.timestamp()
        if request.user.is_authenticated and request.user.last_login
        else 0
    )


#: Where a person without the second factor may go: to set it up, to sign out, to choose the language there.
OPEN_WITHOUT_FACTOR = ("/accounts/", "/static/", "/healthz", "/readyz")


def second_factor(get_response: Answer) -> Answer:
    """A person with a privileged role gets no further than the page that sets up the second factor.

    Programs with an API token are no sessions and not asked: their token is the factor, limited by scopes and a date.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not settings.MFA_REQUIRED or request.path.startswith(OPEN_WITHOUT_FACTOR):
            return get_response(request)
        person = request.user
        if person.is_authenticated and person.is_privileged and not person.has_second_factor:
            if request.path.startswith("/api/"):
                problem = {"title": "Second factor required", "status": 403, "code": "second_factor_required"}
                return JsonResponse(problem, status=403, content_type="application/problem+json")
            return redirect("mfa_activate_totp")
        return get_response(request)

    return middleware


def measured(get_response: Answer) -> Answer:
    """Counts answers and their time by view for /metrics."""

    def middleware(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = get_response(request)
        match = request.resolver_match
        view = (match.view_name or "unnamed") if match else "none"
        health.REQUESTS.labels(
            view, request.method if request.method in METHODS else "other", response.status_code
        ).inc()
        health.SECONDS.labels(view).observe(time.perf_counter() - began)
        return response

    return middleware
