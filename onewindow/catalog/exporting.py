"""The whole catalogue as one text file and back: a first line that says what it is, then one document a line.

One line a thing: an error names its line and field, and two files can be compared with any tool. The same catalogue gives
the same bytes, on every machine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from onewindow.catalog import keep

FORMAT, VERSION = "onewindow-catalogue", 1


def lines() -> Iterator[str]:
    """The file, line by line, each with its line break."""
    yield _line({"format": FORMAT, "version": VERSION})
    for section in keep.SECTIONS.values():
        for document in section.documents():
            yield _line({"section": section.name, **document})


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n"


@dataclass
class Report:
    """What an import found and did: (line, field, message) of errors and warnings, and section → outcome → number.
    With any error nothing was written."""

    errors: list[tuple[int, str, str]] = field(default_factory=list)
    warnings: list[tuple[int, str, str]] = field(default_factory=list)
    done: dict[str, dict[str, int]] = field(default_factory=dict)

    def count(self, outcome: str) -> int:
        return sum(numbers.get(outcome, 0) for numbers in self.done.values())


def load(source: Iterable[str], *, by: str, dry_run: bool = False) -> Report:
    """Reads a catalogue: every line is checked as a published change would be, all is written in one transaction or
    nothing is. What the file does not name stays as it is."""
    report = Report()
    seen: dict[tuple[str, str], int] = {}
    with transaction.atomic():
        for n, text in enumerate(source, 1):
            if text.strip():
                _one(n, text, seen, by, report)
            if n == 1 and report.errors:
                break
        if not seen and not report.errors:
            report.errors.append((1, "", "the file is empty: make one with onewindow export-catalogue"))
        if report.errors or dry_run:
            transaction.set_rollback(True)
    keep.forget_parameters()
    return report


def _one(n: int, text: str, seen: dict[tuple[str, str], int], by: str, report: Report) -> None:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as wrong:
        report.errors.append((n, f"column {wrong.colno}", f"not JSON: {wrong.msg}"))
        return
    if not isinstance(document, dict):
        report.errors.append((n, "", "must be an object in braces"))
        return
    if n == 1:
        if document != {"format": FORMAT, "version": VERSION}:
            report.errors.append((1, "format", f'must be {{"format":"{FORMAT}","version":{VERSION}}}'))
        return
    section = keep.SECTIONS.get(document.pop("section", ""))
    if section is None:
        report.errors.append((n, "section", f"must be one of {', '.join(keep.SECTIONS)}"))
        return
    key = section.key(document)
    if (section.name, key) in seen:
        report.errors.append((n, "code", f"{key} stands in line {seen[section.name, key]} too"))
        return
    seen[section.name, key] = n
    found = section.check(document)
    for finding in found:
        target = report.errors if finding.severity == "error" else report.warnings
        target.append((n, finding.field, f"{key}: {finding.text}"))
    if not keep.errors(found):
        outcome = section.publish(section.normal(document), by=by)
        numbers = report.done.setdefault(section.name, {})
        numbers[outcome] = numbers.get(outcome, 0) + 1
