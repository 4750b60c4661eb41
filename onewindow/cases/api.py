"""Cases for programs: the list, one case with its steps, its events, its explained deadline, any step; and the figures."""

from __future__ import annotations

import datetime as dt
import heapq
import itertools
import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

from django.db.models import Q
from django.forms import BooleanField, Form
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Body, Path, Query, Router, Schema
from pydantic import Field

from onewindow.cases import clock, desk, figures, instant, numbers, timeline
from onewindow.cases.flow import FLOWS, Stale, StepRefused, take
from onewindow.cases.flow import why_not as reason_not
from onewindow.cases.receipts import router as receipts
from onewindow.cases.rules import Reason
from onewindow.org import http
from onewindow.org.http import At, Bearer, Cursor, Day, Limit, Problem, Why, errors, fault

router = Router(tags=["cases"])
router.add_router("", receipts)
READ, WRITE, STATS = Bearer("cases:read"), Bearer("cases:write"), Bearer("stats:read")
Number = Annotated[str, Path(max_length=40, description="case number, with or without dashes")]

#: prefix of a kind → ``facts(case, whole)``: what that kind tells besides, in a list or (``whole``) at its own address
FACTS: dict[str, Callable[[Any, bool], dict[str, Any]]] = {}

# --- what is told -----------------------------------------------------------------------------------------


class Named(Schema):
    code: str
    name: str
    name_en: str


class StepOut(Schema):
    """A step of the case: open to you now, or the reason why not."""

    verb: str
    label: str
    open: bool
    reason: Why | None
    needs: list[str] = Field(description="fields of its body")


class CaseLine(Schema):
    number: str
    kind: str
    title: str
    status: str
    light: str = Field(
        description="green, amber, yellow (past the promise), red (past the statute), or empty"
    )
    office: Named
    opened_at: At
    closed_at: At | None
    due_at: At | None = Field(description="promised; empty while the clock stands still")
    legal_due_at: At | None = Field(description="by statute")
    is_provisional: bool = Field(description="reaches into a year without a published calendar")
    version: int
    facts: dict[str, Any] = Field(description="what this kind of case has besides; personal data are masked")


class CasePage(Schema):
    items: list[CaseLine]
    next: str | None


class CaseOut(CaseLine):
    steps: list[StepOut]


class EventOut(Schema):
    seq: int
    kind: str
    at: At
    by: str = Field(description="account, `applicant` or `clock`; empty for readers outside the government")
    office: str
    data: dict[str, Any]
    prev: str
    hash: str = Field(description="SHA-256 over everything that the event says, `prev` among it")


class EventPage(Schema):
    items: list[EventOut]
    next: str | None


class DayOut(Schema):
    day: dt.date
    counted: bool
    reason: str
    n: int | None = Field(None, description="the how manieth counted day")


class StopOut(Schema):
    reason: str
    notice: str
    began_at: At
    ended_at: At | None


class DeadlineOut(Schema):
    limits: list[str]
    due_at: At | None
    is_provisional: bool
    days: list[DayOut]
    stops: list[StopOut]


class ClockOut(Schema):
    number: str
    as_of: At
    light: str
    clock_from: At | None
    ended_at: At | None
    left: int | None = Field(description="working days left of the promise")
    promised: DeadlineOut | None
    legal: DeadlineOut | None


class RowOut(Schema):
    code: str
    name: str
    numerator: int
    denominator: int | None
    value: float | None


class FigureOut(Schema):
    figure: str
    label: str
    formula: str
    first_day: dt.date
    last_day: dt.date
    by: str
    as_of: At
    numerator: int
    denominator: int | None
    value: float | None
    rows: list[RowOut]


def why(reason: Reason) -> dict[str, str]:
    return {"code": reason.code, "text": str(reason.text)}


LINE = (
    "number",
    "title",
    "status",
    "light",
    "opened_at",
    "closed_at",
    "due_at",
    "legal_due_at",
    "is_provisional",
    "version",
)


def line(case: Any) -> dict[str, Any]:
    """A case as it stands in a list."""
    office = {"code": case.office.code, "name": case.office.name, "name_en": case.office.name_en}
    return {n: getattr(case, n) for n in LINE} | {
        "kind": case.KIND,
        "office": office,
        "facts": FACTS[case.PREFIX](case, False),
    }


def steps(case: Any, by: Any) -> list[dict[str, Any]]:
    """Every step that people take, open to this person or not, and then why not."""
    said = []
    for step, reason in case.flow.steps_for(case, by):
        told = {
            "verb": step.verb,
            "label": str(step.label),
            "open": reason is None,
            "needs": list(step.needs),
        }
        said.append(told | {"reason": why(reason) if reason else None})
    return said


def whole(case: Any, by: Any) -> dict[str, Any]:
    """A case as its own address tells it."""
    return line(case) | {"facts": FACTS[case.PREFIX](case, True), "steps": steps(case, by)}


def find(number: str, by: Any) -> Any:
    case = desk.find(numbers.clean(number), by)
    if case is None:
        raise http.not_found()
    return case


# --- reading ----------------------------------------------------------------------------------------------


@router.get(
    "/cases", response={200: CasePage, **errors()}, auth=READ, operation_id="list_cases", summary="List cases"
)
def list_cases(
    request: HttpRequest,
    kind: Annotated[str, Query(max_length=20, description="such as `application`")] = "",
    status: Annotated[str, Query(max_length=20)] = "",
    office: Annotated[str, Query(max_length=20, description="code of a department")] = "",
    light: Annotated[Literal["", "green", "amber", "yellow", "red", "late", "stopped"], Query()] = "",
    item: Annotated[str, Query(max_length=64, description="code of an item")] = "",
    opened_from: Annotated[Day | None, Query()] = None,
    opened_to: Annotated[Day | None, Query(description="this day included")] = None,
    q: Annotated[str, Query(max_length=60, description="a case number or a name, exact")] = "",
    cursor: Cursor = "",
    limit: Limit = http.LIMIT,
) -> Any:
    """What the token's person may see, newest first."""
    beyond = Q()
    if cursor:
        at, pk, prefix = http.key_of(cursor, str, int, str)
        try:
            opened = dt.datetime.fromisoformat(at)
            timezone.localtime(opened)  # which refuses one without a zone
        except (ValueError, OverflowError) as wrong:
            raise http.bad_input(
                [fault("cursor", "bad_cursor", _("This is not a cursor of this list."))]
            ) from wrong
        beyond = Q(opened_at__lte=opened)
    asked = desk.Asked(
        show=desk.ALL, status=status, light=light, opened_from=opened_from, opened_to=opened_to,
        text=q.strip(), more={"item": item} if item else {},
    )  # fmt: skip
    parts = []
    for mark, known in desk.KINDS.items():
        if kind and known.model.KIND != kind:
            continue
        cases = desk.select(known, request.auth, asked).filter(beyond)  # type: ignore[attr-defined]
        if cursor:
            same = Q(pk__lt=min(pk, 2**62)) if mark == prefix else Q() if mark > prefix else Q(pk__in=[])
            cases = cases.filter(Q(opened_at__lt=opened) | same)
        if office:
            cases = cases.filter(office__code=office)
        parts.append([((-c.opened_at.timestamp(), mark, -c.pk), c) for c in cases[: limit + 1]])
    merged = heapq.merge(*parts, key=lambda pair: pair[0])
    rows = [case for _key, case in itertools.islice(merged, limit + 1)]
    last = rows[limit - 1] if len(rows) > limit else None
    after = http.cursor_of(last.opened_at.isoformat(), last.pk, last.PREFIX) if last else None
    return {"items": [line(case) for case in rows[:limit]], "next": after}


@router.get(
    "/cases/{number}",
    response={200: CaseOut, **errors(404)},
    auth=READ,
    operation_id="get_case",
    summary="Read a case",
)
def get_case(request: HttpRequest, response: HttpResponse, number: Number) -> Any:
    """The case with the steps open to you and the reasons for those that are not. `ETag` carries the version."""
    case = find(number, request.auth)  # type: ignore[attr-defined]
    response["ETag"] = http.etag(case.version)
    return whole(case, request.auth)  # type: ignore[attr-defined]


@router.get(
    "/cases/{number}/events",
    response={200: EventPage, **errors(404)},
    auth=READ,
    operation_id="list_events",
    summary="Read its events",
)
def list_events(
    request: HttpRequest,
    number: Number,
    cursor: Cursor = "",
    limit: Limit = http.LIMIT,
) -> Any:
    """Everything that happened to the case, first to last, as a chain of hashes."""
    person = request.auth  # type: ignore[attr-defined]
    case = find(number, person)
    after = min(http.key_of(cursor, int)[0], 2**31 - 1) if cursor else 0
    rows = timeline.since(case, max(after, 0))[: limit + 1]
    names = ("seq", "kind", "at", "by", "office", "data", "prev", "hash")
    items = [{n: getattr(e, n) for n in names} for e in rows[:limit]]
    if not person.works_here:
        items = [
            i | {"by": i["by"] if i["by"] in ("applicant", "clock", person.username) else ""} for i in items
        ]
    return {"items": items, "next": http.cursor_of(items[-1]["seq"]) if len(rows) > limit else None}


@router.get(
    "/cases/{number}/clock",
    response={200: ClockOut, **errors(404)},
    auth=READ,
    operation_id="get_clock",
    summary="Explain its deadline",
)
def get_clock(request: HttpRequest, number: Number) -> Any:
    """The promised and the lawful deadline, day by day: which days counted, which did not, and why."""
    case = find(number, request.auth)  # type: ignore[attr-defined]
    now = instant.now()
    return {
        "number": case.number,
        "as_of": now,
        "light": case.light,
        "clock_from": case.clock_from,
        "ended_at": case.clock_ended_at,
        "left": desk.left(case, now),
        "promised": _deadline(clock.why(case, "promised")),
        "legal": _deadline(clock.why(case, "legal")),
    }


def _deadline(explained: clock.Explanation | None) -> dict[str, Any] | None:
    if explained is None:
        return None
    days = [{"day": d.day, "counted": d.counted, "reason": str(d.reason), "n": d.n} for d in explained.days]
    stops = [
        {n: getattr(s, n) for n in ("reason", "notice", "began_at", "ended_at")} for s in explained.stops
    ]
    return {
        "limits": [str(x) for x in explained.limits],
        "due_at": explained.due_at,
        "is_provisional": explained.is_provisional,
        "days": days,
        "stops": stops,
    }


# --- moving -----------------------------------------------------------------------------------------------

Said = str | int | float | bool | None
Given = Annotated[
    dict[str, Said | dict[str, Said]], Body(description="The fields of the step; `{}` if it needs none.")
]


@router.post(
    "/cases/{number}/{verb}",
    response={200: CaseOut, **errors(400, 404, 409, 412, 413)},
    auth=WRITE,
    operation_id="take_step",
    summary="Take a step",
    openapi_extra=http.headers(http.MATCH_PARAMETER, http.KEY_PARAMETER),
)
def take_step(
    request: HttpRequest,
    response: HttpResponse,
    number: Number,
    verb: Annotated[str, Path(max_length=40)],
    given: Given,
) -> Any:
    """Moves the case as the page would: same form, same checks. 403 and 409 say why not."""
    person = request.auth  # type: ignore[attr-defined]
    case = find(number, person)
    step = case.flow.steps.get(verb)
    if step is None or step.when:
        raise Problem(404, "unknown_step", _("There is no such step."))
    http.check_version(request, case.version)
    said, wrong = checked(desk.of(case).forms.get(verb), case, person, given)
    if wrong:  # a step that isn't open is refused as such, whatever was said with it
        raise refused(reason) if (reason := reason_not(verb, case, person)) else http.bad_input(wrong)
    try:
        take(step, case, by=person, **said)
    except StepRefused as exc:
        raise refused(exc.reason) from exc
    except Stale as exc:
        raise http.stale() from exc
    response["ETag"] = http.etag(case.version)
    return whole(case, person)


def refused(reason: Reason) -> Problem:
    status = 403 if reason.kind == "not_allowed" else 409
    return Problem(status, reason.kind, reason.text, reason=why(reason))


PART = re.compile(r"[a-z](\d{1,4})")


def checked(
    form_class: Any, case: Any, by: Any, given: Mapping[str, Any]
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The input of a step, through the same form as on the page, and what is wrong with it; an unknown field is."""
    form: Form | None = form_class(_plain(given), None, case=case, by=by) if form_class else None
    fields = form.fields if form else {}
    parts = {m[1] for name in fields if (m := PART.fullmatch(name))}
    wrong = []
    for name, value in given.items():
        if name == "materials" and parts and isinstance(value, dict):
            wrong += [_unknown(f"#/materials/{no}") for no in value if no not in parts]
        elif name not in fields or PART.fullmatch(name):
            wrong.append(_unknown(f"#/{name}"))
        elif isinstance(value, dict) or (
            isinstance(value, bool) and not isinstance(fields[name], BooleanField)
        ):
            wrong.append(fault(f"#/{name}", "wrong_type", _("This is not what the field takes.")))
    if form and not form.is_valid():
        for name, found in form.errors.as_data().items():
            part = PART.fullmatch(name)
            where = f"#/materials/{part[1]}" if part else "#" if name == "__all__" else f"#/{name}"
            wrong += [fault(where, _code(e.code), " ".join(map(str, e.messages))) for e in found]
    return form.cleaned_data if form else {}, wrong


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """As a form would send it: texts; nothing for null."""
    return {k: _plain(v) if isinstance(v, dict) else "" if v is None else str(v) for k, v in given.items()}


def _code(code: str | None) -> str:
    return {"required": "missing", None: "invalid"}.get(code, code or "invalid")


def _unknown(where: str) -> dict[str, str]:
    return fault(where, "unknown_field", _("There is no such field."))


# --- counting ---------------------------------------------------------------------------------------------


@router.get(
    "/stats/{figure}",
    response={200: FigureOut, **errors(404)},
    auth=STATS,
    operation_id="get_figure",
    summary="Read a figure",
    tags=["figures"],
)
def get_figure(
    request: HttpRequest,
    figure: Annotated[str, Path(max_length=40)],
    first: Annotated[
        Day | None, Query(alias="from", description="first day; 30 days before the last one")
    ] = None,
    last: Annotated[Day | None, Query(alias="to", description="last day, included; today")] = None,
    by: Annotated[http.Group | Literal[""], Query()] = "",
) -> Any:
    """A figure over what you may see: formula, numerator, denominator, as-of; `by` splits it."""
    if figure not in figures.FIGURES:
        raise Problem(404, "unknown_figure", _("There is no such figure."))
    last = last or timezone.localdate(instant.now())
    first = first or last - dt.timedelta(days=29)
    if first > last:
        raise http.bad_input([fault("from", "bad_period", _("The first day comes after the last one."))])
    found = figures.ask(figure, request.auth, first, last, by)  # type: ignore[attr-defined]
    total = {
        "numerator": found.total.numerator,
        "denominator": found.total.denominator,
        "value": found.total.value,
    }
    return {
        "figure": figure,
        "label": str(found.figure.label),
        "formula": str(found.figure.formula),
        "first_day": first,
        "last_day": last,
        "by": by,
        "as_of": found.as_of,
        **total,
        "rows": [
            {n: getattr(r, n) for n in ("code", "name", "numerator", "denominator", "value")}
            for r in found.rows
        ],
    }


def verbs() -> list[str]:
    """Every step that a program may take, of all kinds, in order."""
    return list(
        dict.fromkeys(v for flow in FLOWS.values() for v, step in flow.steps.items() if not step.when)
    )
