"""Items from a CSV file: every line is checked before anything is written, and all is written in one transaction."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from onewindow.catalog import questions
from onewindow.catalog.actions import publish_version, spell
from onewindow.catalog.lint import lint
from onewindow.catalog.models import CaseKind, Item, Necessity, Source
from onewindow.catalog.plans import read_plans
from onewindow.org.calendar import Limit
from onewindow.org.models import Office

#: Columns under other names (an older export) → ours.
ALIASES = {"local_code": "code", "special": "special_procedure"}
NEEDED = {"code", "department", "name", "legal_basis", "statutory_limit", "case_kind", "result"}
OBJECTS = {"P", "E", "I", "SO"}


@dataclass
class Report:
    """What an import found and did. ``errors`` holds (line, column, message); with any, nothing was written."""

    errors: list[tuple[int, str, str]] = field(default_factory=list)
    warnings: list[tuple[int, str, str]] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)


def _limit(text: str) -> tuple[str, str]:
    """``10wd(+5)`` → (``10wd``, ``5wd``); ``0`` → (``0wd``, ````); raises ValueError with the remedy."""
    text = text.strip()
    if found := re.fullmatch(r"(\d+)([a-z]+)\(\+(\d+)\)", text):
        return str(Limit.parse(found[1] + found[2])), str(Limit.parse(found[3] + found[2]))
    return ("0wd", "") if text in ("0", "即时") else (str(Limit.parse(text)), "")


def _materials_in(text: str) -> list[dict[str, Any]]:
    """The one-column form: names between ``|``; ``(核验)`` marks what the government itself holds."""
    rows = []
    for no, name in enumerate((n.strip() for n in text.split("|") if n.strip()), 1):
        held = bool(re.search(r"[（(]核验[)）]", name))
        clean = re.sub(r"[（(]核验[)）]", "", name)
        optional = bool(re.search(r"如有|适用时|规定情形", clean))
        rows.append(
            {
                "no": no,
                "name": clean,
                "name_en": "",
                "source": Source.GOVERNMENT if held else Source.APPLICANT,
                "necessity": Necessity.OPTIONAL if optional else Necessity.REQUIRED,
            }
        )
    return rows


def _rows(path: Path) -> tuple[list[tuple[int, dict[str, str]]], set[str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        names = [ALIASES.get(n, n) for n in reader.fieldnames or []]
        reader.fieldnames = names
        return [(n, {k: (v or "").strip() for k, v in r.items() if k}) for n, r in enumerate(reader, 2)], set(
            names
        )


def _read_materials(path: Path | None, report: Report) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line, row in _rows(path)[0] if path else []:
        try:
            found[row["item"]].append(
                {
                    "no": int(row["no"]),
                    "name": row["name"],
                    "name_en": row.get("name_en", ""),
                    "source": Source(int(row.get("source") or 10)),
                    "necessity": Necessity(int(row.get("necessity") or 1)),
                    "form": row.get("form") or "either",
                    "copies": int(row.get("copies") or 1),
                }
            )
        except (KeyError, ValueError) as wrong:
            report.errors.append(
                (line, "materials", f"{wrong}: see docs/reference/data-files.md for the columns")
            )
    return found


def _check(
    line: int, row: dict[str, str], offices: dict[str, Office], report: Report
) -> dict[str, Any] | None:
    """The facts of one line, or None with the errors added to the report."""

    def bad(column: str, message: str) -> None:
        report.errors.append((line, column, message))

    before = len(report.errors)
    office = offices.get(row["department"])
    if office is None:
        bad("department", f"no office has the code or name {row['department']!r}: import the offices first")
    for column in sorted(NEEDED - {"department", "statutory_limit"}):
        if not row.get(column):
            bad(column, "is empty")
    if row.get("case_kind") not in CaseKind.values:
        bad("case_kind", f"must be one of {', '.join(CaseKind.values)}")
    objects = row.get("service_object", "P/E")
    if not objects or set(objects.split("/")) - OBJECTS:
        bad("service_object", "write P, E, I or SO, several with / between")
    legal, extension, promised = "", "", ""
    try:
        legal, extension = _limit(row["statutory_limit"])
        extension = row.get("statutory_extension") or extension
        if (
            "statutory_extension" not in row
            and not extension
            and legal == "20wd"
            and row.get("kind_code") == "01"
        ):
            extension = "10wd"  # 行政许可法 42
        extension = str(Limit.parse(extension)) if extension else ""
    except ValueError as wrong:
        bad("statutory_limit", str(wrong))
    try:
        text = row.get("promised_limit") or (
            row.get("promised_wd", "") + "wd" if row.get("promised_wd") else ""
        )
        promised = _limit(text)[0] if text else legal
    except ValueError as wrong:
        bad("promised_limit", str(wrong))
    validity = ""
    if text := row.get("result_validity", ""):
        years = re.fullmatch(r"(\d+)y", text)
        try:
            validity = f"{int(years[1]) * 12}mo" if years else str(Limit.parse(text))
        except ValueError:
            bad("result_validity", "write years or months, e.g. 5y or 18mo; empty = valid without end")
    visits = row.get("visits") or "0"
    if not visits.isdigit():
        bad("visits", "must be a whole number")
    if len(report.errors) > before:
        return None
    fee = row.get("fee", "N")[:1].upper() == "Y"
    return {
        "office": office,
        "name": row["name"],
        "name_en": row.get("name_en", ""),
        "is_hot": row.get("hot") == "1",
        "version": {
            "kind_code": row.get("kind_code") or "10",
            "service_object": objects,
            "legal_basis": row["legal_basis"],
            "legal_limit": legal,
            "legal_extension": extension,
            "limit_source": row.get("statutory_source", ""),
            "promised_limit": promised,
            "case_kind": row["case_kind"],
            "has_fee": fee,
            "fee_note": row.get("fee_note") or ("按核定标准收取" if fee else ""),
            "visit_count": int(visits),
            # nobody has to come: so it can be handed in by computer and phone (GB/T 39046 A.5)
            "handling_forms": row.get("ways") or ("1/2/3" if visits == "0" else "1"),
            "special_procedure": row.get("special_procedure", ""),
            "result": row["result"],
            "result_en": row.get("result_en", ""),
            "result_validity": validity,
            "stop_reasons": " ".join(row.get("stop_reasons", "").replace("|", " ").split()),
            "allows_commitment": row.get("commitment") == "1",
            "is_joint": row.get("joint") == "1",
        },
    }


def _read_forms(path: Path | None, report: Report) -> dict[str, list[Any]] | None:
    """The questions of the online forms by item code, from a JSON file; None if there is none."""
    if path is None:
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as wrong:
        report.errors.append((wrong.lineno, "forms", wrong.msg))
        return {}
    if not isinstance(found, dict):
        report.errors.append((1, "forms", "must be an object: code of the item → list of questions"))
        return {}
    for code, asked in found.items():
        report.errors += [(1, "forms", f"{code}: {fault}") for fault in questions.check(asked)]
    return found


def import_items(
    path: Path,
    *,
    materials: Path | None = None,
    forms: Path | None = None,
    plans: Path | None = None,
    by: str,
    dry_run: bool = False,
) -> Report:
    """Reads items and publishes a new version of each that changed; what they ask for comes from a second file or the column
    ``materials``, the questions of their online forms from a JSON file, the departments that take part from ``plans`` (both
    otherwise stay as they are). Raises OSError for an unreadable file and UnicodeDecodeError for one that is not UTF-8.
    """
    report = Report()
    rows, columns = _rows(path)
    if missing := sorted(NEEDED - columns):
        report.errors.append((1, ", ".join(missing), "columns are missing: see docs/reference/data-files.md"))
        return report
    apart, asked = _read_materials(materials, report), _read_forms(forms, report)
    shared = read_plans(plans, report.errors) if plans else None
    offices = {o.code: o for o in Office.objects.all()} | {o.name: o for o in Office.objects.all()}
    ready, seen = [], set()
    for line, row in rows:
        if row["code"] in seen:
            report.errors.append((line, "code", f"{row['code']} stands in the file twice"))
            continue
        seen.add(row["code"])
        facts = _check(line, row, offices, report)
        if facts is None:
            continue
        papers = apart.get(row["code"]) or _materials_in(row.get("materials", ""))
        for finding in lint(facts["version"], [p["name"] for p in papers]):
            target = report.errors if finding.severity == "error" else report.warnings
            target.append((line, finding.rule, str(finding.text)))
        if asked is not None:
            facts["version"]["form"] = asked.get(row["code"], [])
        if shared is not None:
            facts["version"]["plan"] = shared.get(row["code"], [])
        ready.append((row["code"], facts, papers))
    for file, found in (("forms", asked), ("plans", shared)):
        if strange := sorted(set(found or {}) - seen):
            text = f"{file} of items that are not in the file: {', '.join(strange)}"
            report.errors.append((1, file, text))
    if unknown := sorted(set(apart) - seen):
        report.errors.append(
            (1, "materials", f"materials of items that are not in the file: {', '.join(unknown)}")
        )
    if report.errors:
        return report
    with transaction.atomic():
        for code, facts, papers in ready:
            _write(code, facts, papers, by, report)
        if dry_run:
            transaction.set_rollback(True)
    return report


def _write(
    code: str, facts: dict[str, Any], papers: Iterable[dict[str, Any]], by: str, report: Report
) -> None:
    names = {k: facts[k] for k in ("office", "name", "name_en", "is_hot")} | spell(facts["name"])
    item, new = Item.objects.update_or_create(code=code, defaults=names)
    if item.current is not None:
        facts["version"].setdefault("form", item.current.form)
        facts["version"].setdefault("plan", item.current.plan)
    outcome = publish_version(item, facts["version"], list(papers), by=by)
    (report.created if new else report.changed if outcome else report.same).append(code)
