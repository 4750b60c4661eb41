"""onewindow reclock: works all open deadlines out anew, after a calendar was imported."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from onewindow.cases.numbers import shown
from onewindow.cases.worker import reclock
from onewindow.org.models import forget_calendar


class Command(BaseCommand):
    help = "work all open deadlines out anew and list what moved; each move is recorded as an event"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print what moved as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        forget_calendar()
        moved = reclock()
        if options["json"]:
            self.stdout.write(json.dumps({"moved": moved}))
            return
        for row in moved:
            self.stdout.write(f"{shown(row['number'])}  {row['due_before']} -> {row['due_at']}")
        self.stdout.write(f"{len(moved)} deadlines moved")
