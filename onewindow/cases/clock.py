"""The lawful clock of a case: facts in, consequences out. The only place that writes deadlines and lights.

Facts: ``clock_from``, the limits as printed in the law (``clock_promised``, ``clock_legal``), the extension, the stops,
``clock_ended_at``. Consequences: ``due_at`` (promise), ``legal_due_at`` (statute), ``light``, ``wake_at``,
``is_provisional``. They can be worked out anew at any time (``onewindow reclock``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from onewindow.cases import rungs
from onewindow.cases.models import Light, Stop
from onewindow.org.calendar import DayLine, Limit, amber_at, deadline, explain
from onewindow.org.models import current_calendar, number

#: A step's effect on the clock: changes the draft's facts (and stops), works the clock out, and returns what the event
#: should say of it.
Effect = Callable[[Any, dt.datetime, dict[str, Any]], dict[str, Any]]
Span = tuple[dt.datetime, dt.datetime | None]


def stops_of(case: Any) -> list[Span]:
    """The stops of the running clock, oldest first; no query for the many cases that never stopped."""
    if not case.clock_stops:
        return []
    rows = Stop.objects.filter(number=case.number).order_by("began_at").values_list("began_at", "ended_at")
    return [(began, ended) for began, ended in rows if ended is None or ended > case.clock_from]


def limits(case: Any, which: str) -> list[Limit]:
    """The ``promised`` or ``legal`` limit of a case, followed by its extension (which lengthens both)."""
    base = getattr(case, f"clock_{which}")
    texts = [base, case.clock_extension] if base else []
    return [Limit.parse(t) for t in texts if t]


def work_out(case: Any, now: dt.datetime) -> None:
    """Writes ``due_at``, ``legal_due_at``, ``wake_at``, ``light`` and ``is_provisional`` from the facts. The worker also
    wakes at the further instants that the flow of this kind of case knows (the expected end of a stop, an expiry)."""
    _limits(case, now)
    if moments := list(case.flow.moments(case)):
        case.wake_at = min([*moments, case.wake_at] if case.wake_at else moments)


def _limits(case: Any, now: dt.datetime) -> None:
    if case.clock_from is None:
        case.due_at = case.legal_due_at = case.wake_at = None
        case.light, case.is_provisional = "", False
        return
    if case.clock_ended_at is not None:
        case.wake_at = None
        return
    calendar, stops = current_calendar(), stops_of(case)
    promised, legal = limits(case, "promised"), limits(case, "legal")
    due = deadline(case.clock_from, promised, stops, calendar) if promised else None
    lawful = deadline(case.clock_from, legal, stops, calendar) if legal else None
    case.due_at = due.at if due else None
    case.legal_due_at = lawful.at if lawful else None
    case.is_provisional = any(d.provisional for d in (due, lawful) if d)
    if case.due_at is None:  # it stands still: nothing can fall due, the light stays as it was
        case.wake_at, case.light = None, case.light or Light.GREEN
        return
    amber = amber_at(
        case.clock_from,
        case.due_at,
        promised,
        stops,
        calendar,
        share=number("amber_share") / 100,
        days=number("amber_days"),
    )
    turns = [(amber, Light.AMBER), (case.due_at, Light.YELLOW)]
    if case.legal_due_at:
        turns.append((case.legal_due_at, Light.RED))
    passed = [light for at, light in turns if now > at]
    case.light = max(passed, key=list(Light).index, default=Light.GREEN)
    climbs = rungs.instants(case, stops, calendar) if now > case.due_at else []
    case.wake_at = min(
        (at for at in [*(t for t, _ in turns), *(t for _, t in climbs)] if at >= now), default=None
    )


def _iso(at: dt.datetime | None) -> str | None:
    return at.astimezone(dt.UTC).isoformat() if at else None


def start(promised: Callable[[Any], str], legal: Callable[[Any], str], since: str = "") -> Effect:
    """Begins a new clock, from now or from the case's instant named by ``since`` (deemed acceptance runs from receipt)."""

    def effect(case: Any, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
        case.clock_from = getattr(case, since) if since else now
        case.clock_promised, case.clock_legal, case.clock_extension = promised(case), legal(case), ""
        case.clock_stops, case.clock_ended_at = 0, None
        work_out(case, now)
        return {
            "promised": case.clock_promised,
            "legal": case.clock_legal,
            "due_at": _iso(case.due_at),
            "legal_due_at": _iso(case.legal_due_at),
        }

    return effect


def stop(reason: str = "", notice: str = "", days: int = 0) -> Effect:
    """Stops the clock. The reason, the notice (what the applicant is told), the working ``days`` that it is expected to
    take and the legal ``basis`` are fixed by the step or given with it."""

    def effect(case: Any, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
        code, expected = reason or given["reason"], given.get("days") or days
        until = expected_end(now, expected) if expected else None
        if case.clock_stops:  # one holds the clock at a time: a new reason takes the place of the one before
            Stop.objects.filter(number=case.number, ended_at__isnull=True).update(ended_at=now)
        Stop.objects.create(
            number=case.number,
            reason=code,
            began_at=now,
            notice=given.get("notice") or notice,
            basis=given.get("basis") or "",
            expected_until=until,
        )
        case.clock_stops += 1
        work_out(case, now)
        return {"stop": code, **({"expected_until": _iso(until)} if until else {})}

    return effect


def expected_end(now: dt.datetime, days: int) -> dt.datetime | None:
    """The close of the last of so many working ``days`` from now: what is told when a clock is stopped (行政许可法 45)."""
    return deadline(now, [Limit(days, "wd")], [], current_calendar()).at


def open_stop(case: Any) -> Stop | None:
    """The stop that holds the clock of a case now; no query for the many cases that never stopped."""
    if not case.clock_stops:
        return None
    return Stop.objects.filter(number=case.number, ended_at__isnull=True).first()


def overrun_at(case: Any) -> dt.datetime | None:
    """The instant after which an alarm says that a stop lasts longer than was told; None once it has rung."""
    stop = open_stop(case)
    return stop.expected_until if stop and stop.overrun_at is None else None


def overrun(case: Any, now: dt.datetime) -> dict[str, Any]:
    """Marks the stop that lasts too long, and says what the event should say of it."""
    stop = open_stop(case)
    assert stop is not None
    Stop.objects.filter(pk=stop.pk, overrun_at__isnull=True).update(overrun_at=now)
    return {"stop": stop.reason, "expected_until": _iso(stop.expected_until)}


def resume() -> Effect:
    """Lets the clock run on; the days at whose close it stood are taken out."""

    def effect(case: Any, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
        held = open_stop(case)
        late = bool(held and held.expected_until and now > held.expected_until)
        Stop.objects.filter(number=case.number, ended_at__isnull=True).update(ended_at=now)
        work_out(case, now)
        said = {"due_at": _iso(case.due_at), "legal_due_at": _iso(case.legal_due_at)}
        return said | ({"overran": True} if late else {})

    return effect


def extend(by: Callable[[Any], str]) -> Effect:
    """Adds the one extension to both limits (行政许可法 42)."""

    def effect(case: Any, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
        before, case.clock_extension = _iso(case.due_at), by(case)
        work_out(case, now)
        return {
            "extension": case.clock_extension,
            "due_before": before,
            "due_at": _iso(case.due_at),
            "legal_due_at": _iso(case.legal_due_at),
        }

    return effect


def finish() -> Effect:
    """Ends the clock: the light stays as it was at this instant. An open stop ends with it."""

    def effect(case: Any, now: dt.datetime, given: dict[str, Any]) -> dict[str, Any]:
        if case.clock_from is None or case.clock_ended_at is not None:
            return {}
        if case.clock_stops:
            Stop.objects.filter(number=case.number, ended_at__isnull=True).update(ended_at=now)
        work_out(case, now)
        case.clock_ended_at = now
        work_out(case, now)  # nothing falls due any more; what its flow still watches stays
        return {"due_at": _iso(case.due_at), "legal_due_at": _iso(case.legal_due_at), "light": case.light}

    return effect


@dataclass(frozen=True)
class Explanation:
    """Why a deadline falls on its day, for the page, the API and the command line."""

    which: str
    limits: Sequence[Limit]
    due_at: dt.datetime | None
    days: Sequence[DayLine]
    stops: Sequence[Stop]
    is_provisional: bool


def why(case: Any, which: str = "promised") -> Explanation | None:
    """The day-by-day reason of the ``promised`` or ``legal`` deadline; None if the case has no such clock."""
    chosen = limits(case, which)
    if case.clock_from is None or not chosen:
        return None
    spans, calendar = stops_of(case), current_calendar()
    worked = deadline(case.clock_from, chosen, spans, calendar)
    rows = list(Stop.objects.filter(number=case.number).order_by("began_at")) if case.clock_stops else []
    days = explain(case.clock_from, chosen, spans, calendar)
    return Explanation(which, chosen, worked.at, days, rows, worked.provisional)
