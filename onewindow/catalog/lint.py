"""The list of items held against the rules of the field (national implementation-list rules; 行政许可法; 优化营商环境条例).

An *error* keeps a version from being published; a *warning* is shown to those who keep the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from onewindow.catalog.barred import area_of
from onewindow.catalog.questions import check as questions_check
from onewindow.org.calendar import Limit

#: About how many working days a unit is, for comparing limits printed in different units (never for a deadline).
WORKING_DAYS = {"wd": 1.0, "d": 5 / 7, "mo": 21.0, "h": 1 / 24, "wh": 1 / 8}
CATCH_ALL = re.compile(r"其他(相关)?材料|(应当|需要)提交的其他|法律法规规定的其他|等材料$")


@dataclass(frozen=True)
class Finding:
    """One thing about an item: a stable rule code, ``error`` or ``warning``, and a sentence."""

    rule: str
    severity: str
    text: Any
    field: str = ""


def in_working_days(limit: str) -> float:
    """A limit as about so many working days."""
    parsed = Limit.parse(limit)
    return parsed.amount * WORKING_DAYS[parsed.unit]


def lint(facts: dict[str, Any], materials: Sequence[str]) -> Iterator[Finding]:
    """Findings about one version (rules of the field, 7.1): ``facts`` as the fields of ItemVersion, ``materials`` the names
    in order. Facts that an older file lacks count as not said."""
    yield from _limits(facts)
    yield from _money(facts)
    yield from _visits(facts)
    yield from _result(facts)
    yield from _materials(materials)
    yield from _plan(facts)
    yield from _commitment(facts)
    yield from _form(facts.get("form") or [])


def _commitment(facts: dict[str, Any]) -> Iterator[Finding]:
    if facts.get("allows_commitment") and area_of(facts.get("name", ""), facts["result"]):
        text = _(
            "The law bars a written commitment here: the matter bears on safety, ecology or health directly."
        )
        yield _error("commitment_barred", text, "allows_commitment")


def _error(rule: str, text: Any, field: str) -> Finding:
    return Finding(rule, "error", text, field)


def _warning(rule: str, text: Any, field: str) -> Finding:
    return Finding(rule, "warning", text, field)


def _limits(facts: dict[str, Any]) -> Iterator[Finding]:
    promised, legal = facts["promised_limit"], facts["legal_limit"]
    zero = Limit.parse(promised).amount == 0
    beyond = in_working_days(promised) > in_working_days(legal) + 1e-9
    if (beyond and Limit.parse(legal).amount) or (Limit.parse(legal).amount == 0 and not zero):
        text = _("The promised limit is longer than the lawful one.")
        yield _error("promise_beyond_law", text, "promised_limit")
    if (facts["case_kind"] == "IMMEDIATE") != zero:
        text = _("“On the spot” and a promised limit of 0wd go together.")
        yield _error("immediate", text, "promised_limit")
    if not facts["legal_basis"].strip():
        yield _error("no_basis", _("The legal basis is missing."), "legal_basis")
    extension = facts["legal_extension"]
    if extension and Limit.parse(extension).unit != Limit.parse(legal).unit:
        text = _("The extension is printed in another unit than the limit.")
        yield _warning("extension_unit", text, "legal_extension")
    if facts.get("kind_code") == "01":
        joint = bool(facts.get("is_joint"))
        most, more = (45, 15) if joint else (20, 10)
        if in_working_days(legal) > most + 1e-9:
            text = _("Longer than the %(most)s working days of 行政许可法 42: only if another law says so.")
            yield _warning("beyond_42", text % {"most": most}, "legal_limit")
        if extension and in_working_days(extension) > more + 1e-9:
            text = _("A licence is extended once, by %(more)s working days at most (行政许可法 42).")
            yield _error("extension_beyond_42", text % {"more": more}, "legal_extension")


def _money(facts: dict[str, Any]) -> Iterator[Finding]:
    if facts["has_fee"] and not facts["fee_note"].strip():
        text = _("A fee needs its basis and standard (行政许可法 58).")
        yield _error("fee_without_basis", text, "fee_note")
    if facts.get("pays_online") and not facts["has_fee"]:
        yield _error("pays_nothing", _("There is no fee: nothing can be paid online."), "pays_online")


def _visits(facts: dict[str, Any]) -> Iterator[Finding]:
    visits, ways = facts["visit_count"], set((facts.get("handling_forms") or "1").split("/"))
    if visits > 1:
        yield _warning("visits", _("More than one visit: can one be saved?"), "visit_count")
    if visits and not (facts.get("visit_reason") or "").strip():
        yield _warning("visit_reason", _("A visit needs a reason that people understand."), "visit_reason")
    if facts.get("is_fully_online"):
        if visits:
            text = _("What is done wholly online needs no visit.")
            yield _error("online_visit", text, "visit_count")
        if not ways & {"2", "3"}:
            text = _("Done wholly online, but it can't be handed in online.")
            yield _error("online_how", text, "handling_forms")
    elif not visits and ways == {"1"} and facts["case_kind"] != "IMMEDIATE":
        text = _("No visit, but it can be handed in at the window only: name another way.")
        yield _warning("no_visit_how", text, "handling_forms")
    consult, complaint = facts.get("consult_phone") or "", facts.get("complaint_phone") or ""
    if consult and consult == complaint:
        text = _("Questions and complaints must not reach the same telephone.")
        yield _error("same_phone", text, "complaint_phone")


def _result(facts: dict[str, Any]) -> Iterator[Finding]:
    result, kind = facts["result"].strip(), facts.get("result_kind") or ""
    if not result:
        yield _error("no_result", _("The result is missing."), "result")
    licence, approval = result.endswith(("证", "证书", "执照")), result.endswith(("批复", "批文", "意见书"))
    if kind and ((kind == "licence") < licence or (kind == "approval") < approval):
        text = _("The name of the result and its kind do not fit.")
        yield _error("result_kind", text, "result_kind")
    if result and kind and not facts.get("result_sample"):
        text = _("A result without a sample: people should see what they get.")
        yield _warning("no_sample", text, "result_sample")
    if facts.get("kind_code") == "01" and "faq" in facts and not facts["faq"]:
        text = _("The guide to a licence answers at least one question.")
        yield _warning("no_faq", text, "faq")
    objects = set((facts.get("service_object") or "").split("/"))
    if "营业执照" in result and not objects & {"E", "P"}:
        yield _warning("object", _("Who may apply does not fit the result."), "service_object")


def _materials(materials: Sequence[str]) -> Iterator[Finding]:
    if not materials:
        yield _warning("no_material", _("No material is asked for: is that right?"), "materials")
    for n, name in enumerate(materials):
        if CATCH_ALL.search(name):
            text = _("“%(name)s” asks for everything and nothing: name the paper.") % {"name": name}
            yield _error("catch_all", text, f"materials-{n}-name")
    if len(set(materials)) != len(materials):
        yield _error("material_twice", _("The same material is asked for twice."), "materials")


def _plan(facts: dict[str, Any]) -> Iterator[Finding]:
    """Departments that take part: stage after stage, so the longest of each stage adds up."""
    stages: dict[int, float] = {}
    for n, row in enumerate(facts.get("plan") or []):
        limit, legal = row.get("limit") or "0wd", row.get("legal_limit") or ""
        stages[row["stage"]] = max(stages.get(row["stage"], 0), in_working_days(limit))
        if legal and in_working_days(limit) > in_working_days(legal) + 1e-9:
            text = _("The promised limit is longer than the lawful one.")
            yield _error("plan_beyond_law", text, f"plan-{n}-limit")
    if stages and sum(stages.values()) > in_working_days(facts["promised_limit"]) + 1e-9:
        text = _("The departments together take longer than the item promises.")
        yield _error("plan_too_long", text, "plan")


def _form(questions: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    """In the reader's language what people get wrong most; whatever else ``questions.py`` says of them as it says it."""
    found = list(_questions(questions))
    yield from found or [_error("questions", text, "form") for text in questions_check(list(questions))]


def _questions(questions: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    seen: set[str] = set()
    for n, row in enumerate(questions):
        name = row.get("name", "")
        if name in seen:
            yield _error("question_twice", _("Two questions bear this name."), f"form-{n}-name")
        for other in row.get("show_if") or {}:
            if other not in seen:
                text = _("It depends on a question that does not stand above it.")
                yield _error("question_order", text, f"form-{n}-show_if")
        options = row.get("options") or []
        if row.get("type") == "choice" and (len(options) < 2 or not all(o.get("label_en") for o in options)):
            text = _("A choice needs at least two answers, each with its English.")
            yield _error("choice_answers", text, f"form-{n}-options")
        seen.add(name)
