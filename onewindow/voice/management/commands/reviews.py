"""onewindow reviews: the sums over reviews, made anew or held against the reviews themselves."""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from onewindow.cases import instant
from onewindow.voice import tallies
from onewindow.voice.records import TallyRun


class Command(BaseCommand):
    help = "make the sums over reviews anew (--rebuild), or compare them with the reviews (--check; exit 1 if they differ)"

    def add_arguments(self, parser: CommandParser) -> None:
        todo = parser.add_mutually_exclusive_group(required=True)
        todo.add_argument(
            "--rebuild", action="store_true", help="throw the sums away and make them from the reviews"
        )
        todo.add_argument("--check", action="store_true", help="compare; print every difference")
        parser.add_argument(
            "--from", dest="first", type=dt.date.fromisoformat, help="first day (that of the first review)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        yesterday = timezone.localdate(instant.now()) - dt.timedelta(days=1)
        first = options["first"] or tallies.first_day()
        if first is None or first > yesterday:
            raise CommandError("There is no review before today.", returncode=2)
        if options["rebuild"]:
            rows = tallies.rebuild(first, yesterday)
            TallyRun.objects.create(until=yesterday, at=instant.now())
            self.stdout.write(f"{rows} sums of {(yesterday - first).days + 1} days made anew")
            return
        run = TallyRun.objects.first()
        faults = tallies.check(first, run.until) if run and run.until >= first else []
        for fault in faults:
            self.stdout.write(fault)
        self.stdout.write(f"{len(faults)} differences up to {run.until if run else 'never'}")
        if faults:
            sys.exit(1)
