"""The licence as a page: one PDF after its facts of today, marked 样例 SPECIMEN over and over."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from onewindow.cases import instant, numbers, seals, typeset
from onewindow.licences.models import Licence, State
from onewindow.org.naming import full_name

log = logging.getLogger(__name__)
SOURCE = Path(__file__).with_name("typst") / "licence.typ"
#: Printed across every rendering: an open product must not make what could pass for a licence (rules 14.3).
SPECIMEN = "样例 SPECIMEN"


def facts(licence: Licence) -> dict[str, Any]:
    """All that stands on the licence; official is the Chinese text, the English below it a help."""

    def day(value: Any) -> str:
        return f"{value.year} 年 {value.month} 月 {value.day} 日" if value else "长期"

    hint, hint_en = seals.adapter().hint()
    masked = licence.masked_id
    return {
        "title": licence.title,
        "title_en": licence.title_en,
        "number": numbers.shown(licence.number),
        "rows": [
            ["持证人", "Holder", licence.holder_name],
            ["证件号码", "Identity number", masked],
            ["许可事项", "Service", licence.item.name],
            ["有效期", "Valid", f"{day(licence.valid_from)} 至 {day(licence.valid_to)}"],
            ["许可条件", "Conditions", licence.conditions or "无"],
            ["发证机关", "Issued by", full_name(licence.office)],
            ["发证日期", "Issued on", day(licence.valid_from)],
        ],
        "state": "" if licence.state == State.VALID else str(STAMPS[licence.state]),
        "identifier": licence.identifier,
        "edition": licence.edition,
        "qr": typeset.qr_svg(licence.verify_url),
        "verify_url": f"{settings.BASE_URL}/verify/",
        "verify_code": f"{licence.verify_code[:5]}-{licence.verify_code[5:]}",
        "specimen": SPECIMEN,
        "seal_org": full_name(licence.office),
        "seal_hint": hint,
        "seal_hint_en": hint_en,
    }


#: what is printed over a licence that is not in force
STAMPS = {
    State.SUSPENDED: "暂扣",
    State.EXPIRED: "已过期",
    State.REVOKED: "已撤销",
    State.CANCELLED: "已注销",
}


def pdf(licence: Licence) -> bytes:
    """The licence as PDF. Raises :class:`typeset.FontsMissing`."""
    made = typeset.pdf(SOURCE, "licence", facts(licence), instant.now())
    return seals.adapter().seal(made, licence.office.code)


def answer(request: HttpRequest, licence: Licence, *, back_url: str) -> HttpResponse:
    """The PDF for a browser; nobody else keeps it."""
    try:
        body = pdf(licence)
    except typeset.FontsMissing as error:
        log.error("licences cannot be set: %s", error)
        return render(request, "licences/later.html", {"licence": licence, "back_url": back_url}, status=503)
    response = HttpResponse(body, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{licence.number}.pdf"'
    response["Cache-Control"] = "private, no-store"
    return response
