"""Which browser is a ticket machine of a hall: one that its manager has marked. Others are phones, and are limited."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from onewindow.org.models import Hall

COOKIE, SALT, YEAR = "ow_kiosk", "hall-kiosk", 31_536_000


def mark(answer: HttpResponse, hall: Hall) -> None:
    """Marks the browser that gets the answer."""
    answer.set_cookie(
        COOKIE,
        signing.dumps(hall.code, salt=SALT),
        max_age=YEAR,
        httponly=True,
        samesite="Lax",
        secure=settings.SECURE,
    )


def is_marked(request: HttpRequest, hall: Hall) -> bool:
    """Whether the request comes from a ticket machine of this hall."""
    try:
        return signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEAR) == hall.code
    except signing.BadSignature:
        return False
