"""联办计划 from a CSV file: which departments take part in an item, stage after stage, each with its limit."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from onewindow.org.calendar import Limit
from onewindow.org.models import Office

#: (line, column, message), as the import of items reports them
Fault = tuple[int, str, str]


def read_plans(path: Path, faults: list[Fault]) -> dict[str, list[dict[str, Any]]]:
    """Plans by item code: rows of ``stage`` (1 …), ``office``, ``title``, ``title_en``, ``limit``, ``legal_limit``, in their
    order. What is wrong is added to ``faults``; raises OSError for an unreadable file."""
    plans: dict[str, list[dict[str, Any]]] = defaultdict(list)
    offices = set(Office.objects.values_list("code", flat=True))
    with open(path, encoding="utf-8-sig", newline="") as file:
        for line, row in enumerate(csv.DictReader(file), 2):
            given = {k: (v or "").strip() for k, v in row.items() if k}
            if part := _part(line, given, offices, faults):
                plans[given["item"]].append(part)
    return {code: sorted(rows, key=lambda r: r["stage"]) for code, rows in plans.items()}


def _part(
    line: int, given: Mapping[str, str], offices: set[str], faults: list[Fault]
) -> dict[str, Any] | None:
    before = len(faults)
    if given.get("office") not in offices:
        faults.append(
            (line, "office", f"no office has the code {given.get('office')!r}: import the offices first")
        )
    if not (given.get("stage") or "").isdecimal() or not 1 <= int(given["stage"]) <= 20:
        faults.append((line, "stage", "must be a whole number from 1 on"))
    if not given.get("title"):
        faults.append((line, "title", "is empty"))
    limits = {}
    for column in ("limit", "legal_limit"):
        text = given.get(column, "")
        try:
            limits[column] = str(Limit.parse(text)) if text or column == "limit" else ""
        except ValueError as wrong:
            faults.append((line, column, str(wrong)))
    if len(faults) > before:
        return None
    names = {n: given.get(n, "") for n in ("office", "title", "title_en")}
    return {"stage": int(given["stage"]), **names, **limits}


def stages_of(plan: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For the guide: each stage with the departments that examine at the same time."""
    offices = Office.objects.in_bulk({row["office"] for row in plan}, field_name="code")
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in plan:
        found[row["stage"]].append(row | {"office": offices.get(row["office"]), "name": row["title"],
                                          "name_en": row.get("title_en", "")})  # fmt: skip
    return [{"no": no, "parts": found[no]} for no in sorted(found)]
