"""onewindow simulate-devices: a fleet of evaluators on a bad day, against a server of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.sim import city, fleet, fleet_account, own_server


class Command(BaseCommand):
    help = "a fleet of evaluators on a bad day: proves that nothing acknowledged is lost and nothing doubled"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--devices", type=int, default=84, help="how many; 84 stand in a county, 840 in ten (84)"
        )
        parser.add_argument(
            "--questions", type=int, default=3, help="questions a device, online and cut off (3)"
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="the same seed gives the same people and faults (1)"
        )
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")
        parser.add_argument(
            "--here", action="store_true",
            help="in the instance that the environment names, not in a new one; only a demonstration",
        )  # fmt: skip

    def handle(self, *args: Any, **options: Any) -> None:
        if min(options["devices"], options["questions"]) < 1:
            raise CommandError("--devices and --questions: at least 1", returncode=2)
        if options["here"]:
            self.here(options)
            return
        with tempfile.TemporaryDirectory(prefix="onewindow-fleet-") as home:
            environment = os.environ | {
                "ONEWINDOW_DEMO": "1",
                "ONEWINDOW_DATA_DIR": home,
                "ONEWINDOW_LOG_LEVEL": "ERROR",
            }
            environment.pop("DATABASE_URL", None)
            cli = [sys.executable, "-m", "onewindow.config.cli"]
            if not options["json"]:
                self.stdout.write("making an instance of its own ...")
                self.stdout.flush()
            quiet = subprocess.DEVNULL
            subprocess.run([*cli, "init"], env=environment, check=True, stdout=quiet)
            again = [f"--{name}={options[name]}" for name in ("devices", "questions", "seed")]
            again += ["--here", *(["--json"] if options["json"] else [])]
            done = subprocess.run([*cli, "simulate-devices", *again], env=environment)
        if done.returncode:
            sys.exit(done.returncode)

    def here(self, options: dict[str, Any]) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Invented devices exist only in a demonstration: set ONEWINDOW_DEMO=1.", returncode=2
            )
        if not city.is_built():
            city.build(options["seed"])
        log = Path(settings.DATA_DIR) / "fleet.log"
        server = own_server.Server(log, workers=1 if options["devices"] < 20 else 2)
        say = (lambda line: None) if options["json"] else self._say
        its = fleet.Fleet(
            server, options["devices"], questions=options["questions"], seed=options["seed"], say=say
        )
        its.build()
        try:
            report = its.run()
        except fleet.Refused as refused:
            raise CommandError(str(refused)) from refused
        if options["json"]:
            self.stdout.write(json.dumps(report.told()))
        else:
            for line in fleet_account.lines(report):
                self.stdout.write(line)
            self.stdout.write("PASS" if report.ok else "FAIL")
        if not report.ok:
            sys.exit(1)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
