"""onewindow backup: the whole instance in one checked file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.config import backups


class Command(BaseCommand):
    help = "write the whole instance (database, files) to one .tar.gz, read it back and compare"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="file to write; must not exist")
        parser.add_argument(
            "--with-keys", action="store_true", help="also the secret keys: keep such a file under lock"
        )
        parser.add_argument("--json", action="store_true", help="print what was written as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            manifest = backups.write(options["file"], options["with_keys"])
        except (backups.BadBackup, OSError) as error:
            raise CommandError(f"No backup was made: {error}") from error
        if options["json"]:
            facts = {name: manifest[name] for name in ("version", "engine", "made_at", "with_keys", "counts")}
            size = options["file"].stat().st_size
            self.stdout.write(json.dumps({"file": str(options["file"]), "bytes": size} | facts))
            return
        rows, size = sum(manifest["counts"].values()), options["file"].stat().st_size
        self.stdout.write(
            f"{options['file']}: {rows} rows, {len(manifest['parts'])} parts, {size} bytes, read back and equal"
        )
        if not options["with_keys"]:
            self.stdout.write(
                "The keys are not in it. Without ONEWINDOW_FIELD_KEY the sealed fields can't be read."
            )
