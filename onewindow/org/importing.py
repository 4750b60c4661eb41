"""Regions, offices, halls and counters from CSV files: checked line by line, written in one transaction or not at all."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import models, transaction

from onewindow.org.models import Counter, CounterKind, Hall, Office, Region


@dataclass
class Report:
    """``errors``: (line, column, message); with any, nothing was written."""

    errors: list[tuple[int, str, str]] = field(default_factory=list)
    created: int = 0
    changed: int = 0


class _Bad(ValueError):
    def __init__(self, column: str, message: str):
        super().__init__(message)
        self.column, self.message = column, message


def _found(model: type[models.Model], column: str, code: str) -> Any:
    row = model._default_manager.filter(code=code).first()
    if row is None:
        raise _Bad(
            column, f"there is no {model._meta.model_name} {code!r}: import it first, or above this line"
        )
    return row


def _flag(row: dict[str, str], column: str) -> bool:
    if row.get(column, "0") not in ("0", "1", ""):
        raise _Bad(column, "write 1 or 0")
    return row.get(column) == "1"


def _time(row: dict[str, str], column: str, default: str) -> dt.time:
    try:
        return dt.time.fromisoformat(row.get(column) or default)
    except ValueError as wrong:
        raise _Bad(column, "write a time such as 08:30") from wrong


def _region(row: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    parent = _found(Region, "parent", row["parent"]) if row.get("parent") else None
    return {"code": row["code"]}, {"level": row.get("level", ""), "parent": parent}


def _office(row: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"code": row["code"]}, {
        "kind": row.get("kind", "department"),
        "parent": _found(Office, "parent", row["parent"]) if row.get("parent") else None,
        "region": _found(Region, "region", row["region"]),
        "is_member": _flag(row, "is_member"),
        "short": row.get("short", ""),
        "phone": row.get("phone", ""),
    }


def _hall(row: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"code": row["code"]}, {
        "region": _found(Region, "region", row["region"]),
        "address": row.get("address", ""),
        "address_en": row.get("address_en", ""),
        "phone": row.get("phone", ""),
        "opens_at": _time(row, "opens_at", "08:30"),
        "closes_at": _time(row, "closes_at", "17:00"),
    }


def _counter(row: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    if row["kind"] not in CounterKind.values:
        raise _Bad("kind", f"must be one of {', '.join(CounterKind.values)}")
    return {"hall": _found(Hall, "hall", row["hall"]), "code": row["code"]}, {
        "kind": row["kind"],
        "office": _found(Office, "office", row["office"]) if row.get("office") else None,
        "has_device": _flag(row, "has_device"),
    }


Reader = Callable[[dict[str, str]], tuple[dict[str, Any], dict[str, Any]]]
#: kind of table → model, columns that it must have, how a line is read
TABLES: dict[str, tuple[type[models.Model], set[str], Reader]] = {
    "regions": (Region, {"code", "name"}, _region),
    "offices": (Office, {"code", "name", "region"}, _office),
    "halls": (Hall, {"code", "name", "region"}, _hall),
    "counters": (Counter, {"hall", "code", "name", "kind"}, _counter),
}


def import_table(kind: str, path: Path, *, dry_run: bool = False) -> Report:
    """Imports one of :data:`TABLES`. Lines may refer to lines above them. Raises OSError, UnicodeDecodeError."""
    model, needed, read = TABLES[kind]
    report = Report()
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if missing := sorted(needed - set(reader.fieldnames or [])):
            report.errors.append(
                (1, ", ".join(missing), "columns are missing: see docs/reference/data-files.md")
            )
            return report
        rows = [(n, {k: (v or "").strip() for k, v in row.items() if k}) for n, row in enumerate(reader, 2)]
    seen: set[tuple[str, ...]] = set()
    with transaction.atomic():
        for line, row in rows:
            try:
                for column in sorted(needed):
                    if not row[column]:
                        raise _Bad(column, "is empty")
                key, facts = read(row)
                identity = tuple(str(v) for v in key.values())
                if identity in seen:
                    raise _Bad("code", "stands in the file twice")
                seen.add(identity)
                facts |= {"name": row["name"], "name_en": row.get("name_en", "")}
                new = model._default_manager.update_or_create(**key, defaults=facts)[1]
                report.created, report.changed = report.created + new, report.changed + (not new)
            except _Bad as bad:
                report.errors.append((line, bad.column, bad.message))
        if report.errors or dry_run:
            transaction.set_rollback(True)
    return report
