"""Small steps around every request."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation

from onewindow.config import logs

Answer = Callable[[HttpRequest], HttpResponse]
LANGUAGES = {code for code, _ in settings.LANGUAGES}
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
        keep: dict[str, Any] = {"max_age": 31536000, "samesite": "Lax", "secure": settings.SECURE, "httponly": True}
        if asked in LANGUAGES and asked != kept:
            response.set_cookie(settings.LANGUAGE_COOKIE_NAME, lang, **keep)
        if "elder" in request.GET:
            response.set_cookie("ow_elder", "1" if elder else "0", **keep)
        return response

    return middleware


def second_factor(get_response: Answer) -> Answer:
    """A person with a privileged role gets no further than the page that sets up the second factor."""

    def middleware(request: HttpRequest) -> HttpResponse:
        person = request.user
        if (
            settings.MFA_REQUIRED
            and person.is_authenticated
            and not request.path.startswith(("/accounts/", "/static/"))
            and person.is_privileged
            and not person.has_second_factor
        ):
            return redirect("mfa_activate_totp")
        return get_response(request)

    return middleware
