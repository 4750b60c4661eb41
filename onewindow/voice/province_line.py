"""The line to the province: one POST a report, and what is done while nobody answers at the other end.

A province that is down must not hold up a county: the worker that reports also turns lights and sends messages. So a turn
spends :data:`TURN` seconds here at most, and after a failure of the line it rests – fifteen seconds, then twice as long each
time, four minutes at most – before *one* report tries again. What got stuck while the line was down goes up by itself when
somebody answers again; what the province refused waits for a person.
"""

from __future__ import annotations

import datetime as dt
import http.client
import json
import socket
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache

from onewindow.cases import instant

#: seconds: to connect and between two bytes, for a whole answer, for all reports of one turn of the worker
TIMEOUT, WHOLE, TURN = 10, 20, 20
LARGEST = 65_536
REST, LONGEST = dt.timedelta(seconds=15), dt.timedelta(minutes=4)
#: so many failures in a row are an outage: what got stuck meanwhile is the line's fault
OUTAGE = 3
DOWN = "province-line"
DAY = 86_400


class Refused(Exception):
    """The province does not take this report, and will not take it later: no use to try again."""


class Unclear(Exception):
    """What answered was not the province, or did not say what became of the report."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A report that is sent on arrives elsewhere as a GET without it, and the answer to that is no receipt."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_open = urllib.request.build_opener(_NoRedirect).open


@dataclass(frozen=True)
class Reading:
    """How a province says in its answer that it has taken a report. Many answer 200 whatever happened, and say in the body
    what did: ``ok``: name in the answer → the values that mean taken; ``receipt``: where its own number stands (dots lead
    inwards); ``why``: where the reason of a refusal stands."""

    ok: dict[str, list[str]]
    receipt: str = "receipt"
    why: str = ""

    def receipt_of(self, told: Any, key: str) -> str:
        """The receipt (the key where the province gives none); raises :class:`Refused` for a no in the body."""
        if self.ok and not isinstance(told, dict):
            raise Unclear("answer is no object")
        no = [
            f"{name}={_at(told, name)!s:.20}"
            for name, values in self.ok.items()
            if _word(_at(told, name)) not in values
        ]
        if no or (not self.ok and _at(told, "success") is False):
            why = str(_at(told, self.why or "message") or _at(told, "msg") or "")
            raise Refused(" ".join([*no, why]).strip() or "success=false")
        return str(_at(told, self.receipt) or key)


def _at(told: Any, path: str) -> Any:
    for name in path.split("."):
        told = told.get(name) if isinstance(told, dict) else None
    return told


def _word(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def post(body: dict[str, str], key: str, reading: Reading) -> str:
    """A POST of JSON with the key as ``Idempotency-Key``; the receipt. 4xx but 408, 425 and 429 is a refusal."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    if settings.PROVINCE_TOKEN:
        headers["Authorization"] = f"Bearer {settings.PROVINCE_TOKEN}"
    data = json.dumps(body, ensure_ascii=False).encode()
    request = urllib.request.Request(settings.PROVINCE, data, headers, method="POST")  # noqa: S310 – checked in the settings
    try:
        with _open(request, timeout=TIMEOUT) as answer:
            read = _read(answer)
    except urllib.error.HTTPError as no:
        if 400 <= no.code < 500 and no.code not in (408, 425, 429):
            raise Refused(f"HTTP {no.code}") from no
        raise
    try:
        told = json.loads(read or b"{}")
    except ValueError as wrong:
        raise Unclear("answer is no JSON") from wrong
    return reading.receipt_of(told, key)


def _read(answer: http.client.HTTPResponse) -> bytes:
    """The answer, if it is whole in time: one byte a second would keep any timeout away."""
    until, parts, size = time.monotonic() + WHOLE, [], 0
    while part := answer.read1(8192):
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise Unclear("answer is too long")
        if time.monotonic() > until:
            raise TimeoutError
    if answer.length:  # the line broke in the middle
        raise http.client.IncompleteRead(b"", answer.length)
    return b"".join(parts)


def words(error: Exception) -> str:
    """What stands on the page: no address, and nothing of the report."""
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    if isinstance(error, urllib.error.URLError):
        error = error.reason if isinstance(error.reason, Exception) else error
    if isinstance(error, TimeoutError | socket.timeout):
        return "TimeoutError"
    return f"Unclear: {error}" if isinstance(error, Unclear) else type(error).__name__


# --- the rest ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outage:
    """Since when nobody answers, how often in vain, and when it is tried again."""

    since: dt.datetime
    failures: int
    until: dt.datetime

    @property
    def rests(self) -> bool:
        return instant.now() < self.until


def outage() -> Outage | None:
    """None while the line works."""
    found = cache.get(DOWN)
    return found if isinstance(found, Outage) else None


def failed() -> None:
    """The line did not bring a report there."""
    now, before = instant.now(), outage()
    n = before.failures + 1 if before else 1
    rest = min(REST * 2 ** (min(n, 10) - 1), LONGEST)
    cache.set(DOWN, Outage(before.since if before else now, n, now + rest), DAY)


def works() -> Outage | None:
    """Somebody answers; gives the outage that is over."""
    over = outage()
    if over:
        cache.delete(DOWN)
    return over
