"""JSON lines on standard output, without personal data (PIPL 6, 51)."""

from __future__ import annotations

import contextvars
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpRequest
from pythonjsonlogger.json import JsonFormatter

current: contextvars.ContextVar[HttpRequest | None] = contextvars.ContextVar("request", default=None)
# Identity numbers, mobiles and secret link tokens that slipped into a message are struck out before it is written.
PERSONAL = re.compile(
    r"(?<!\d)\d{17}[\dXx](?!\d)|(?<!\d)1[3-9]\d{9}(?!\d)"
    r"|(?<=/t/)[\w-]{16,}|(?<=/rate/)[\w-]{16,}|(?<=/q/)[\w-]{12,}|(?<=/r/)[\w-]{12,}|(?<=/e/)[\w-]{12,}"
)


@contextmanager
def request(of: HttpRequest) -> Iterator[None]:
    """Marks the log lines written inside with this request."""
    token = current.set(of)
    try:
        yield
    finally:
        current.reset(token)


class RequestFilter(logging.Filter):
    """Adds the request's id, method and path; never its query or body."""

    def filter(self, record: logging.LogRecord) -> bool:
        of = current.get() or record.__dict__.get("request")  # Django reports a 404 after the last middleware
        if isinstance(of, HttpRequest):
            record.request_id = getattr(of, "id", "")
            record.method = of.method
            record.path = PERSONAL.sub("…", of.path)
        record.__dict__.pop("request", None)
        return True


class PrivateJsonFormatter(JsonFormatter):
    """One JSON object a line; anything that looks like an identity number or a mobile becomes ``…``."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s", json_ensure_ascii=False)

    def format(self, record: logging.LogRecord) -> str:
        return PERSONAL.sub("…", super().format(record))
