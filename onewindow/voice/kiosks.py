"""取号机: which browser is a paired ticket machine. Told to the hall, which knows of no devices (``hall/kiosk.py``)."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from onewindow.hall import kiosk
from onewindow.org.models import Hall
from onewindow.voice.models import IN_USE, Device, DeviceKind, DeviceState

COOKIE, SALT, YEAR = "ow_kiosk_device", "device-kiosk", 31_536_000


def mark(answer: HttpResponse, device: Device) -> None:
    """Marks the browser of a paired machine; what the mark is worth is looked up each time it is shown."""
    answer.set_cookie(
        COOKIE,
        signing.dumps(device.code, salt=SALT),
        max_age=YEAR,
        httponly=True,
        samesite="Strict",
        secure=settings.SECURE,
    )


@kiosk.proved_by
def is_paired(request: HttpRequest, hall: Hall) -> bool | None:
    """Whether the request comes from a ticket machine of the hall that is in use; None for a hall that has paired none."""
    known = (
        Device.objects.standing().filter(hall=hall, kind=DeviceKind.KIOSK).exclude(state=DeviceState.PENDING)
    )
    states = dict(known.values_list("code", "state"))
    if not states:
        return None
    try:
        code = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=YEAR)
    except signing.BadSignature:
        return False
    return states.get(code) in IN_USE
