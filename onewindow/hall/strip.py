"""The queue in the top bar of the clerk's pages, and whether the window is open on the workbench."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from onewindow.hall import desk
from onewindow.hall.forms import FinishForm
from onewindow.hall.models import WindowState
from onewindow.hall.reactions import meant
from onewindow.org.models import Person
from onewindow.window.strips import strip
from onewindow.window.workbench import panel


def context(seat: desk.Seat, **more: Any) -> dict[str, Any]:
    """What the strip's template needs."""
    meaning = meant(seat.ticket) if seat.ticket is not None else ""
    return {
        "seat": seat,
        "outcomes": FinishForm.base_fields["outcome"].choices,
        "meant": meaning,
        "said": "",
    } | more  # type: ignore[attr-defined]


@strip
def queue(request: HttpRequest) -> tuple[str, dict[str, Any]] | None:
    """Nothing for a clerk whose hall has no queues."""
    person: Any = request.user
    seat = desk.seat(person)
    return ("hall/strip.html", context(seat)) if seat is not None else None


@panel
def my_window(clerk: Person) -> dict[str, Any] | None:
    """Whether the own window is open."""
    seat = desk.seat(clerk)
    if seat is None:
        return None
    words = {
        WindowState.OPEN: pgettext("window", "open"),
        WindowState.SUSPENDED: _("suspended: the sign says why"),
        WindowState.CLOSED: _("closed; the first call opens it"),
    }
    return {
        "label": _("Window"),
        "text": words[WindowState(seat.state)],
        "is_well": seat.state == WindowState.OPEN,
    }
