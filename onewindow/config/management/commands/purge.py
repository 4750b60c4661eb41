"""onewindow purge: deletes what is past the days that the law or the parameters give it. Run it daily."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from onewindow.config.retention import purge


class Command(BaseCommand):
    help = "delete logs, sessions, pairings and repeated answers that are past their days; run it daily"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(", ".join(f"{name} {n}" for name, n in purge().items()))
