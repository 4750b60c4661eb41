"""后台确认的催办阶梯: who hears of it when the department neither confirms nor returns what the window has accepted.

The rungs are data, kept with the other supervision ladders (kind ``confirm``); they count from the end of
``confirm_limit``. No card is issued: no limit of the law has passed, and the decision's own clock runs on.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.cases import rungs
from onewindow.cases.models import CardCode, Measure, Rung
from onewindow.org.calendar import Limit, deadline
from onewindow.org.models import current_calendar, limit
from onewindow.org.roles import Role

KIND = "confirm"


def _rung(code: str, after: str, roles: list[str], todo: str, todo_en: str) -> Rung:
    return Rung(code=code, measure=Measure.PROMISE, after=after, roles=roles, todo=todo, todo_en=todo_en)


rungs.NAMES[KIND] = _("Confirmation by the back office")
rungs.SHIPPED[KIND] = (
    _rung(
        CardCode.YELLOW, "0wd", [Role.APPROVER],
        "后台确认时限已过，不得再退回窗口，请立即确认并审查。",
        "The time to confirm is over: it can no longer be returned to the window. Confirm it and examine it now.",
    ),
    _rung(
        CardCode.SUPERVISE, "1wd", [Role.HEAD],
        "后台超过 1 个工作日仍未确认，请负责人督促经办人员。",
        "Not confirmed one working day after the time was over. See to it who examines it.",
    ),
    _rung(
        CardCode.NOTICE, "3wd", [Role.BUREAU],
        "后台超过 3 个工作日仍未确认，请营商环境局核实原因。",
        "Not confirmed three working days after the time was over. Find out why.",
    ),
)  # fmt: skip


def due_at(a: Any) -> dt.datetime | None:
    """Until when the department says whether it finds the application complete (a county's own rule, one working day)."""
    if a.accepted_at is None:
        return None
    return deadline(a.accepted_at, [limit("confirm_limit")], [], current_calendar()).at


def rings(a: Any) -> list[tuple[Rung, dt.datetime]]:
    """Each rung with the instant after which it is reached, the first one first."""
    due, calendar, found = due_at(a), current_calendar(), []
    for rung in rungs.of(KIND) if due else ():
        after = Limit.parse(rung.after)
        at = deadline(due, [after], [], calendar).at if after.amount else due
        if at is not None:
            found.append((rung, at))
    return sorted(found, key=lambda pair: pair[1])


def first_ring(a: Any) -> dt.datetime | None:
    """When it is looked at first. None for what is decided on the spot, and for what was accepted by silence: that reached
    the department when the time had passed, and its own notice tells of it."""
    if a.item_version.is_immediate or a.is_deemed:
        return None
    return min((at for _rung, at in rings(a)), default=None)
