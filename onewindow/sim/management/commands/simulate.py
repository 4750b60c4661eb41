"""onewindow simulate: life in the city, through the same actions as people use."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from onewindow.cases.models import Event, Notice
from onewindow.org.calendar import ZONE
from onewindow.sim import city, faults
from onewindow.sim.caller import Caller
from onewindow.sim.life import LATE_SHARE, Life, working_days_back
from onewindow.sim.remote import Remote
from onewindow.sim.scenes import plant_all


class Command(BaseCommand):
    help = "simulate so many working days of life in the demonstration city, up to now"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days", type=int, default=5, help="working days, the last one being yesterday (5)"
        )
        parser.add_argument("--applications-per-day", type=int, default=30, help="about so many a day (30)")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same life (1)")
        parser.add_argument(
            "--url", default="", help="live over HTTP at this running server, now, instead of in the past"
        )
        parser.add_argument(
            "--faults",
            default="",
            metavar="NAME=PERCENT,…,storm=NUMBER",
            help="what goes wrong: " + "; ".join(f"{name}: {text}" for name, text in faults.KNOWN.items()),
        )
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError(
                "Simulated people exist only in a demonstration: set ONEWINDOW_DEMO=1.", returncode=2
            )
        if options["days"] < 1 or options["applications_per_day"] < 1:
            raise CommandError("--days and --applications-per-day: at least 1", returncode=2)
        try:
            wrong = faults.parse(options["faults"])
        except ValueError as error:
            raise CommandError(f"--faults: {error}", returncode=2) from error
        if not options["url"] and (line := sorted(faults.OF_THE_LINE & wrong.keys())):
            raise CommandError(f"--faults: {', '.join(line)}: there is a line only with --url", returncode=2)
        if options["url"] and "storm" in wrong:
            raise CommandError("--faults: storm: only without --url", returncode=2)
        if not city.is_built():
            raise CommandError("There is no city yet. Run: onewindow demo --no-serve", returncode=2)
        say = (lambda _: None) if options["json"] else self.stdout.write
        lives = partial(over_http, options["url"]) if options["url"] else history
        tally = lives(options["days"], options["applications_per_day"], options["seed"], say, faults=wrong)
        self.stdout.write(json.dumps(tally, ensure_ascii=False) if options["json"] else str(tally))


def over_http(
    url: str,
    days: int,
    per_day: int,
    seed: int,
    say: Any = lambda _: None,
    faults: Mapping[str, float] | None = None,
) -> dict[str, int]:
    """The same life through the running server at ``url``, as fast as it answers. The server's time is real: what would
    take days happens at once, and so nothing is ever late. Returns what happened."""
    caller = Caller(url, patience=60, faults=faults)
    hands = Remote(caller, say=say)
    try:
        life = Life(per_day=per_day, seed=seed + Event.objects.count(), say=say, hands=hands)
        life.run_at_once(working_days_back(dt.datetime.fromtimestamp(time.time(), ZONE).date(), days))
        return dict(life.tally + caller.done)
    finally:
        hands.close()


#: Notices of the past that are older have been read.
READ_AFTER = dt.timedelta(days=2)


def history(
    days: int,
    per_day: int,
    seed: int,
    say: Any = lambda _: None,
    plant: bool = False,
    faults: Mapping[str, float] | None = None,
    lively: int = 0,
) -> dict[str, int]:
    """Lives ``days`` working days up to this moment, and returns what happened. Never goes back behind what exists:
    life that is already there stays, and the new one is laid over the same days. ``plant``: with three low marks and the
    scenes of the demonstration city; ``lively``: so many last days are as busy as those of a real one."""
    now = dt.datetime.fromtimestamp(time.time(), ZONE)
    past = list(working_days_back(now.date(), days))
    late = (faults or {}).get("late", LATE_SHARE)
    storm = int((faults or {}).get("storm", 0))
    life = Life(per_day=per_day, seed=seed + Event.objects.count(), say=say, late=late, storm=storm)
    life.lively_from = past[-lively] if lively else None
    life.run(past[0], now.date(), until=now)
    if plant:
        life.speak_up()
        plant_all(seed, say)
        life.hands.follow()
    # staff open what they are told: only what is newer than two days waits for whoever looks in
    Notice.objects.unread().filter(at__lt=now - READ_AFTER).update(read_at=now)
    return dict(life.tally)
