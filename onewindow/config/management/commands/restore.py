"""onewindow restore: puts a backup in the place of this instance."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.cases.management.commands.verify import survey
from onewindow.config import backups, health
from onewindow.org.kept import forget_everything


class Command(BaseCommand):
    help = "restore a backup into an empty instance, bring it up to this version and prove the event chain"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument(
            "--force", action="store_true", help="also over an instance that holds cases (it is put aside)"
        )
        parser.add_argument("--json", action="store_true", help="print what was restored as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        source, force = options["file"], options["force"]
        try:
            backups.fits(backups.read(source), force)
            if not force and not backups.is_empty():
                raise backups.BadBackup("this instance holds cases or files; --force puts them aside")
            if not force and self._worker_lives():
                raise backups.BadBackup("the worker is running; stop worker and server first")
            manifest = backups.restore(source)
        except (backups.BadBackup, OSError) as error:
            raise CommandError(f"{source}: {error}. Nothing was changed.") from error
        if health.missing_migrations():  # a backup of this version lacks none, and need not wait for them
            call_command("migrate", verbosity=0)
        call_command("createcachetable", verbosity=0)
        cache.clear()
        Session.objects.all().delete()  # everybody signs in again
        forget_everything()
        events, cases, broken = survey()
        if options["json"]:
            facts = {name: manifest[name] for name in ("version", "made_at", "with_keys", "counts")}
            proof = {"events": events, "cases": cases, "broken": [vars(fault) for fault in broken]}
            self.stdout.write(json.dumps(facts | proof))
            if broken:
                sys.exit(1)
            return
        self.stdout.write(f"restored the state of {manifest['made_at']} (version {manifest['version']})")
        if manifest["with_keys"]:
            self.stdout.write(
                "Keys came with it: if they are set in the environment, set them to those of the old instance."
            )
        for fault in broken:
            self.stdout.write(f"{fault.number} event {fault.seq}: {fault.fault}")
        self.stdout.write(f"{events} events of {cases} cases read, {len(broken)} broken")
        if broken:
            sys.exit(1)

    def _worker_lives(self) -> bool:
        try:
            age = health.beat_age()
        except Exception:  # an instance that was never migrated has no cache table
            return False
        return age is not None and age < 30
