"""The least that a server can do for the to-do list: its rows by raw SQL as JSON – no session, no person, no rule, no page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import django

django.setup()

from bench import raw  # noqa: E402
from onewindow.window.models import Application  # noqa: E402


@cache
def _rows() -> raw.Rows:
    sample = Application.objects.filter(number__startswith="A").order_by("id").first()
    assert sample is not None
    return raw.Rows(sample)


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = json.dumps(_rows().desk(), default=str, ensure_ascii=False).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
