"""onewindow import-offices: offices (or regions, halls, counters) from a CSV file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.org.importing import TABLES, import_table


class Command(BaseCommand):
    help = "import offices (--kind: regions, halls, counters) from a CSV file, in one transaction"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--kind", choices=sorted(TABLES), default="offices", help="which table (offices)")
        parser.add_argument("--dry-run", action="store_true", help="check everything, write nothing")
        parser.add_argument("--json", action="store_true", help="print the report as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = import_table(options["kind"], options["file"], dry_run=options["dry_run"])
        except (OSError, UnicodeDecodeError) as wrong:
            raise CommandError(
                f"{options['file']}: {wrong}. Save the table as CSV in UTF-8.", returncode=2
            ) from wrong
        if options["json"]:
            self.stdout.write(json.dumps(report.__dict__, ensure_ascii=False))
        else:
            for line, column, text in report.errors:
                self.stdout.write(f"line {line}, {column}: {text}")
            done = f"{report.created} new, {report.changed} updated"
            self.stdout.write("nothing was written" if report.errors else done)
        if report.errors:
            sys.exit(1)
