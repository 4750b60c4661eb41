"""The list of items held against the rules of the field (national implementation-list rules; 行政许可法; 优化营商环境条例).

An *error* keeps a version from being published; a *warning* is shown to those who keep the list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

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


def in_working_days(limit: str) -> float:
    """A limit as about so many working days."""
    parsed = Limit.parse(limit)
    return parsed.amount * WORKING_DAYS[parsed.unit]


def lint(facts: dict[str, Any], materials: Sequence[str]) -> Iterator[Finding]:
    """Findings about one version: ``facts`` as the fields of ItemVersion, ``materials`` the names in order."""
    promised, legal = facts["promised_limit"], facts["legal_limit"]
    immediate = facts["case_kind"] == "IMMEDIATE"
    zero = Limit.parse(promised).amount == 0
    if in_working_days(promised) > in_working_days(legal) + 1e-9 and Limit.parse(legal).amount:
        yield Finding("promise_beyond_law", "error", _("The promised limit is longer than the lawful one."))
    if Limit.parse(legal).amount == 0 and not zero:
        yield Finding("promise_beyond_law", "error", _("The promised limit is longer than the lawful one."))
    if immediate != zero:
        yield Finding("immediate", "error", _("“On the spot” and a promised limit of 0wd go together."))
    if not facts["legal_basis"].strip():
        yield Finding("no_basis", "error", _("The legal basis is missing."))
    if facts["has_fee"] and not facts["fee_note"].strip():
        yield Finding("fee_without_basis", "error", _("A fee needs its basis and standard (行政许可法 58)."))
    if not facts["result"].strip():
        yield Finding("no_result", "error", _("The result is missing."))
    if not materials:
        yield Finding("no_material", "warning", _("No material is asked for: is that right?"))
    for name in materials:
        if CATCH_ALL.search(name):
            yield Finding(
                "catch_all",
                "error",
                _("“%(name)s” asks for everything and nothing: name the paper.") % {"name": name},
            )
    if len(set(materials)) != len(materials):
        yield Finding("material_twice", "error", _("The same material is asked for twice."))
    if facts["visit_count"] > 1:
        yield Finding("visits", "warning", _("More than one visit: can one be saved?"))
    if facts["legal_extension"] and Limit.parse(facts["legal_extension"]).unit != Limit.parse(legal).unit:
        yield Finding(
            "extension_unit", "warning", _("The extension is printed in another unit than the limit.")
        )
