"""督办阶梯: the rungs that a late case climbs, as data, and the instants at which it reaches them.

Defaults: yellow card when the promise has passed; supervision 1, notice 3, transfer 5 working days later; red card when
the statute has passed. A county replaces them, for one kind of case or for all, by rows of ``Rung``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from onewindow.cases.models import CardCode, Measure, Rung
from onewindow.org.calendar import Calendar, Limit, deadline
from onewindow.org.kept import kept
from onewindow.org.roles import Role


def _rung(code: str, measure: str, after: str, roles: list[str], todo: str, todo_en: str) -> Rung:
    return Rung(code=code, measure=measure, after=after, roles=roles, todo=todo, todo_en=todo_en)


DEFAULTS: tuple[Rung, ...] = (
    _rung(
        CardCode.YELLOW, Measure.PROMISE, "0wd", [Role.APPROVER],
        "已超过承诺时限，请立即办理，并书面说明超期原因（《优化营商环境条例》第三十六条）。",
        "The promise has passed. Decide at once and state the reason in writing.",
    ),
    _rung(
        CardCode.SUPERVISE, Measure.PROMISE, "1wd", [Role.HEAD],
        "超期 1 个工作日仍未办结，请负责人督促办理，落实到人。",
        "One working day late and still open. See to it that it is done, and by whom.",
    ),
    _rung(
        CardCode.NOTICE, Measure.PROMISE, "3wd", [Role.BUREAU],
        "超期 3 个工作日仍未办结，请核实原因，对责任单位予以通报。",
        "Three working days late and still open. Find out why and name the unit.",
    ),
    _rung(
        CardCode.TRANSFER, Measure.PROMISE, "5wd", [Role.LEADER],
        "超期 5 个工作日仍未办结，移交分管领导协调处理。",
        "Five working days late and still open. Handed to the leadership to be settled.",
    ),
    _rung(
        CardCode.RED, Measure.STATUTE, "0wd", [Role.APPROVER, Role.HEAD, Role.BUREAU],
        "已超过法定时限，请立即作出决定，并向社会公开超期原因（《优化营商环境条例》第三十六条）。",
        "The statute has been passed. Decide at once and publish the reason (Decree 722, article 36).",
    ),
)  # fmt: skip

#: ladders that come with a kind of case, put here by its app; a county's own rows of that kind go before them
SHIPPED: dict[str, tuple[Rung, ...]] = {}
#: what the kinds that can have a ladder are called, put here by their apps (``issue.review``: one origin of issues)
NAMES: dict[str, Any] = {}


@kept
def _rows() -> dict[str, list[Rung]]:
    rows: dict[str, list[Rung]] = {}
    for rung in Rung.objects.all():
        rows.setdefault(rung.kind, []).append(rung)
    return rows


def of(kind: str) -> Sequence[Rung]:
    """The ladder of a kind of case as it is in force (:func:`chosen`). Kept for 30 s a process."""
    return chosen(kind, _rows())


def chosen(kind: str, rows: Mapping[str, Sequence[Rung]]) -> Sequence[Rung]:
    """The ladder of a kind, or of its family (``issue.review``: ``issue``): a county's rows, else the one that ships with it;
    else the county's rows for every kind, else the defaults. What is said of one kind goes before what is said of all."""
    family = kind.partition(".")[0]
    own = rows.get(kind) or rows.get(family) or SHIPPED.get(kind) or SHIPPED.get(family)
    return own or rows.get("") or DEFAULTS


def forget() -> None:
    """After a change the next clock climbs the new ladder."""
    _rows.forget()


def instants(
    case: Any, stops: Sequence[Any], calendar: Calendar, ladder: Sequence[Rung] | None = None
) -> list[tuple[Rung, dt.datetime]]:
    """Each rung (of another ``ladder``, to try it out) with the instant after which it is reached. A rung that a stop still
    holds back is left out.

    Promise and statute that end together bring the statute's card alone: one lateness, one card.
    """
    if case.due_at is None:
        return []
    together = case.legal_due_at is not None and case.legal_due_at <= case.due_at
    found = []
    for rung in of(case.ladder) if ladder is None else ladder:
        base = case.due_at if rung.measure == Measure.PROMISE else case.legal_due_at
        after = Limit.parse(rung.after)
        if base is None or (together and rung.measure == Measure.PROMISE and not after.amount):
            continue
        at = deadline(base, [after], stops, calendar).at if after.amount else base
        if at is not None:
            found.append((rung, at))
    return found
