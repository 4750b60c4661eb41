"""The yearly notice of the State Council, as a file, into the working calendar."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from onewindow.org.calendar_file import Row, read
from onewindow.org.models import CalendarDay, forget_calendar


class Command(BaseCommand):
    help = "Imports the holidays and make-up working days of a year."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "file", type=Path, help="CSV with date, weekday, kind, festival and, if wanted, close_at"
        )
        parser.add_argument("--dry-run", action="store_true", help="checks and counts, changes nothing")
        parser.add_argument(
            "--replace-year",
            action="store_true",
            help="also removes the days of the file's years that are not in the file",
        )
        parser.add_argument("--json", action="store_true", help="prints JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            rows, errors = read(path)
        except OSError as error:
            raise CommandError(
                f"{path}: {error.strerror}; give the path of a CSV file", returncode=2
            ) from None
        counts: dict[str, Any] = {"added": 0, "changed": 0, "removed": 0, "unchanged": 0, "errors": errors}
        if not errors:
            with transaction.atomic():
                counts |= self.store(rows, path.name, options["replace_year"])
                transaction.set_rollback(options["dry_run"])
            forget_calendar()
        if options["json"]:
            self.stdout.write(
                json.dumps(counts | {"dry_run": options["dry_run"]}, ensure_ascii=False, indent=2)
            )
        if errors:
            if not options["json"]:
                for error in errors:
                    self.stderr.write(f"{path.name}, {error}")
            raise CommandError(f"{path.name}: {len(errors)} wrong lines, nothing was imported", returncode=1)
        if not options["json"]:
            would = "would be " if options["dry_run"] else ""
            self.stdout.write(
                ", ".join(f"{counts[k]} {would}{k}" for k in ("added", "changed", "removed"))
                + f", {counts['unchanged']} as they were"
            )
        if not options["dry_run"] and (counts["added"] or counts["changed"] or counts["removed"]):
            self.stderr.write("Now run `onewindow reclock`: open deadlines may have moved.")

    def store(self, rows: list[Row], source: str, replace_year: bool) -> dict[str, int]:
        """Writes the days that are new or different; returns how many of each."""
        known = {day.day: day for day in CalendarDay.objects.filter(day__in=[row.day for row in rows])}
        fields = ("kind", "name", "close_at")
        added, changed = [], []
        for row in rows:
            old = known.get(row.day)
            if old is None:
                added.append(CalendarDay(**row._asdict(), source=source))
            elif any(getattr(old, f) != getattr(row, f) for f in fields):
                for field in fields:
                    setattr(old, field, getattr(row, field))
                old.source = source
                changed.append(old)
        CalendarDay.objects.bulk_create(added)
        CalendarDay.objects.bulk_update(changed, [*fields, "source"])
        removed = 0
        if replace_year:
            gone = CalendarDay.objects.filter(day__year__in={row.day.year for row in rows})
            removed, _ = gone.exclude(day__in=[row.day for row in rows]).delete()
        return {
            "added": len(added),
            "changed": len(changed),
            "removed": removed,
            "unchanged": len(rows) - len(added) - len(changed),
        }
