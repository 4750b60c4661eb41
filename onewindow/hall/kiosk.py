"""Which browser is a ticket machine of a hall. Others are phones, and are limited.

A hall chooses by what it does: as long as none of its ticket machines is paired as a device, its manager marks a browser
(:func:`mark`), and any other one may print tickets as often as a phone may take them. From the first paired machine on only
paired ones print tickets without a person; a mark is worth nothing any more, and a machine that is suspended or revoked prints
none from that moment on.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from onewindow.org.models import Hall

COOKIE, SALT, YEAR = "ow_kiosk", "hall-kiosk", 31_536_000

#: Says whether a request comes from a paired machine of the hall; None for a hall that has paired none.
Proof = Callable[[HttpRequest, Hall], "bool | None"]
_proofs: list[Proof] = []


def proved_by(proof: Proof) -> Proof:
    """Registers the app above that pairs devices."""
    _proofs.append(proof)
    return proof


def _paired(request: HttpRequest, hall: Hall) -> bool | None:
    return next((said for proof in _proofs if (said := proof(request, hall)) is not None), None)


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


def has_paired(request: HttpRequest, hall: Hall) -> bool:
    """Whether the hall's ticket machines are paired devices."""
    return _paired(request, hall) is not None


def may_print(request: HttpRequest, hall: Hall) -> bool:
    """Whether this browser may print tickets on the machine's page."""
    return _paired(request, hall) is not False


def is_marked(request: HttpRequest, hall: Hall) -> bool:
    """Whether the request comes from a ticket machine of this hall."""
    if (paired := _paired(request, hall)) is not None:
        return paired
    try:
        return signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEAR) == hall.code
    except signing.BadSignature:
        return False
