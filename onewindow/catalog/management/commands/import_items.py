"""onewindow import-items: the list of items from a CSV file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.catalog.importing import import_items


class Command(BaseCommand):
    help = "import the items from a CSV file: line-by-line errors, one transaction, nothing half done"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--materials", type=Path, help="CSV file with the materials (else the column `materials`)"
        )
        parser.add_argument("--forms", type=Path, help="JSON file with the questions of the online forms")
        parser.add_argument("--plans", type=Path, help="CSV file with the departments that take part")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
        parser.add_argument("--by", default="command line", help="who answers for it (kept with the version)")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_items(
                options["file"],
                materials=options["materials"],
                forms=options["forms"],
                plans=options["plans"],
                by=options["by"],
                dry_run=options["dry_run"],
            )
        except (OSError, UnicodeDecodeError) as wrong:
            raise CommandError(
                f"{options['file']}: {wrong}. Save the table as CSV in UTF-8.", returncode=2
            ) from wrong
        if options["json"]:
            self.stdout.write(json.dumps(report.__dict__, ensure_ascii=False))
        else:
            for line, column, text in report.errors:
                self.stdout.write(f"line {line}, {column}: {text}")
            for line, column, text in report.warnings:
                self.stdout.write(f"line {line}, {column} (warning): {text}")
            done = f"{len(report.created)} new, {len(report.changed)} changed, {len(report.same)} the same"
            self.stdout.write(
                f"nothing was written: {len(report.errors)} errors"
                if report.errors
                else f"{'would be ' if options['dry_run'] else ''}{done}"
            )
        if report.errors:
            sys.exit(1)
