"""The hall for programs: ticket machines and callers of other makers, displays, and whoever follows a ticket."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Body, Path, Router, Schema, Status
from pydantic import Field

from onewindow.cases import instant
from onewindow.cases.api import Named
from onewindow.hall import actions, booking, desk, order, predict, rules
from onewindow.hall.models import Channel, Outcome, Ticket
from onewindow.hall.record import NotPossible, Stale
from onewindow.org import http
from onewindow.org.http import At, Bearer, Problem, Strict, errors, fault, line
from onewindow.org.models import Counter, Hall
from onewindow.window import places

router = Router(tags=["hall"])
READ, WRITE = Bearer("hall:read"), Bearer("hall:write")
Code = Annotated[str, Path(max_length=20)]
Letter: Any = line(1, 1)
Key = Annotated[str, Path(max_length=40, description="`key` of a ticket")]
Minutes = Annotated[float | None, Field(description="minutes; null: no open window serves it")]


class QueueOut(Schema):
    letter: str
    name: str
    name_en: str
    waiting: int
    open_windows: int
    wait_minutes: Minutes


class HallOut(Schema):
    hall: Named
    as_of: At
    queues: list[QueueOut]


class TicketIn(Strict):
    groups: Annotated[list[Letter], Field(min_length=1, max_length=10, description="letters of the queues")]
    priority: Literal["", "elderly", "disabled", "pregnant", "military", "green_card"] = ""
    mobile: line(20) = ""  # type: ignore[valid-type]


class CheckIn(Strict):
    code: line(12, 6)  # type: ignore[valid-type]


class TicketOut(Schema):
    key: str
    number: str
    hall: str
    group: str
    state: str
    priority: str
    counter: str | None
    call_count: int
    ahead: int = Field(description="how many of its queue are called before it as things stand")
    wait_minutes: Minutes
    outcome: str
    taken_at: At
    called_at: At | None
    closed_at: At | None
    wait_seconds: int | None
    walk_seconds: int | None
    serve_seconds: int | None
    hold_seconds: int | None
    visit_url: str = Field(description="page for the phone of the visitor")


class TicketsOut(Schema):
    items: list[TicketOut]


class WindowOut(Schema):
    counter: str
    state: str = Field(description="open, suspended, closed")
    reason: str
    back_at: At | None
    waiting: int
    ticket: TicketOut | None


class DeedIn(Strict):
    """What the deed needs: `outcome` for `finish` (and `reason` if it could not be done), `group` and `reason` for
    `transfer`, `reason` for `call` and, if there is one, for `hold`."""

    outcome: Literal["", "accepted", "defects", "delivered", "consulted", "could_not"] = ""
    reason: line(200) = ""  # type: ignore[valid-type]
    group: line(1) = ""  # type: ignore[valid-type]
    counter: line(10) = ""  # type: ignore[valid-type]


#: Input that is wrong is a 422 at its field; what can't be done now or by you, a 409 or 403 with the reason.
FIELDS = {
    "outcome": "#/outcome", "reason": "#/reason", "group": "#/group", "who": "#/mobile", "enough": "#/mobile",
    "nothing": "#/groups",
}  # fmt: skip


def _problem(no: NotPossible) -> Problem:
    if isinstance(no, Stale):
        return Problem(409, "not_possible", str(no.text), reason={"code": "stale", "text": str(no.text)})
    if no.code in FIELDS:
        return http.bad_input([fault(FIELDS[no.code], no.code, no.text)])
    status, code = (403, "not_allowed") if no.code.startswith("only_") else (409, "not_possible")
    return Problem(status, code, str(no.text), reason={"code": no.code, "text": str(no.text)})


def _hall(code: str) -> Hall:
    hall = places.hall(code)
    if hall is None or not desk.has_queue(hall.pk):
        raise http.not_found()
    return hall


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds / 60, 1)


def told(ticket: Ticket, seen: predict.Outlook | None = None) -> dict[str, Any]:
    """A ticket as it is told."""
    now = instant.now()
    waits = ticket.state == "waiting"
    if waits and seen is None:
        seen = predict.outlook(ticket.hall, now, ticket.day)
    names = (
        "key", "number", "state", "priority", "call_count", "outcome", "taken_at", "called_at", "closed_at",
        "wait_seconds", "walk_seconds", "serve_seconds", "hold_seconds",
    )  # fmt: skip
    return {n: getattr(ticket, n) for n in names} | {
        "hall": ticket.hall.code,
        "group": ticket.group.letter,
        "counter": ticket.counter.code if ticket.counter else None,
        "ahead": order.ahead(ticket, seen.waiting, now) if waits and seen else 0,
        "wait_minutes": _minutes(seen.wait_of(ticket)) if waits and seen else None,
        "visit_url": f"/hall/t/{ticket.visit.key}/",
    }


@router.get(
    "/halls/{code}/queue", response={200: HallOut, **errors(404)}, auth=READ, operation_id="get_queue",
    summary="See how a hall stands",
)  # fmt: skip
def get_queue(request: HttpRequest, code: Code) -> Any:
    """Those waiting, the open windows and the predicted wait of whoever takes a ticket now, for each queue."""
    hall = _hall(code)
    now = instant.now()
    seen = predict.outlook(hall, now, actions.today(now))
    return {
        "hall": {"code": hall.code, "name": hall.name, "name_en": hall.name_en},
        "as_of": now,
        "queues": [
            {
                "letter": g.letter, "name": g.name, "name_en": g.name_en, "waiting": seen.waiting_for(g.pk),
                "open_windows": seen.open_windows(g.pk), "wait_minutes": _minutes(seen.wait_of_newcomer(g.pk)),
            }
            for g in seen.groups
        ],
    }  # fmt: skip


def _works_in(hall: Hall, person: Any) -> None:
    try:
        actions.must(rules.works_in, hall, person)
    except NotPossible as no:
        raise _problem(no) from no


@router.post(
    "/halls/{code}/tickets", response={201: TicketsOut, **errors(400, 404, 409, 413)}, auth=WRITE,
    operation_id="take_tickets", summary="Take tickets", openapi_extra=http.headers(http.KEY_PARAMETER),
)  # fmt: skip
def take_tickets(request: HttpRequest, code: Code, given: Annotated[TicketIn, Body()]) -> Any:
    """A ticket for each queue, in one visit. Nothing is kept of the visitor but, where a queue limits tickets a number, a
    code of it until the evening."""
    hall, person = _hall(code), request.auth  # type: ignore[attr-defined]
    _works_in(hall, person)
    groups = {g.letter: g for g in desk.groups_of(hall)}
    unknown = [letter for letter in given.groups if letter not in groups]
    if unknown:
        raise http.bad_input([fault("#/groups", "unknown_group", _("There is no such queue in this hall."))])
    try:
        made = actions.take(
            [groups[letter] for letter in given.groups], channel=Channel.PROGRAM, by=person.username,
            priority=given.priority, mobile=given.mobile,
        )  # fmt: skip
    except NotPossible as no:
        raise _problem(no) from no
    return Status(201, {"items": [told(t) for t in made]})


@router.post(
    "/halls/{code}/check-ins", response={201: TicketOut, **errors(400, 404, 409, 413)}, auth=WRITE,
    operation_id="check_in", summary="Check an appointment in", openapi_extra=http.headers(http.KEY_PARAMETER),
)  # fmt: skip
def check_in(request: HttpRequest, code: Code, given: Annotated[CheckIn, Body()]) -> Any:
    """The ticket of an appointment of today, by its six digits."""
    hall, person = _hall(code), request.auth  # type: ignore[attr-defined]
    _works_in(hall, person)
    found = booking.find(hall.pk, given.code, instant.now())
    if found is None:
        text = _("No appointment of today at this hall has this code. Please compare it.")
        raise http.bad_input([fault("#/code", "unknown_code", text)])
    try:
        ticket = booking.check_in(found, channel=Channel.PROGRAM)
    except NotPossible as no:
        raise _problem(no) from no
    return Status(201, told(ticket))


def _counter(hall: Hall, code: str) -> Counter:
    counter = places.counter(hall, code)
    if counter is None:
        raise http.not_found()
    return counter


@router.post(
    "/halls/{code}/counters/{counter}/next", response={200: TicketOut, 204: None, **errors(404, 409)}, auth=WRITE,
    operation_id="call_next", summary="Call the next", openapi_extra=http.headers(http.KEY_PARAMETER),
)  # fmt: skip
def call_next(request: HttpRequest, code: Code, counter: Code) -> Any:
    """Whoever is next at this window; 204 if nobody waits. Two windows never get the same person."""
    at = _counter(_hall(code), counter)
    try:
        ticket = actions.call_next(at, by=request.auth)  # type: ignore[attr-defined]
    except NotPossible as no:
        raise _problem(no) from no
    return Status(200, told(_again(request, ticket.key))) if ticket else Status(204, None)


@router.get(
    "/halls/{code}/counters/{counter}", response={200: WindowOut, **errors(404)}, auth=READ, operation_id="get_window",
    summary="See how a window stands",
)  # fmt: skip
def get_window(request: HttpRequest, code: Code, counter: Code) -> Any:
    """Whether it is open, or why it is suspended; the ticket that is there; how many wait for it."""
    hall = _hall(code)
    _works_in(hall, request.auth)  # type: ignore[attr-defined]
    seat = desk.seat_at(_counter(hall, counter))
    window = seat.window
    return {
        "counter": seat.counter.code,
        "state": seat.state,
        "reason": window.reason if window else "",
        "back_at": window.back_at if window else None,
        "waiting": len(seat.waiting),
        "ticket": told(_again(request, seat.ticket.key)) if seat.ticket else None,
    }


@router.get(
    "/tickets/{key}", response={200: TicketOut, **errors(404)}, auth=READ, operation_id="get_ticket",
    summary="Read a ticket",
)  # fmt: skip
def get_ticket(request: HttpRequest, key: Key) -> Any:
    """Where it stands, and its times once it is over."""
    return told(_again(request, key))


def _again(request: HttpRequest, key: str) -> Ticket:
    ticket = desk.ticket_of(request.auth, key)  # type: ignore[attr-defined]
    if ticket is None:
        raise http.not_found()
    return ticket


Deed = Literal[
    "recall", "arrive", "pass", "return", "hold", "resume", "transfer", "also", "finish", "call", "leave"
]


@router.post(
    "/tickets/{key}/{deed}", response={200: TicketOut, **errors(400, 404, 409, 413)}, auth=WRITE,
    operation_id="move_ticket", summary="Do something with a ticket", openapi_extra=http.headers(http.KEY_PARAMETER),
)  # fmt: skip
def move_ticket(request: HttpRequest, key: Key, deed: Deed, given: Annotated[DeedIn, Body()]) -> Any:
    """Recall, arrive, pass, return, hold, resume, transfer, also (another matter of the same visit), finish (with an outcome),
    call (out of order, with a reason, to the window `counter`), leave."""
    by: Any = request.auth  # type: ignore[attr-defined]
    ticket = _again(request, key)
    try:
        after = _deed(ticket, deed, given, by)
    except NotPossible as no:
        raise _problem(no) from no
    return told(_again(request, after.key))


def _group(ticket: Ticket, letter: str) -> Any:
    group = next((g for g in desk.groups_of(ticket.hall) if g.letter == letter), None)
    if group is None:
        raise NotPossible("group", _("There is no such queue in this hall."))
    return group


def _deed(ticket: Ticket, deed: str, given: DeedIn, by: Any) -> Ticket:
    if deed in ("return", "leave", "also"):
        actions.must(rules.works_in, ticket.hall, by)
    if deed == "return":
        return actions.return_(ticket, by=by.username)
    if deed == "leave":
        return actions.leave(ticket, by=by.username)
    if deed == "also":
        return actions.also(ticket, _group(ticket, given.group), by=by.username, channel=Channel.PROGRAM)
    if deed == "transfer":
        return actions.transfer(ticket, _group(ticket, given.group), by=by, reason=given.reason)
    if deed == "finish":
        return actions.finish(
            ticket, by=by, outcome=Outcome(given.outcome) if given.outcome else "", reason=given.reason
        )
    if deed == "call":
        return actions.call(ticket, _counter(ticket.hall, given.counter), by=by, reason=given.reason)
    if deed == "hold":
        return actions.hold(ticket, by=by, reason=given.reason)
    simple = {
        "recall": actions.recall,
        "arrive": actions.arrive,
        "pass": actions.pass_,
        "resume": actions.resume,
    }
    return simple[deed](ticket, by=by)
