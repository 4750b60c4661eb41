"""The time of record. It comes from the server, never from a form (promise 8); on PostgreSQL from the database."""

from __future__ import annotations

import contextvars
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection
from django.utils import timezone

_simulated: contextvars.ContextVar[dt.datetime | None] = contextvars.ContextVar("simulated", default=None)


def now() -> dt.datetime:
    """The present instant, aware, in UTC."""
    if (at := _simulated.get()) is not None:
        return at
    if connection.vendor == "postgresql" and not settings.TESTING:
        with connection.cursor() as cursor:  # two application servers with different clocks still agree
            cursor.execute("SELECT clock_timestamp()")
            return cursor.fetchone()[0]
    return timezone.now()


def is_simulated() -> bool:
    """Whether this block of code lives in the demonstration city's past."""
    return _simulated.get() is not None


@contextmanager
def simulated(at: dt.datetime) -> Iterator[None]:
    """Lets the demonstration city live through its past. Refused where real people are served."""
    if not (settings.DEMO or settings.TESTING):
        raise RuntimeError("Simulated time exists only in a demonstration (ONEWINDOW_DEMO=1).")
    token = _simulated.set(at)
    try:
        yield
    finally:
        _simulated.reset(token)
