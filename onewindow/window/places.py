"""Where an application is taken in: halls and counters by their codes."""

from __future__ import annotations

from onewindow.org.models import Counter, Hall


def hall(code: str) -> Hall | None:
    return Hall.objects.filter(code=code).first()


def counter(at: Hall, code: str) -> Counter | None:
    return Counter.objects.filter(hall=at, code=code).first()
