"""onewindow export-catalogue: all that a county keeps in one file."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.catalog.exporting import lines


class Command(BaseCommand):
    help = "write items, code lists, parameters and the rest of the catalogue to one file (- for the screen)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", help="for example catalogue.jsonl")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["file"] == "-":
            sys.stdout.writelines(lines())
            return
        text = "".join(lines())
        try:
            Path(options["file"]).write_text(text, encoding="utf-8", newline="\n")
        except OSError as wrong:
            raise CommandError(str(wrong), returncode=2) from wrong
        self.stdout.write(f"{text.count(chr(10)) - 1} documents written to {options['file']}")
