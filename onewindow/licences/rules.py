"""Who may do what with an entry of the register, and when. Each gives nothing, or the reason why not."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases.rules import CLOCK, Actor, By, Reason
from onewindow.licences.models import State
from onewindow.org.roles import Role


def head_only(licence: Any, by: By) -> Reason | None:
    """Measures against a licence are the head's (行政许可法 69, 70); the system acts on events only."""
    if by is CLOCK or (not isinstance(by, Actor) and licence.office_id in by.offices_as(Role.HEAD)):
        return None
    return Reason("only_head", _("Only the head of the responsible department can do that."), "not_allowed")


def in_state(licence: Any, *states: str) -> Reason | None:
    if licence.state in states:
        return None
    return Reason(
        "wrong_state",
        _("Not possible while the licence is “%(state)s”.") % {"state": State(licence.state).label},
    )
