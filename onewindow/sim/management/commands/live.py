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
from django.db import connection

from onewindow.cases import instant
from onewindow.cases.flow import Stale, StepRefused
from onewindow.sim import city
from onewindow.sim.caller import Away, Caller
from onewindow.sim.hall_devices import HallDevices
from onewindow.sim.hall_life import HallLife
from onewindow.sim.life import Life
from onewindow.sim.remote import Remote
from onewindow.window.models import Status

log = logging.getLogger(__name__)
ORDER = 1200  # seconds between two orders of 12345
SHARE = 0.1  # of the cases that the history left open; the others wait for the visitor


class SlowLife(Life):
    """The same people over HTTP, but a working day passes in ``day`` seconds, so that a visitor sees things move. The
    accounts behind the demo's doors are the visitor's: nobody else acts in their name."""

    day = 240.0
    visitors = frozenset(city.DOORS)

    def __init__(self, **more: Any):
        super().__init__(per_day=1, **more)
        self.halls = [h for h in self.halls if self.clerks[h.pk]]

    def later(self, days: float, hour: float | None = None) -> dt.datetime:
        return instant.now() + dt.timedelta(seconds=max(5.0, days * self.day * self.random.uniform(0.5, 1.2)))

    def pick_up(self) -> None:
        """Takes over a few of the cases that the history left open."""
        for people in self.approvers.values():
            for a in self.hands.waiting(people[0], Status.EXAMINING) if people else ():
                if self.random.random() < SHARE:
                    self.at(self.later(self.random.uniform(0.2, 4)), self.decide, a)

    def do_due(self) -> None:
        """Everything whose time has come. Whatever a visitor did first is respected: the step is then not possible."""
        while self.queue and self.queue[0][0] <= instant.now():
            _, _, deed = heapq.heappop(self.queue)
            try:
                deed()
            except (StepRefused, Stale) as no:
                log.info("life: left alone (%s)", no)
        self.hands.follow()


class Command(BaseCommand):
    help = "slow life while the demo runs: people come, departments decide, evaluators answer – over HTTP, as people do"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, default=25, help="seconds between two applicants (25)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same people (1)")
        parser.add_argument("--port", type=int, default=8000, help="of the web server on this machine (8000)")
        parser.add_argument("--url", default="", help="address of the web server, instead of --port")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Simulated people exist only in a demonstration: set ONEWINDOW_DEMO=1.", returncode=2
            )
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        url = options["url"] or f"http://127.0.0.1:{options['port']}"
        hands = Remote(Caller(url, stop=stop), say=lambda line: log.info("life: %s", line))
        life = SlowLife(seed=options["seed"] + int(time.time()), hands=hands)
        try:
            self.live(life, stop, options["every"])
        finally:
            hands.close()
            connection.close()

    def live(self, life: SlowLife, stop: threading.Event, every: float) -> None:
        """Until it is stopped. While the server is away nobody can do anything; then life goes on where it stood."""
        coming, calling, begun = time.monotonic(), time.monotonic() + ORDER / 4, False
        hall = HallLife(life.hands, life.random, [p for people in life.clerks.values() for p in people])
        things = HallDevices(life.hands, life.random)
        while not stop.is_set():
            try:
                if not begun:
                    life.hands.switch_on()
                    things.switch_on()
                    life.pick_up()
                    life.matters.leave()
                    begun = True
                if time.monotonic() >= coming:
                    life.at(instant.now(), life.somebody_comes)
                    coming = time.monotonic() + life.random.expovariate(1 / every)
                if time.monotonic() >= calling:
                    life.at(instant.now(), life.matters.pass_on)
                    calling = time.monotonic() + life.random.expovariate(1 / ORDER)
                life.do_due()
                hall.do_due()
                things.do_due()
            except Away as away:
                log.warning("life: the server is away (%s)", away)
            stop.wait(0.5)
