"""The catalogue for programs: items that can be applied for, with what they ask and promise."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

from django.conf import settings
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from onewindow.catalog import guide
from onewindow.catalog.models import Item
from onewindow.org.http import LIMIT, Bearer, Cursor, Limit, cursor_of, errors, key_of, not_found

router = Router(tags=["catalogue"], auth=Bearer("catalog:read"))


class Ref(Schema):
    """Something with a code and a name in both languages."""

    code: str
    name: str
    name_en: str


class ItemLine(Schema):
    code: str
    name: str
    name_en: str
    department: Ref
    version: int
    case_kind: str = Field(description="IMMEDIATE (decided on the spot) or PROMISED")
    legal_limit: str = Field(description="as printed in the law", examples=["20wd"])
    promised_limit: str = Field(examples=["5wd"])


class ItemPage(Schema):
    items: list[ItemLine]
    next: str | None


class Material(Schema):
    no: int = Field(description="`spec` of a material in POST /applications")
    name: str
    name_en: str
    source: int = Field(description="10 from the applicant, 20 held by the government")
    necessity: int = Field(description="1 required, 2 if applicable, 3 may follow later")
    copies: int


class Pace(Schema):
    """What the last 90 days really took: decisions, and working days from acceptance to decision without stops."""

    until: dt.date = Field(description="last day counted")
    decided: int = Field(description="decisions counted; below 5 there are no figures")
    median_days: float | None
    p90_days: float | None = Field(description="nine out of ten were decided within so many working days")
    within_promise: float | None = Field(description="share decided within the promise, 0 to 1")


class ItemOut(ItemLine):
    service_object: str = Field(description="P person, E enterprise, I institution, SO organisation")
    legal_basis: str
    legal_extension: str
    special_procedure: str
    has_fee: bool
    fee_note: str
    visit_count: int
    result: str
    url: str
    pace: Pace | None = Field(description="null: nothing was decided in the last 90 days")
    materials: list[Material]


def ref(row: Any) -> dict[str, str] | None:
    """A row with code and names as it is told."""
    return {"code": row.code, "name": row.name, "name_en": row.name_en} if row else None


def told(item: Item) -> dict[str, Any]:
    version = item.current
    assert version is not None
    said = {n: getattr(version, n) for n in ("version", "case_kind", "legal_limit", "promised_limit")}
    return {**(ref(item) or {}), "department": ref(item.office), **said}


@router.get(
    "/items", response={200: ItemPage, **errors()}, operation_id="list_items", summary="Search the catalogue"
)
def list_items(
    request: HttpRequest,
    q: Annotated[str, Query(max_length=60, description="Chinese, pinyin, initials, code or English")] = "",
    department: Annotated[str, Query(max_length=20, description="code of a department")] = "",
    cursor: Cursor = "",
    limit: Limit = LIMIT,
) -> Any:
    """Items that can be applied for today, best match first."""
    start = (
        min(abs(key_of(cursor, int)[0]), 100_000) if cursor else 0
    )  # a few hundred items: counting them is cheap
    rows = list(guide.published(q, department)[start : start + limit + 1])
    more = cursor_of(start + limit) if len(rows) > limit else None
    return {"items": [told(item) for item in rows[:limit]], "next": more}


@router.get(
    "/items/{code}", response={200: ItemOut, **errors(404)}, operation_id="get_item", summary="Read an item"
)
def get_item(request: HttpRequest, code: str) -> Any:
    """One item with its materials, in the version in force."""
    item = guide.item(code)
    if item is None or item.current is None:
        raise not_found()
    version = item.current
    names = ("service_object", "legal_basis", "legal_extension", "special_procedure", "has_fee", "fee_note")
    said = {n: getattr(version, n) for n in (*names, "visit_count", "result")}
    materials = [
        {n: getattr(m, n) for n in ("no", "name", "name_en", "source", "necessity", "copies")}
        for m in version.specs
    ]
    url = f"{settings.BASE_URL}/items/{item.code}"
    return {**told(item), **said, "url": url, "pace": _pace(item), "materials": materials}


def _pace(item: Item) -> dict[str, Any] | None:
    pace = guide.pace(item)
    if pace is None:
        return None
    figures = (pace.median_days, pace.p90_days, pace.within_share) if pace.is_enough else (None, None, None)
    said = dict(zip(("median_days", "p90_days", "within_promise"), figures, strict=True))
    return {"until": pace.until, "decided": pace.decided_count, **said}
