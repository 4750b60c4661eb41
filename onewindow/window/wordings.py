"""格式文本: what each kind of letter says – the product's own texts in files, and what a county has published instead.

A text is paragraphs; ``**bold**``; ``---`` parts what stands before the table from what follows; ``{{ field }}`` and
``{% if field %}…{% endif %}`` put in what the case knows. The product's versions count from 1 (``grant.txt``,
``grant.2.txt``), a county's from 1001; a letter keeps the version with which it was issued for ever.

A county's text is rendered in an engine of its own that knows three tags, three filters and one shared text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.db.models import Max
from django.template import Context, Engine, TemplateDoesNotExist, TemplateSyntaxError
from django.template.base import Lexer, TokenType
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from onewindow.catalog.models import Wording
from onewindow.org.kept import kept
from onewindow.window.models import PaperKind

WORDINGS = Path(__file__).parent.parent / "templates" / "window" / "letters"
#: the text on remedies that decisions share
REMEDIES = "window/letters/remedies.txt"

#: kind -> heading for a licence, heading for any other matter, name of the seal
HEADINGS = {
    PaperKind.RECEIPT: ("申请材料接收凭证", "申请材料接收凭证", "材料接收专用章"),
    PaperKind.ACCEPTANCE: ("行政许可申请受理通知书", "政务服务事项受理通知书", "受理专用章"),
    PaperKind.CORRECTION: ("申请材料补正一次性告知书", "申请材料补正一次性告知书", "受理专用章"),
    PaperKind.NON_ACCEPTANCE: ("行政许可申请不予受理决定书", "政务服务事项不予受理决定书", "受理专用章"),
    PaperKind.SUSPENSION: ("行政许可特别程序告知书", "特别程序告知书", "行政许可专用章"),
    PaperKind.EXTENSION: ("行政许可延期办理告知书", "延期办理告知书", "行政许可专用章"),
    PaperKind.GRANT: ("准予行政许可决定书", "办理结果通知书", "行政许可专用章"),
    PaperKind.REFUSAL: ("不予行政许可决定书", "不予办理决定书", "行政许可专用章"),
    PaperKind.DEEMED_ACCEPTANCE: ("行政许可申请视为受理告知书", "政务服务事项视为受理告知书", "受理专用章"),
    PaperKind.COMMITMENT: ("行政许可告知承诺书", "政务服务告知承诺书", "受理专用章"),
    PaperKind.PRELIMINARY: ("行政许可预审结果通知书", "预办理结果通知书", "行政许可专用章"),
    PaperKind.SITE_CHECK: ("现场核查记录", "现场核查记录", "行政许可专用章"),
    PaperKind.HEARING: ("行政许可听证通知书", "听证通知书", "行政许可专用章"),
    PaperKind.HEARING_RIGHT: ("行政许可听证权利告知书", "听证权利告知书", "行政许可专用章"),
    PaperKind.BREACH: ("违反承诺告知书", "违反承诺告知书", "行政许可专用章"),
    PaperKind.REVOCATION: ("撤销行政许可决定书", "撤销办理结果决定书", "行政许可专用章"),
    PaperKind.WITHDRAWAL: ("撤回申请确认书", "撤回申请确认书", "受理专用章"),
    PaperKind.RENEWAL: ("准予延续行政许可告知书", "准予延续告知书", "行政许可专用章"),
    PaperKind.LICENCE_CHANGE: ("准予变更行政许可决定书", "准予变更决定书", "行政许可专用章"),
    PaperKind.CANCELLATION: ("注销行政许可决定书", "注销决定书", "行政许可专用章"),
    PaperKind.DELIVERY: ("送达回证", "送达回证", "送达专用章"),
}


@dataclass(frozen=True)
class Said:
    """One version of a kind: heading for a licence and for any other matter, seal, and the text."""

    heading: str
    heading_other: str
    seal: str
    text: str


@cache
def newest_file(kind: str) -> int:
    """The newest version of a kind's text that the product brings."""
    later = (p.name.split(".")[1] for p in WORDINGS.glob(f"{kind}.*.txt"))
    return max((int(n) for n in later if n.isdecimal()), default=1)


@kept
def _newest_own() -> dict[str, int]:
    return dict(Wording.objects.order_by().values_list("kind").annotate(n=Max("version")))


def newest(kind: str) -> int:
    """The version that letters issued now get: the county's newest, else the product's. Kept for 30 s a process."""
    return _newest_own().get(kind) or newest_file(kind)


def forget() -> None:
    """After a publication the next letter says the new text."""
    _newest_own.forget()


def file(kind: str, version: int) -> str:
    """The template of one of the product's versions."""
    return f"window/letters/{kind}.txt" if version == 1 else f"window/letters/{kind}.{version}.txt"


def of(kind: str, version: int) -> Said:
    """What one version says. Raises Wording.DoesNotExist for a county's version that there is not."""
    if version > Wording.OWN:
        row = Wording.objects.get(kind=kind, version=version)
        return Said(row.heading, row.heading_other, row.seal, row.text)
    text = (WORDINGS.parent.parent / file(kind, version)).read_text(encoding="utf-8")
    bare = re.sub(r"{% (autoescape off|endautoescape) %}", "", text).strip()
    return Said(*HEADINGS[PaperKind(kind)], bare)


def heading(kind: str, version: int) -> tuple[str, str, str]:
    """Headings and seal of one version, without a look at the files."""
    if version > Wording.OWN:
        said = of(kind, version)
        return said.heading, said.heading_other, said.seal
    return HEADINGS[PaperKind(kind)]


def render(kind: str, version: int, context: Mapping[str, Any]) -> str:
    """The text of a letter with the facts of its case."""
    if version > Wording.OWN:
        return fill(of(kind, version).text, context)
    return render_to_string(file(kind, version), dict(context))


# --- a county's text -----------------------------------------------------------------------------------------


class _Engine(Engine):
    """Knows fields, conditions, lists and the shared text on remedies; no file, no other tag, no other filter."""

    default_builtins = ["onewindow.window.lettertags"]


@cache
def _engine() -> _Engine:
    remedies = (WORDINGS / "remedies.txt").read_text(encoding="utf-8")
    bare = re.sub(r"{% (autoescape off|endautoescape) %}", "", remedies).strip()
    loaders: Any = [("django.template.loaders.locmem.Loader", {REMEDIES: bare})]
    return _Engine(autoescape=False, loaders=loaders)


def fill(text: str, context: Mapping[str, Any]) -> str:
    """A county's text with facts. Raises TemplateSyntaxError or TemplateDoesNotExist if it can't be understood."""
    return _engine().from_string(text).render(Context(dict(context), autoescape=False))


#: field → what it holds; those of ``facts`` differ from letter to letter
FIELDS = {
    "item": _("name of the matter"),
    "holder": _("the applicant"),
    "office": _("the organ that decides"),
    "government": _("the government above it"),
    "basis": _("legal basis of the matter"),
    "licence": _("is it a licence? (for conditions)"),
    "immediate": _("is it decided on the spot? (for conditions)"),
    "received": _("day on which it was handed in"),
    "accepted": _("day of acceptance"),
    "decided": _("day of the decision"),
    "issued": _("day of the letter"),
    "legal": _("lawful limit"),
    "promised": _("promised limit"),
    "extension": _("by how much it is extended"),
    "due": _("last day for the decision"),
    "due_before": _("last day before the extension"),
    "until": _("last day for corrections"),
    "expected": _("day on which the stop should end"),
    "deferred": _("materials put off (a list)"),
    "owed": _("what is owed and until when (a list)"),
    "final": _("time for the final result"),
    "reason_name": _("reason, as in the code list"),
    "reason_basis": _("legal basis of that reason"),
    "result": _("result of the matter"),
    "held": _("day of the hearing or check"),
    "reply_by": _("last day for a statement"),
    "delivery": _("way of delivery"),
    "facts.reason": _("reason, in the words of the department"),
    "facts.note": _("further words of the clerk"),
    "facts.notice": _("what the applicant is told of the procedure"),
    "facts.days": _("how many working days it will take"),
    "facts.basis": _("basis on which the time does not count"),
    "facts.staff": _("names of those who check (a list)"),
    "facts.place": _("place"),
    "facts.time": _("time of day"),
    "facts.what": _("what was promised"),
    "facts.due": _("until when it was promised"),
    "facts.heard": _("what the party stated"),
    "facts.licence": _("number of the licence"),
    "facts.until": _("valid until"),
    "facts.share": _("what the department examines, if only its share stands still"),
    "facts.by": _("the department whose share stands still"),
    "facts.form": _("way in which it was handed over"),
    "facts.chair": _("who presides over the hearing"),
    "facts.result": _("what the check found"),
    "facts.open": _("is the hearing open to all? (for conditions)"),
    "facts.deemed": _("did it come about by silence? (for conditions)"),
    "facts.renewal": _("renewal: in_time, late or empty (for conditions)"),
    "facts.joint": _("is it handled jointly? (for conditions)"),
    "facts.undecided": _("is it not decided yet? (for conditions)"),
    "facts.deferral": _("is something put off? (for conditions)"),
    "facts.commitment": _("is something only promised? (for conditions)"),
    "facts.ground": _("ground on which it is struck off, in the words of the law"),
    "facts.clause": _("number of that ground in the law"),
    "facts.holder": _("new name of the holder"),
    "facts.conditions": _("new conditions"),
    "facts.unconditional": _("do the conditions fall away? (for conditions)"),
    "facts.edition": _("number of the licence's edition"),
    "facts.received_by": _("who signed for it"),
}

#: kind → what the law wants the letter to say: any of these fields or words, and where the law says so
NEEDS: dict[str, tuple[tuple[tuple[str, ...], Any, str], ...]] = {
    PaperKind.RECEIPT: ((("received",), _("the day on which the papers were received"), "行政许可法 32"),),
    PaperKind.ACCEPTANCE: (
        (("promised", "due", "legal"), _("the limit within which it is decided"), "优化营商环境条例 36"),
    ),
    PaperKind.CORRECTION: (
        (("一次性告知",), _("that all corrections are told at once"), "行政许可法 32(4)"),
    ),
    PaperKind.NON_ACCEPTANCE: (
        (("facts.reason", "reason_name"), _("the reason"), "行政许可法 32"),
        ((REMEDIES, "行政复议"), _("reconsideration"), "行政复议法 20"),
        ((REMEDIES, "行政诉讼"), _("action before a court"), "行政诉讼法 46"),
    ),
    PaperKind.SUSPENSION: (
        (("reason_name", "facts.notice"), _("the reason"), "行政许可法 45"),
        (("facts.days", "expected"), _("the time that is needed"), "行政许可法 45"),
    ),
    PaperKind.EXTENSION: (
        (("extension",), _("by how much it is extended"), "行政许可法 42"),
        (("facts.reason",), _("the reason"), "行政许可法 42"),
    ),
    PaperKind.REFUSAL: (
        (("facts.reason", "reason_name"), _("the reason"), "行政许可法 38"),
        ((REMEDIES, "行政复议"), _("reconsideration"), "行政许可法 38"),
        ((REMEDIES, "行政诉讼"), _("action before a court"), "行政许可法 38"),
    ),
    PaperKind.SITE_CHECK: ((("facts.staff",), _("the two who check"), "行政许可法 34"),),
    PaperKind.HEARING: ((("held",), _("the day of the hearing"), "行政许可法 48"),),
    PaperKind.HEARING_RIGHT: ((("reply_by",), _("until when a hearing may be asked for"), "行政许可法 47"),),
    PaperKind.BREACH: (
        (("facts.reason",), _("the reason"), "行政许可法 69"),
        (("reply_by",), _("until when the party may state its case"), "行政许可法 7"),
    ),
    PaperKind.REVOCATION: (
        (("facts.reason",), _("the reason"), "行政许可法 69"),
        ((REMEDIES, "行政复议"), _("reconsideration"), "行政许可法 7"),
        ((REMEDIES, "行政诉讼"), _("action before a court"), "行政许可法 7"),
    ),
    PaperKind.LICENCE_CHANGE: (
        (("facts.holder",), _("a new name of the holder"), "行政许可法 49"),
        (("facts.conditions",), _("new conditions"), "行政许可法 49"),
    ),
    PaperKind.CANCELLATION: (
        (("facts.ground", "facts.clause"), _("the ground"), "行政许可法 70"),
        ((REMEDIES, "行政复议"), _("reconsideration"), "行政许可法 7"),
        ((REMEDIES, "行政诉讼"), _("action before a court"), "行政许可法 7"),
    ),
}

_WORD = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")
_OPERATORS = {"and", "or", "not", "in", "is", "if", "elif", "else", "True", "False", "None"}


def names(text: str) -> set[str]:
    """The fields that a text uses. Names that it makes itself (``for x in …``) are none."""
    used: set[str] = set()
    made: set[str] = {"forloop"}
    for token in Lexer(text).tokenize():
        if token.token_type not in (TokenType.VAR, TokenType.BLOCK):
            continue
        said = re.sub(r"\|\s*\w+", " ", _QUOTED.sub(" ", token.contents))
        words = _WORD.findall(said)
        if token.token_type == TokenType.BLOCK:
            tag, words = (words or [""])[0], words[1:]
            if tag == "for" and "in" in words:
                place = words.index("in")
                made |= set(words[:place])
                words = words[place + 1 :]
            elif tag not in ("if", "elif"):
                words = []
        used |= {w for w in words if w not in _OPERATORS and w.split(".")[0] not in made}
    return used


@cache
def known(kind: str) -> frozenset[str]:
    """The fields that letters of a kind have: the general ones, and those facts that the product's text uses."""
    facts = {n for n in names(of(kind, newest_file(kind)).text) if n.startswith("facts.")}
    return frozenset({n for n in FIELDS if "." not in n} | facts)


def sample(kind: str, *, licence: bool) -> dict[str, Any]:
    """The facts of an invented case, to show a text with."""
    facts: dict[str, Any] = {name.removeprefix("facts."): "……" for name in known(kind) if "." in name}
    facts |= {
        "deemed": False, "renewal": "", "undecided": False, "joint": False, "deferral": True, "commitment": True,
        "reason": "经营场所与申请不符", "days": 10, "staff": ["李明", "王芳"], "materials": [], "open": True,
        "unconditional": False,
    }  # fmt: skip
    said = {name: f"〔{label}〕" for name, label in FIELDS.items() if "." not in name}
    return said | {
        "facts": facts, "item": "食品经营许可（新办）", "holder": "张三", "licence": licence, "immediate": False,
        "basis": "《中华人民共和国食品安全法》第三十五条", "received": "2026 年 11 月 23 日", "accepted": "2026 年 11 月 23 日",
        "decided": "2026 年 11 月 27 日", "issued": "2026 年 11 月 27 日", "legal": "10 个工作日", "promised": "5 个工作日",
        "extension": "5 个工作日", "due": "2026 年 11 月 30 日", "due_before": "2026 年 11 月 27 日",
        "until": "2026 年 12 月 23 日", "expected": "2026 年 12 月 7 日", "deferred": [], "owed": [],
        "reason_name": "不符合法定条件",
        "reason_basis": "", "final": "2 个工作日", "held": "2026 年 12 月 4 日", "reply_by": "2026 年 11 月 30 日",
        "result": "食品经营许可证", "delivery": "到窗口领取", "office": "肇东市市场监督管理局", "government": "肇东市人民政府",
    }  # fmt: skip


def faults(kind: str, text: str) -> Iterator[tuple[str, Any]]:
    """What is wrong with a county's text: (rule, sentence). The law's own contents of a letter can't be left out."""
    try:
        filled = [fill(text, sample(kind, licence=licence)) for licence in (True, False)]
    except (TemplateSyntaxError, TemplateDoesNotExist) as wrong:
        yield "syntax", _("The text can't be read: %(why)s") % {"why": wrong}
        return
    except Exception as wrong:  # whatever a text may do when it is filled in
        yield (
            "syntax",
            _("The text can't be filled in: %(why)s") % {"why": f"{type(wrong).__name__}: {wrong}"},
        )
        return
    used = names(text)
    for name in sorted(used - known(kind)):
        yield "unknown_name", _("There is no field %(name)s in this letter.") % {"name": name}
    if text.count("**") % 2:
        yield "bold", _("** stands before and after what is bold: one is missing.")
    if len(re.findall(r"(?m)^---$", text)) > 1:
        yield "parts", _("--- stands once at most: between the text before and after the table.")
    if not all(said.strip() for said in filled):
        yield "empty", _("For one of the two kinds of matter nothing would be said.")
    for any_of, what, law in NEEDS.get(kind, ()):
        if not any(n in used or (n not in FIELDS and n in text) for n in any_of):
            yield "needed", _("The law wants it to say: %(what)s (%(law)s).") % {"what": what, "law": law}
