"""onewindow live: slow life in the demonstration city, in real time, while the demo runs."""

from __future__ import annotations

import datetime as dt
import heapq
import logging
import signal
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection, transaction

from onewindow.cases import instant
from onewindow.cases.flow import Stale, StepRefused
from onewindow.sim.life import Life
from onewindow.voice.actions import NotPossible
from onewindow.window.models import Application, Status

log = logging.getLogger(__name__)


class SlowLife(Life):
    """The same people, but a working day passes in ``day`` seconds, so that a visitor sees things move."""

    day = 240.0

    def later(self, days: float, hour: float | None = None) -> dt.datetime:
        return instant.now() + dt.timedelta(seconds=max(5.0, days * self.day * self.random.uniform(0.5, 1.2)))

    def pick_up(self) -> None:
        """Takes over a few of the cases that the history left open; the others wait for the visitor."""
        waiting = Application.objects.open().filter(status=Status.EXAMINING).with_facts().order_by("due_at")
        for a in waiting[:400]:
            if self.random.random() < 0.1:
                self.at(self.later(self.random.uniform(0.2, 4)), self.decide, a)


class Command(BaseCommand):
    help = "slow life while the demo runs: people come, departments decide, evaluators answer"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=25, help="seconds between two applicants (25)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same people (1)")
        parser.add_argument(
            "--port", type=int, default=8000, help="of the web server (unused without devices)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Simulated people exist only in a demonstration: set ONEWINDOW_DEMO=1.", returncode=2
            )
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        life = SlowLife(per_day=1, seed=options["seed"] + int(time.time()))
        life.pick_up()
        life.at(instant.now(), life.somebody_comes)
        coming = time.monotonic() + options["every"]
        while not stop.wait(0.5):
            if time.monotonic() > coming:
                life.at(instant.now(), life.somebody_comes)
                coming = time.monotonic() + life.random.expovariate(1 / options["every"])
            self.do_due(life)

    def do_due(self, life: SlowLife) -> None:
        """Everything whose time has come. Whatever a visitor did first is respected: the step is then not possible."""
        while life.queue and life.queue[0][0] <= instant.now():
            _, _, deed = heapq.heappop(life.queue)
            try:
                with transaction.atomic():
                    deed()
            except (StepRefused, Stale, NotPossible):
                continue
            except OperationalError:
                log.warning("the database was busy; one simulated deed is lost")
                connection.close()
