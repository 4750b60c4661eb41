"""Papers of an issue: the slip of a "no", and the answer in writing with its remedies. Chinese, because they are official."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header

from onewindow.cases.numbers import shown
from onewindow.cases.typeset import pdf, qr_svg
from onewindow.catalog.models import Code
from onewindow.issues import links
from onewindow.issues.models import Issue, Refusal
from onewindow.window.letters import day_words, full_name

SOURCE = Path(__file__).parent / "typst/sheet.typ"
REMEDIES = (
    "您对本答复不满意的，可扫描二维码要求重新办理；也可拨打 12345 反映，或者依法申请行政复议、提起行政诉讼。"
)


def slip_url(r: Refusal) -> str:
    """What the slip's code leads to: the page that turns the "no" into an issue."""
    return f"{settings.BASE_URL}/no/{r.code}/"


def slip(r: Refusal) -> bytes:
    """否定告知单 — to what the answer was no, why, on which basis, and one scan to have it looked at."""
    reason = Code.objects.filter(list__in=("no_reason", "refuse_acceptance", "refuse"), code=r.reason).first()
    rows = [
        ["办理事项", r.item.name],
        ["责任部门", r.item.office.name],
        ["办理地点", f"{r.hall.name} {r.counter.name if r.counter else ''}".strip()],
        ["未予办理的原因", reason.name if reason else r.reason],
        ["依据", r.basis],
    ]
    parts = [["情况说明", r.note]] if r.note else []
    words = f"您认为能办而没有办的，扫一扫即可反映，不需要再说一遍，也不需要找人。单号 {r.shown_code}"
    return _sheet(full_name(r.item.office), "未予办理告知单", "Notice of a matter not handled", rows, parts, slip_url(r),
                  words, r.at)  # fmt: skip


def answer_letter(i: Issue) -> bytes:
    """书面答复 — what came of it, the law it rests on, what can be done instead, everything that is missing, the remedies."""
    at = i.answered_at or i.opened_at
    with translation.override("zh-hans"):
        result = i.get_outcome_display() or i.get_proposal_display()
        rows = [
            ["编号", shown(i.number)],
            ["反映事项", i.title],
            ["办理单位", i.office.name],
            ["办理结果", result],
        ]
        rows += [["法律依据", i.article]] if i.article else []
        rows += [["转办单位", f"{i.transferred_to}（回执 {i.receipt}）"]] if i.transferred_to else []
    parts = [["答复内容", i.answer]]
    parts += [["可以采取的其他办法", i.alternatives]] if i.alternatives else []
    parts += [["一次性告知所缺条件和材料", i.missing_list]] if i.missing_list else []
    return _sheet(
        full_name(i.office),
        "问题办理答复书",
        "Answer to what you reported",
        rows,
        parts,
        links.url(i),
        REMEDIES,
        at,
    )


def _sheet(
    org: str, heading: str, gloss: str, rows: list[list[str]], parts: list[list[str]], url: str, words: str, at: dt.datetime
) -> bytes:  # fmt: skip
    data: dict[str, Any] = {
        "org": org, "heading": heading, "gloss": gloss, "rows": rows, "parts": parts, "url": url, "qr_words": words,
        "qr": qr_svg(url), "day": day_words(timezone.localtime(at)),
    }  # fmt: skip
    return pdf(SOURCE, "sheet", data, at)


def answer(content: bytes, name: str) -> HttpResponse:
    """The PDF, to be looked at; no browser or proxy keeps it."""
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = content_disposition_header(False, name)
    response["Cache-Control"] = "private, no-store"
    return response
