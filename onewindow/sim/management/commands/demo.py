"""onewindow demo: the demonstration city, alive."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.sim import city
from onewindow.sim.management.commands.simulate import history
from onewindow.sim.scenes.my import CITIZEN
from onewindow.window.models import Application

HISTORY_DAYS = 63  # three months of working days


class Command(BaseCommand):
    help = "build the demonstration city (once), then run web server, worker and simulated life"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="only build the city")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same city (1)")
        parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")
        parser.add_argument("--per-day", type=int, default=15, help="applications a simulated day (15)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demonstration needs ONEWINDOW_DEMO=1 (make demo sets it).", returncode=2)
        if not options["no_serve"]:
            require_free(options["port"])
        began = time.monotonic()
        call_command("init", stdout=self.stdout)
        if not city.is_built():
            self.stdout.write("building the city ...")
            city.build(options["seed"])
        if not Application.objects.exists():
            self.stdout.write("living through three months ...")
            history(HISTORY_DAYS, options["per_day"], options["seed"], self._progress, plant=True, lively=1)
        self.stdout.write(f"\n{settings.CITY['name']} is ready ({time.monotonic() - began:.0f} s)")
        self.doors(options["port"])
        if not options["no_serve"]:
            self.serve(options["port"], options["seed"])

    def _progress(self, line: str) -> None:
        if line.endswith("0 decided") or sys.stdout.isatty():
            self.stdout.write(f"\r  {line}   ", ending="")
            self.stdout.flush()

    def doors(self, port: int) -> None:
        """The address and one sign-in a role."""
        self.stdout.write(f"\n  http://localhost:{port}/            public")
        self.stdout.write(f"  http://localhost:{port}/device/     an evaluator (pair it as the hall manager)")
        self.stdout.write(f"  http://localhost:{port}/accounts/login/   password of all: {city.PASSWORD}\n")
        self.stdout.write(
            f"  http://localhost:{port}/my/            an applicant's account: sign in with {CITIZEN} (invented); the\n"
            "                                   page shows the code, which also stands in messages.jsonl"
        )
        for name, (role, office, hall) in city.DOORS.items():
            self.stdout.write(f"    {name:12} {role.label} {office} {hall}")
        self.stdout.write("")

    def serve(self, port: int, seed: int) -> None:
        """Server, worker and life as three processes; Ctrl-C, or the end of one, stops them all."""
        base = [sys.executable, "-m", "onewindow.config.cli"]
        environment = os.environ | {
            "ONEWINDOW_BASE_URL": os.environ.get("ONEWINDOW_BASE_URL", f"http://localhost:{port}")
        }
        commands = [
            [*base, "serve", "--port", str(port)],
            [*base, "worker"],
            [*base, "live", "--port", str(port), "--seed", str(seed)],
        ]
        children = [subprocess.Popen(c, env=environment) for c in commands]
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        self.stdout.write("Ctrl-C stops everything")
        self.stdout.flush()
        while not stop.wait(0.5):
            if any(child.poll() is not None for child in children):
                break
        for child in children:
            if child.poll() is None:
                child.terminate()
        for child in children:
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
        if not stop.is_set():
            raise CommandError("a part of the demonstration stopped by itself; see above")


def require_free(port: int) -> None:
    """Says so before half a minute of work if the port is taken."""
    with socket.socket() as test:
        test.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            test.bind(("127.0.0.1", port))
        except OSError as taken:
            raise CommandError(
                f"Port {port} is in use. Choose another: make demo PORT={port + 1}", returncode=2
            ) from taken
