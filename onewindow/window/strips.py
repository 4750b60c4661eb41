"""What higher apps put into the top bar of the clerk's pages: the queue, and whatever else belongs to the window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

#: Gives a template and its context for the clerk of the request, or nothing.
Strip = Callable[[HttpRequest], "tuple[str, dict[str, Any]] | None"]
STRIPS: list[Strip] = []


def strip(show: Strip) -> Strip:
    """Registers a strip (once, at start-up)."""
    if show not in STRIPS:
        STRIPS.append(show)
    return show


def of(request: HttpRequest) -> list[SafeString]:
    """The strips of this clerk, rendered."""
    found = (show(request) for show in STRIPS)
    return [render_to_string(template, context, request) for template, context in filter(None, found)]
