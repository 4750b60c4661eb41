"""The register for programs: the list of those that the token's person may see, and one entry with its events."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Path, Query, Router, Schema
from pydantic import Field

from onewindow.cases.api import Named
from onewindow.licences import register
from onewindow.licences.models import Licence
from onewindow.org import http
from onewindow.org.http import At, Bearer, Cursor, Limit, errors

router = Router(tags=["licences"])
READ = Bearer("cases:read")


class LicenceLine(Schema):
    number: str
    identifier: str = Field(
        description="GB/T 36904, below the example arc 2.999: a specimen, never a real licence"
    )
    edition: int
    title: str
    title_en: str
    item: Named
    office: Named
    holder: dict[str, str] = Field(description="kind and name, masked")
    state: str = Field(description="valid, suspended, expired, revoked or cancelled")
    valid_from: dt.date
    valid_to: dt.date | None
    application: str
    version: int


class LicenceEvent(Schema):
    seq: int
    kind: str
    at: At
    data: dict[str, Any]
    hash: str


class LicenceOut(LicenceLine):
    conditions: str
    issued_at: At
    events: list[LicenceEvent]


class LicencePage(Schema):
    items: list[LicenceLine]
    next: str | None


def _named(thing: Any) -> dict[str, str]:
    return {"code": thing.code, "name": thing.name, "name_en": thing.name_en}


def line(x: Licence) -> dict[str, Any]:
    names = (
        "number", "identifier", "edition", "title", "title_en", "state", "valid_from", "valid_to", "application",
        "version",
    )  # fmt: skip
    return {n: getattr(x, n) for n in names} | {
        "item": _named(x.item),
        "office": _named(x.office),
        "holder": {"kind": x.holder_kind, "name": x.masked_name},
    }


@router.get(
    "/licences",
    response={200: LicencePage, **errors()},
    auth=READ,
    operation_id="list_licences",
    summary="List licences",
)
def list_licences(
    request: HttpRequest,
    state: Annotated[Literal["", "valid", "suspended", "expired", "revoked", "cancelled"], Query()] = "",
    office: Annotated[str, Query(max_length=20, description="code of a department")] = "",
    within: Annotated[
        Literal["", "15", "30", "45"], Query(description="in force and ending within so many days")
    ] = "",
    q: Annotated[
        str, Query(max_length=60, description="a number, a credit code or a whole name, exact")
    ] = "",
    cursor: Cursor = "",
    limit: Limit = http.LIMIT,
) -> Any:
    """The register as far as the token's person may see it, the newest first."""
    person = request.auth  # type: ignore[attr-defined]
    found = register.select(person, {"state": state, "office": office, "within": within}, q.strip())
    if cursor:
        found = found.filter(id__lt=min(max(http.key_of(cursor, int)[0], 0), 2**62))
    rows = list(found[: limit + 1])
    after = http.cursor_of(rows[limit - 1].pk) if len(rows) > limit else None
    return {"items": [line(x) for x in rows[:limit]], "next": after}


@router.get(
    "/licences/{number}",
    response={200: LicenceOut, **errors(404)},
    auth=READ,
    operation_id="get_licence",
    summary="Read a licence",
)
def get_licence(
    request: HttpRequest,
    response: HttpResponse,
    number: Annotated[str, Path(max_length=40, description="number of the licence")],
) -> Any:
    """One entry with everything that happened to it, as a chain of hashes. `ETag` carries the version."""
    found = register.find(number, request.auth)  # type: ignore[attr-defined]
    if found is None:
        raise http.not_found()
    response["ETag"] = http.etag(found.version)
    names = ("seq", "kind", "at", "data", "hash")
    events = [{n: getattr(e, n) for n in names} for e in register.events(found)]
    return line(found) | {"conditions": found.conditions, "issued_at": found.issued_at, "events": events}
