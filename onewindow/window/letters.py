"""Rendering the government's letters: one text for the page that is printed and for the PDF that is kept.

What a letter says comes from facts that no longer change: the paper's own, its event's, the version of the item and the
frozen instants of the application. What it says is in ``wordings.py``. Official is the Chinese text alone.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from onewindow.cases import numbers, seals, typeset
from onewindow.cases.models import Event
from onewindow.cases.typeset import FontsMissing, fonts_missing, qr_svg
from onewindow.catalog.models import Code
from onewindow.org.masking import mask_name
from onewindow.org.models import Person
from onewindow.org.naming import full_name, place
from onewindow.org.templatetags.ow import limit as limit_words
from onewindow.window import wordings
from onewindow.window.models import Document, DocumentForm, Paper, PaperKind
from onewindow.window.wordings import HEADINGS

__all__ = [
    "HEADINGS",
    "FontsMissing",
    "compose",
    "content",
    "fonts_missing",
    "html",
    "pdf",
    "proof",
    "qr_svg",
    "render",
]

SOURCE = Path(__file__).with_name("typst") / "letter.typ"
LICENCE = "01"  # GB/T 39046 A.1: 行政许可; only there the Licensing Law applies by itself
Runs = list[tuple[str, bool]]

#: decisions are shown to others: their code leads to the check of the paper, never to the applicant's own page
SHOWN_TO_OTHERS = {
    PaperKind.GRANT,
    PaperKind.REFUSAL,
    PaperKind.PRELIMINARY,
    PaperKind.REVOCATION,
    PaperKind.RENEWAL,
    PaperKind.LICENCE_CHANGE,
    PaperKind.CANCELLATION,
}


@dataclass(frozen=True)
class Table:
    """Materials of a letter; ``widths`` are Typst lengths, empty for as wide as needed."""

    caption: str
    head: list[str]
    widths: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Letter:
    """All that one letter says."""

    org: str
    heading: str
    gloss: str
    serial: str
    to: str
    paragraphs: list[Runs]
    table: Table | None
    after: list[Runs]
    qr_url: str
    qr: SafeString
    qr_words: str
    number_words: list[str]
    seal_org: str
    seal_name: str
    seal_hint: str
    seal_hint_en: str
    day: str
    sign: list[str]
    verify_url: str
    verify_code: str
    event_hash: str


def shown_code(code: str) -> str:
    """A verification code as printed: two groups of five."""
    return f"{code[:5]}-{code[5:]}"


def day_words(value: dt.datetime | dt.date | str | None) -> str:
    """2026 年 11 月 26 日; takes ISO texts too (events keep those)."""
    if not value:
        return ""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value) if "T" in value else dt.date.fromisoformat(value)
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value).date()
    return f"{value.year} 年 {value.month} 月 {value.day} 日"


def runs(text: str) -> Runs:
    """Text with ``**bold**`` parts as (words, is bold)."""
    return [(words, i % 2 == 1) for i, words in enumerate(text.split("**")) if words]


def paragraphs(text: str) -> list[Runs]:
    """One paragraph a block of lines; line breaks inside a block are the template's and vanish."""
    blocks = (re.sub(r"\s*\n\s*", "", block).strip() for block in re.split(r"\n\s*\n", text))
    return [runs(block) for block in blocks if block]


def _table(paper: Paper) -> Table | None:
    a, facts = paper.application, paper.facts
    specs = {m.no: m for m in a.item_version.materials.all()}
    if paper.kind == PaperKind.CORRECTION:
        if not facts.get("materials"):
            return None
        rows = [[str(no), specs[no].name, text] for no, text in facts["materials"] if no in specs]
        return Table("需要补正的材料", ["序号", "材料名称", "需要补正的内容"], ["13mm", "58mm", "1fr"], rows)
    if (owed := facts.get("pledges")) and paper.kind in (
        PaperKind.COMMITMENT,
        PaperKind.PRELIMINARY,
    ):  # what was put off or only promised: number, name, due date, consequence
        rows = [[str(n), name, day_words(due), then] for n, (name, due, then) in enumerate(owed, 1)]
        caption = "承诺事项、期限及后果" if paper.kind == PaperKind.COMMITMENT else "待补交材料及后果"
        return Table(
            caption, ["序号", "内容", "期限", "逾期或不实的后果"], ["13mm", "1fr", "36mm", "52mm"], rows
        )
    if papers := facts.get("papers"):  # what was handed over
        rows = [[str(n), name, serial] for n, (name, serial) in enumerate(papers, 1)]
        return Table("送达的文书、证照", ["序号", "名称", "编号"], ["13mm", "1fr", "76mm"], rows)
    if found := facts.get("findings"):  # of a site check: what was looked at, what was found
        rows = [[str(n), point, said] for n, (point, said) in enumerate(found, 1)]
        return Table("核查内容", ["序号", "核查项目", "核查情况"], ["13mm", "58mm", "1fr"], rows)
    if paper.kind not in (PaperKind.RECEIPT, PaperKind.ACCEPTANCE, PaperKind.DEEMED_ACCEPTANCE):
        return None
    held = facts.get("materials")
    if held is None:  # issued before the list was frozen with the paper
        held = list(
            Document.objects.filter(application=a).order_by("spec__no").values_list("spec__no", "form")
        )
    rows = [
        [str(no), specs[no].name, str(specs[no].get_source_display()), str(DocumentForm(form).label)]
        for no, form in held
        if form != DocumentForm.MISSING
    ]
    return (
        Table("收到的材料", ["序号", "材料名称", "来源", "形式"], ["13mm", "1fr", "42mm", "26mm"], rows)
        if rows
        else None
    )


def _sign(paper: Paper, event: Event | None) -> list[str]:
    help_line = "咨询 12345"
    if paper.kind == PaperKind.COMMITMENT:
        return ["承诺人签字（盖章）：＿＿＿＿＿＿＿", "日期：＿＿＿＿＿＿＿", help_line]
    if paper.kind == PaperKind.SITE_CHECK:
        return ["核查人员签字：＿＿＿＿＿＿＿", "被核查人签字：＿＿＿＿＿＿＿"]
    if paper.kind == PaperKind.DELIVERY:
        return ["受送达人签字：＿＿＿＿＿＿＿", "送达人签字：＿＿＿＿＿＿＿", help_line]
    if paper.kind in SHOWN_TO_OTHERS:
        return ["签收人：＿＿＿＿＿＿＿", "签收日期：＿＿＿＿＿＿＿", help_line]
    clerk = Person.objects.filter(username=event.by).first() if event else None
    who = (
        f"经办人：{clerk.name}（{clerk.badge}）"
        if clerk and clerk.badge
        else f"经办人：{clerk.name}"
        if clerk
        else ""
    )
    return [*([who] if who else []), "申请人签字：＿＿＿＿＿＿＿", help_line]


def _text(paper: Paper, event: Event | None) -> str:
    a, facts, data = paper.application, paper.facts, event.data if event else {}
    version = a.item_version
    lists = {
        PaperKind.SUSPENSION: "stop_reason",
        PaperKind.NON_ACCEPTANCE: "refuse_acceptance",
        PaperKind.REFUSAL: "refuse",
        PaperKind.REVOCATION: "revoke",
    }
    code = facts.get("reason" if paper.kind == PaperKind.SUSPENSION else "reason_code", "")
    reason = (
        Code.objects.filter(list=lists.get(PaperKind(paper.kind), ""), code=code).first() if code else None
    )
    context = {
        "facts": facts,
        "item": version.item.name,
        "licence": version.kind_code == LICENCE,
        "immediate": version.is_immediate,
        "basis": version.legal_basis,
        "received": day_words(a.received_at or a.opened_at),
        "accepted": day_words(a.accepted_at),
        "issued": day_words(paper.issued_at),
        "legal": limit_words(facts.get("legal") or version.legal_limit),
        "promised": limit_words(facts.get("promised") or version.promised_limit),
        "extension": limit_words(facts.get("extension", "")),
        "due": day_words(data.get("due_at")),
        "due_before": day_words(data.get("due_before")),
        "until": day_words(data.get("until")),
        "expected": day_words(data.get("expected_until") or facts.get("expected")),
        "deferred": [no for no, form in facts.get("materials") or [] if form == DocumentForm.DEFERRED],
        "reason_name": reason.name if reason else "",
        "reason_basis": reason.legal_basis if reason else "",
        "result": facts.get("result") or version.result,
        "final": limit_words(facts.get("final", "")),
        "owed": [(what, day_words(due)) for what, due, _then in facts.get("pledges") or []],
        "decided": day_words(a.decided_at),
        "held": day_words(facts.get("at") or facts.get("on")),
        "reply_by": day_words(facts.get("reply_by")),
        "holder": a.applicant_name,
        "office": full_name(a.office),
        "government": f"{place()}人民政府",
        "delivery": {"counter": "到窗口领取", "electronic": "电子送达", "post": "邮寄送达"}.get(
            a.delivery_form, ""
        ),
    }
    return wordings.render(paper.kind, paper.wording, context)


def compose(paper: Paper) -> Letter:
    """What the letter says; the same on every day and every machine."""
    a = paper.application
    event = event_of(paper)
    verify = f"{settings.BASE_URL}/verify/"
    kind = PaperKind(paper.kind)
    shown = kind in SHOWN_TO_OTHERS
    qr_url = f"{verify}?code={paper.verify_code}" if shown else a.track_url
    heading = wordings.heading(kind, paper.wording)
    org = paper.facts.get("org") or full_name(a.office)
    with translation.override("en"):
        gloss = f"{kind.label} ({a.item_version.item.name_en}). The Chinese text is the official one."
    with translation.override("zh-hans"):
        before, _, after = _text(paper, event).partition("\n---\n")
        return Letter(
            org=org,
            heading=heading[0 if a.item_version.kind_code == LICENCE else 1],
            gloss=gloss,
            serial=paper.serial_text,
            to=a.applicant_name,
            paragraphs=paragraphs(before),
            table=_table(paper),
            after=paragraphs(after),
            qr_url=qr_url,
            qr=qr_svg(qr_url),
            qr_words="扫码验真" if shown else "扫码查进度、评服务",
            number_words=[
                f"办件编号 {numbers.shown(a.number)}",
                *([] if shown else [f"查询码 {a.query_code}"]),
            ],
            seal_org=org,
            seal_name=heading[2]
            if a.item_version.kind_code == LICENCE
            else heading[2].replace("行政许可", "业务"),
            seal_hint=seals.adapter().hint()[0],
            seal_hint_en=seals.adapter().hint()[1],
            day=day_words(paper.issued_at),
            sign=_sign(paper, event),
            verify_url=verify,
            verify_code=shown_code(paper.verify_code),
            event_hash=event.hash if event else "",
        )


def html(paper: Paper, request: HttpRequest, **more: Any) -> str:
    """The letter as a page to be printed (A4); the buttons around it are in the reader's language. ``more``:
    ``pdf_url``, ``back_url``."""
    return render_to_string("window/letter.html", {"letter": compose(paper), "paper": paper, **more}, request)


def pdf(paper: Paper) -> bytes:
    """The letter as PDF. The first rendering is kept, so what was once handed out stays byte for byte the same.

    Raises :class:`FontsMissing` where the set-up has not put the fonts into ``settings.FONT_DIR``.
    """
    kept = Path(settings.DATA_DIR) / "papers" / str(paper.year) / f"{paper.verify_code}.pdf"
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    body = seals.adapter().seal(render(compose(paper), paper.issued_at), paper.application.office.code)
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        dir=kept.parent, delete=False
    ) as new:  # readable by the server's user only
        new.write(body)
    os.replace(new.name, kept)
    Paper.objects.filter(pk=paper.pk, pdf_sha256="").update(pdf_sha256=hashlib.sha256(body).hexdigest())
    return body


def event_of(paper: Paper) -> Event | None:
    """The event that a letter belongs to: of its application, or of the licence that came of it."""
    return (
        Event.objects.of(paper.facts.get("of") or paper.application.number)
        .filter(seq=paper.event_seq)
        .first()
    )


@dataclass(frozen=True)
class Content:
    """What a letter says, word for word, with the names of people masked: for whoever compares it with the paper."""

    heading: str
    paragraphs: list[str]
    table: Table | None
    after: list[str]


def content(paper: Paper) -> Content:
    """The wording of a letter for its public check."""
    letter, a = compose(paper), paper.application
    hidden = {a.applicant_name: mask_name(a.applicant_name, kind=a.applicant_kind)}
    if taker := paper.facts.get("received_by"):
        hidden.setdefault(taker, mask_name(taker))
    if renamed := paper.facts.get("holder"):
        hidden.setdefault(renamed, mask_name(renamed, kind=a.applicant_kind))

    def masked(text: str) -> str:
        for name, shown in hidden.items():
            text = text.replace(name, shown) if name else text
        return text

    def plain(blocks: list[Runs]) -> list[str]:
        return [masked("".join(words for words, _bold in block)) for block in blocks]

    return Content(letter.heading, plain(letter.paragraphs), letter.table, plain(letter.after))


@dataclass(frozen=True)
class Proof:
    """What the check of a paper can prove: the hash of the PDF as first made, whether the file kept here still has it, and
    the state of its seal."""

    sha256: str
    is_whole: bool
    seal: seals.Check


def proof(paper: Paper) -> Proof | None:
    """The proof of a letter's PDF (made now if nobody had it yet); None where it can't be made."""
    try:
        body = pdf(paper)
    except FontsMissing:
        return None
    paper.refresh_from_db(fields=["pdf_sha256"])
    found = hashlib.sha256(body).hexdigest()
    return Proof(paper.pdf_sha256 or found, paper.pdf_sha256 in ("", found), seals.adapter().check(body))


def render(letter: Letter, at: dt.datetime) -> bytes:
    """Sets the letter as PDF. Raises :class:`FontsMissing`."""
    return typeset.pdf(SOURCE, "letter", dataclasses.asdict(letter), at)
