"""Works one deadline out by hand, as the product would, and tells how."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from onewindow.org.calendar import ZONE, Calendar, Limit, Stop, deadline, explain, working_days_left
from onewindow.org.calendar_file import shipped
from onewindow.org.models import current_calendar

SAID = {
    "start_day": "start day, not counted",
    "counted": "counted",
    "make_up_workday": "counted, a weekend day that is worked",
    "rest_day": "rest day",
    "holiday": "holiday",
    "stopped": "clock stood at the close",
    "rolled": "a limit cannot end here",
    "due": "the limit ends here",
}


class Command(BaseCommand):
    help = "Works a deadline out and explains it day by day."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="start", required=True, metavar="INSTANT", help="2026-01-30T10:00")
        parser.add_argument(
            "--limit",
            required=True,
            help="20wd working days, 60d natural days, 6mo months, 24h hours, 4wh working hours, 0wd on the spot",
        )
        parser.add_argument(
            "--stop",
            action="append",
            default=[],
            metavar="FROM/TO[:REASON]",
            help="the clock stands from FROM until TO; nothing after the slash = it still stands; may be repeated",
        )
        parser.add_argument(
            "--extend",
            action="append",
            default=[],
            metavar="LIMIT",
            help="adds to the limit; may be repeated",
        )
        parser.add_argument(
            "--at", metavar="INSTANT", help="tells what is left at this instant (default: now)"
        )
        parser.add_argument("--json", action="store_true", help="prints JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            start = instant(options["start"])
            limits = [Limit.parse(text) for text in (options["limit"], *options["extend"])]
            named = [stop(text) for text in options["stop"]]
            now = instant(options["at"]) if options["at"] else timezone.now().astimezone(ZONE)
        except ValueError as error:
            raise CommandError(str(error), returncode=2) from None
        calendar, source = in_force()
        stops = [span for span, _ in named]
        due = deadline(start, limits, stops, calendar)
        lines = explain(start, limits, stops, calendar, until=now.date())
        left = working_days_left(now, due.at, calendar, stops) if due.at else None
        days: list[dict[str, Any]] = []
        for line in lines:
            day: dict[str, Any] = {
                "day": line.day.isoformat(),
                "counted": line.counted,
                "reason": line.reason,
            }
            if name := calendar.name_of(line.day):
                day["name"] = name
            if line.reason == "stopped" and (why := reason_of(line.day, named, calendar)):
                day["stop"] = why
            if line.provisional:
                day["provisional"] = True
            days.append(day | {"n": line.n})
        if options["json"]:
            result = {
                "from": start.isoformat(),
                "limits": [str(limit) for limit in limits],
                "due_at": due.at.isoformat() if due.at else None,
                "provisional": due.provisional,
                "days": days,
                "at": now.isoformat(),
                "left": left,
                "late": bool(due.at and now > due.at),
                "calendar": source,
            }
            self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2))
            return
        unit = "min" if limits[-1].unit in ("h", "wh") else "day"
        for line, day in zip(lines, days, strict=True):
            count = f"{unit} {line.n}" if line.counted else ""
            notes = [SAID[line.reason], *(day[k] for k in ("stop", "name") if k in day)]
            notes += ["provisional"] if line.provisional else []
            self.stdout.write(f"{line.day:%Y-%m-%d %a}  {count:>9}  {', '.join(notes)}")
        self.stdout.write("")
        if due.at is None:
            self.stdout.write("Due: open, because the clock stands still")
        else:
            self.stdout.write(f"Due: {due.at:%Y-%m-%d %H:%M}{'  (provisional)' if due.provisional else ''}")
            late = "  (late)" if now > due.at else ""
            self.stdout.write(f"Left at {now:%Y-%m-%d %H:%M}: {left} working days{late}")
        self.stdout.write(f"Calendar: {source}")
        if due.provisional:
            self.stderr.write(
                "Provisional: a year without published holidays was computed by weekday. "
                "Import its notice with `onewindow import-calendar FILE.csv`, then run `onewindow reclock`."
            )


def in_force() -> tuple[Calendar, str]:
    """The calendar of this installation; the shipped one where there is no database or nothing in it."""
    try:
        calendar = current_calendar()
    except DatabaseError:
        return shipped(), "shipped file"
    return (calendar, "database") if calendar.published else (shipped(), "shipped file")


def instant(text: str) -> datetime:
    """An instant as people write it; without an offset it is meant in Asia/Shanghai."""
    try:
        at = datetime.fromisoformat(text.strip())
        if not 2000 <= at.year <= 2100:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"'{text}' is not an instant between 2000 and 2100: write it like 2026-01-30T10:00"
        ) from None
    return at.astimezone(ZONE) if at.tzinfo else at.replace(tzinfo=ZONE)


def stop(text: str) -> tuple[Stop, str]:
    """Reads `FROM/TO[:REASON]`; a reason begins with a letter, so that it is not taken for minutes."""
    found = re.fullmatch(r"([^/]+)/([^/]*?)(?::([^\W\d][\w-]*))?", text.strip())
    if not found:
        raise ValueError(
            f"'{text}' is not a stop: write FROM/TO, for example 2026-02-09T09:00/2026-02-13T17:30:expert_review"
        )
    began, ended = instant(found[1]), instant(found[2]) if found[2] else None
    if ended is not None and ended < began:
        raise ValueError(f"'{text}' ends before it begins: write the earlier instant first")
    return (began, ended), found[3] or ""


def reason_of(day: Any, named: list[tuple[Stop, str]], calendar: Calendar) -> str:
    """Why the clock stood at this day's close."""
    close = calendar.close_of(day)
    return next((why for (began, ended), why in named if began <= close and (not ended or close < ended)), "")
