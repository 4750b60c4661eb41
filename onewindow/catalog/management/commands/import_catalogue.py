"""onewindow import-catalogue: reads what export-catalogue wrote."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.catalog.exporting import load


class Command(BaseCommand):
    help = "read a catalogue file: errors by line and field, one transaction, nothing half done"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
        parser.add_argument(
            "--by", default="command line", help="who answers for it (kept with each version)"
        )
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            text = options["file"].read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as wrong:
            raise CommandError(f"{options['file']}: {wrong}", returncode=2) from wrong
        report = load(text.splitlines(), by=options["by"], dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps(report.__dict__, ensure_ascii=False))
        else:
            self._tell(report, options["dry_run"])
        if report.errors:
            sys.exit(1)

    def _tell(self, report: Any, dry_run: bool) -> None:
        for line, field, said in report.errors:
            self.stdout.write(f"line {line}, {field}: {said}")
        for line, field, said in report.warnings:
            self.stdout.write(f"line {line}, {field} (warning): {said}")
        if report.errors:
            self.stdout.write(f"nothing was written: {len(report.errors)} errors")
            return
        for section, numbers in report.done.items():
            said = ", ".join(f"{n} {outcome}" for outcome, n in sorted(numbers.items()))
            self.stdout.write(f"{'would be: ' if dry_run else ''}{section}: {said}")
