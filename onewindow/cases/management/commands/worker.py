"""onewindow worker: wakes clocks, runs reactions, sends messages. Several may run side by side."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

from django.core.cache import cache
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, OperationalError, close_old_connections, connection

from onewindow.cases.worker import turn

log = logging.getLogger(__name__)
BEAT = "worker-beat"
DAY = 24 * 3600


class Command(BaseCommand):
    help = "run the background worker (clocks, reactions, messages); several may run"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now and stop")
        parser.add_argument(
            "--rest", type=float, default=0.5, help="seconds to rest when nothing is due (0.5)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            while turn():
                pass
            return
        stop = threading.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: stop.set())
        log.info("worker started")
        beat, tidied = 0.0, time.monotonic()
        while not stop.is_set():
            try:
                if time.monotonic() - beat > 10:
                    cache.set(BEAT, time.time(), 120)
                    beat = time.monotonic()
                if time.monotonic() - tidied > DAY:
                    call_command("purge", verbosity=0)  # what the law lets us, and bids us, forget
                    tidied = time.monotonic()
                done = turn()
            except (OperationalError, InterfaceError):  # the database is away or busy: wait, it comes back
                log.exception("database not reachable, trying again")
                connection.close()
                done = 0
                stop.wait(5)
            if not done:
                close_old_connections()
                stop.wait(options["rest"])
        log.info("worker stopped")
