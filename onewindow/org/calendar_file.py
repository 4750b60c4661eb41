"""The calendar as a file: reading it line by line, and the one that is shipped.

Columns: date, weekday (checked against the date), kind HOLIDAY_REST | WORKDAY_ADJUSTED, festival, and if wanted
close_at. Only days that differ from their weekday, or close at another hour, have a line.
"""

from __future__ import annotations

import csv
from datetime import date, time
from functools import cache
from pathlib import Path
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from onewindow.org.calendar import REST, WORK, Calendar

SHIPPED = Path(__file__).parent.parent / "data" / "calendar_cn.csv"
KINDS = {"HOLIDAY_REST": REST, "WORKDAY_ADJUSTED": WORK}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
REQUIRED, OPTIONAL = ("date", "weekday", "kind", "festival"), ("close_at",)
# Names of days are kept in English and translated where they are shown.
FESTIVALS = (
    _("New Year's Day"),
    _("Spring Festival"),
    _("Tomb-sweeping Day"),
    _("Labour Day"),
    _("Dragon Boat Festival"),
    _("Mid-autumn Festival"),
    _("National Day"),
)


class Row(NamedTuple):
    """One exception: what `Calendar` takes, under the names of the fields of CalendarDay."""

    day: date
    kind: str
    close_at: time | None
    name: str


def read(path: Path) -> tuple[list[Row], list[str]]:
    """The rows of a calendar file and what is wrong with it, each as `line N: what, and what to do`.

    Raises OSError if the file cannot be opened.
    """
    rows: list[Row] = []
    errors: list[str] = []
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or []
            missing = [c for c in REQUIRED if c not in columns]
            unknown = [c for c in columns if c not in REQUIRED + OPTIONAL]
            if missing or unknown:
                wrong = f"missing {', '.join(missing)}" if missing else f"unknown {', '.join(unknown)}"
                wanted = f"{','.join(REQUIRED)} and, if wanted, {','.join(OPTIONAL)}"
                return [], [f"line 1: {wrong}; the columns are {wanted}"]
            seen: dict[date, int] = {}
            for record in reader:
                try:
                    row = _row(record)
                    if row.day in seen:
                        raise ValueError(f"{row.day} is already on line {seen[row.day]}; keep one of them")
                    seen[row.day] = reader.line_num
                    rows.append(row)
                except ValueError as error:
                    errors.append(f"line {reader.line_num}: {error}")
    except UnicodeDecodeError:
        return [], ["line 1: the file is not UTF-8; save it as 'CSV UTF-8'"]
    except csv.Error as error:
        return [], [f"line 1: not a CSV file ({error}); save it as 'CSV UTF-8'"]
    if not rows and not errors:
        errors = ["line 1: the file has no days; add a line for each day that differs from its weekday"]
    return rows, errors


def _row(record: dict[str, str | None]) -> Row:
    if None in record or None in record.values():
        columns = ",".join(name for name in record if name)
        raise ValueError(f"has another number of columns than line 1; there are {columns}")
    value = {name: (text or "").strip() for name, text in record.items()}
    try:
        day = date.fromisoformat(value["date"])
    except ValueError:
        raise ValueError(f"'{value['date']}' is not a day; write it like 2027-01-01") from None
    weekday = WEEKDAYS[day.weekday()]
    if value["weekday"] != weekday:
        raise ValueError(f"{day} is a {weekday}, not '{value['weekday']}'; check the date against the notice")
    if value["kind"] not in KINDS:
        raise ValueError(f"'{value['kind']}' is not a kind; write {' or '.join(KINDS)}")
    close = value.get("close_at")
    try:
        close_at = time.fromisoformat(close) if close else None
    except ValueError:
        raise ValueError(f"'{close}' is not a time; write it like 12:00") from None
    return Row(day, KINDS[value["kind"]], close_at, value["festival"])


@cache
def shipped() -> Calendar:
    """The calendar that comes with the product: the State Council's notices for 2019 to 2026."""
    rows, errors = read(SHIPPED)
    if errors:
        raise ValueError(f"{SHIPPED.name}: {errors[0]}")
    return Calendar(rows)
