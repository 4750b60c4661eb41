"""Shared data for programs: the catalogue, and one question at a time for an open case."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Body, Router, Schema
from pydantic import Field

from onewindow.exchange import actions, log, needs
from onewindow.exchange.models import Dataset
from onewindow.org import http
from onewindow.org.http import At, Bearer, Day, Problem, Strict, errors, line, not_found

router = Router(tags=["shared data"])


class FieldOut(Schema):
    code: str
    name: str
    name_en: str


class DatasetOut(Schema):
    code: str
    name: str
    name_en: str
    owner: str = Field(description="code of the office")
    kind: str = Field(description="the kind of material that an extract stands in for")
    sharing: str = Field(description="open, conditional or closed")
    sensitivity: str = Field(description="public, internal, personal or sensitive")
    legal_basis: str
    valid_days: int
    fields: list[FieldOut]


class DatasetPage(Schema):
    items: list[DatasetOut]
    next: str | None


class QueryIn(Strict):
    number: Annotated[line(20, 1), Field(description="an open case that asks for this material")]  # type: ignore[valid-type]
    purpose: Annotated[line(200, 1), Field(description="what it is needed for; kept in the log")]  # type: ignore[valid-type]
    fields: Annotated[
        list[line(40, 1)],  # type: ignore[valid-type]
        Field(max_length=60, description="fewer than granted; empty: all granted"),
    ] = []


class QueryOut(Schema):
    outcome: str = Field(description="found, not_found or unavailable")
    reason: str = Field(description="why there is no answer: timeout, down, not_connected, bad_answer")
    at: At
    facts: dict[str, str] = Field(description="the granted fields, no others")
    valid_until: Day | None
    sha256: str
    reference: str = Field(description="of the record of the call")


def told(d: Dataset) -> dict[str, Any]:
    names = (
        "code",
        "name",
        "name_en",
        "kind",
        "sharing",
        "sensitivity",
        "legal_basis",
        "valid_days",
        "fields",
    )
    return {n: getattr(d, n) for n in names} | {"owner": d.owner.code}


@router.get(
    "/datasets",
    response={200: DatasetPage, **errors()},
    auth=Bearer("catalog:read"),
    operation_id="list_datasets",
    summary="List what is shared",
)
def list_datasets(request: HttpRequest) -> Any:
    """All data sets with their owner, fields and legal basis."""
    return {"items": [told(d) for d in log.catalogue()], "next": None}


@router.post(
    "/datasets/{code}/query",
    response={200: QueryOut, **errors(400, 404, 409, 413)},
    auth=Bearer("data:query"),
    operation_id="query_dataset",
    summary="Ask a data set about the applicant of a case",
    openapi_extra=http.headers(http.KEY_PARAMETER),
)
def query_dataset(request: HttpRequest, code: str, given: Annotated[QueryIn, Body()]) -> Any:
    """Only for an open case of one's own that needs it, and only what the department's grant covers. Every question is on
    record, also a refused one (409 or 403 with the reason)."""
    dataset = log.dataset(code)
    if dataset is None:
        raise not_found()
    person = request.auth  # type: ignore[attr-defined]
    number = given.number.replace("-", "").strip().upper()
    try:
        call, m = actions.query(
            dataset,
            needs.of(number, person),
            by=person,
            number=number,
            purpose=given.purpose,
            fields=given.fields,
        )
    except actions.NotPossible as refused:
        allowed = refused.reason.kind != "not_allowed"
        reason = {"code": refused.reason.code, "text": refused.text}
        raise Problem(409 if allowed else 403, refused.reason.kind, refused.text, reason=reason) from refused
    return {
        "outcome": call.outcome,
        "reason": call.reason,
        "at": call.at,
        "facts": m.facts if m else {},
        "valid_until": m.valid_until if m else None,
        "sha256": call.sha256,
        "reference": f"{dataset.code} {call.pk}",
    }
