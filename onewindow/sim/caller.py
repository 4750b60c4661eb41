"""A patient caller of the running server: what a well-behaved program does when it is told to wait or finds nobody.

A call is repeated while the server is away, too busy (429) or broken (5xx), with growing pauses or after as long as
the server says. What is repeated carries the same ``Idempotency-Key`` and so happens once.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

#: Seconds of the first and of the longest pause.
FIRST, LONGEST = 0.5, 30.0
AGAIN = {429, 500, 502, 503, 504}


class Away(Exception):
    """The server did not answer for as long as the caller would wait, or the caller was told to stop."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body; nothing for one that is no JSON object."""
        return json.loads(self.body) if "json" in self.headers.get("Content-Type", "") and self.body else {}

    @property
    def etag(self) -> str:
        return self.headers.get("ETag", "")


class Caller:
    """Calls one server, one call at a time, over one kept connection. ``patience`` in seconds; ``stop`` ends it at once."""

    def __init__(
        self,
        base: str,
        *,
        patience: float = 600,
        stop: threading.Event | None = None,
        faults: Mapping[str, float] | None = None,
    ):
        parts = urlsplit(base)
        self.host, self.port = parts.hostname or "localhost", parts.port or 80
        self.patience, self.stop = patience, stop or threading.Event()
        self._line: http.client.HTTPConnection | None = None
        self.faults, self.done = dict(faults or {}), Counter[str]()

    def call(
        self,
        method: str,
        path: str,
        *,
        auth: str = "",
        said: Any = None,
        form: dict[str, Any] | None = None,
        patience: float | None = None,
        **headers: str,
    ) -> Answer:
        """One call: ``said`` goes as JSON, ``form`` as a page's form; ``headers`` as ``If_Match="…"``. Raises :class:`Away`."""
        given = {name.replace("_", "-"): value for name, value in headers.items() if value}
        if auth:
            given["Authorization"] = auth
        body = None
        if form is not None:
            body, given["Content-Type"] = urlencode(form, doseq=True), "application/x-www-form-urlencoded"
        elif said is not None:
            body, given["Content-Type"] = json.dumps(said, ensure_ascii=False).encode(), "application/json"
        until = time.monotonic() + (self.patience if patience is None else patience)
        pause = FIRST
        while True:
            answer = self._badly(method, path, body, given)
            if answer and answer.status not in AGAIN:
                return answer
            asked = answer.headers.get("Retry-After", "") if answer else ""
            wait = float(asked) if asked.isdigit() else pause * random.uniform(0.5, 1.0)
            if time.monotonic() + wait > until or self.stop.wait(wait):
                raise Away(f"{method} {answer.status if answer else 'no answer'}")
            pause = min(pause * 2, LONGEST)

    def _badly(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer | None:
        """One call over a line that has the faults asked for; they strike only what may be repeated."""
        answer = self._once(method, path, body, headers)
        if answer is None or "Idempotency-Key" not in headers:
            return answer
        if random.random() < self.faults.get("twice", 0):
            self.done["sent twice"] += 1
            answer = self._once(method, path, body, headers)
        if random.random() < self.faults.get("lost", 0):
            self.done["answers lost"] += 1
            self.close()
            return None
        return answer

    def _once(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer | None:
        try:
            if self._line is None:
                self._line = http.client.HTTPConnection(self.host, self.port, timeout=60)
            self._line.request(method, path, body, headers)
            got = self._line.getresponse()
            return Answer(got.status, got.headers, got.read())
        except (OSError, http.client.HTTPException):
            self.close()
            return None

    def close(self) -> None:
        """Ends the connection; the next call makes a new one."""
        if self._line:
            self._line.close()
        self._line = None

    def submit(self, path: str, **fields: Any) -> Answer:
        """Opens a page and sends its form, as a browser does: with the cookie and the token that the page gave."""
        page = self.call("GET", path)
        jar = SimpleCookie()
        for line in page.headers.get_all("Set-Cookie") or []:
            jar.load(line)
        token = jar["csrftoken"].value if "csrftoken" in jar else ""
        cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())
        return self.call(
            "POST", path, form=fields | {"csrfmiddlewaretoken": token}, Cookie=cookie, X_CSRFToken=token
        )
