"""The rule of limits told a second time: plain loops over days and minutes, wall-clock times without a zone.

Shares nothing with onewindow.org but the published days, which it reads for itself. Slow on purpose.
"""

import csv
from datetime import date, datetime, time, timedelta
from pathlib import Path

FILE = Path(__file__).parents[2] / "onewindow" / "data" / "calendar_cn.csv"
LINES = csv.DictReader(FILE.read_text(encoding="utf-8").splitlines())
NOTICES = {date.fromisoformat(line["date"]): line["kind"] for line in LINES}
PUBLISHED = {day.year for day in NOTICES}
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


class Standstill(Exception):
    """The clock stands in an open stop."""


class Oracle:
    """`stops`: (began, ended or None) on the wall clock; `closes`: {day: close} of days that close at another hour."""

    def __init__(self, stops=(), closes=None):
        self.stops, self.closes = stops, closes or {}
        self.looked_at = set()

    def works(self, day):
        self.looked_at.add(day)
        if day in NOTICES:
            return NOTICES[day] == "WORKDAY_ADJUSTED"
        return day.weekday() < 5

    def close(self, day):
        return datetime.combine(day, self.closes.get(day, time(17)))

    def runs(self, moment):
        for began, ended in self.stops:
            if ended is None and began <= moment:
                raise Standstill
            if ended is not None and began <= moment < ended:
                return False
        return True

    def open_at(self, moment):
        """Whether the minute that begins now is an opening minute."""
        last = self.closes.get(moment.date(), time(17))
        now = moment.time()
        in_a_frame = time(8, 30) <= now < time(11, 30) or time(13) <= now
        return in_a_frame and now < last and self.works(moment.date())

    def deadline(self, start, limits):
        """(end or None, provisional) of limits such as [(20, "wd"), (10, "wd")]."""
        pointer, is_close = start, False
        try:
            for amount, unit in limits:
                if amount:
                    pointer, is_close = self.run(pointer, amount, unit), unit in ("wd", "d", "mo")
            if limits[-1][1] in ("wd", "d", "mo"):
                pointer = self.roll(pointer, is_close)
        except Standstill:
            return None, None
        return pointer, bool({day.year for day in self.looked_at} - PUBLISHED)

    def run(self, pointer, amount, unit):
        day = pointer.date()
        if unit == "wd":
            while amount:
                day += DAY
                if self.works(day) and self.runs(self.close(day)):
                    amount -= 1
        elif unit == "d":
            while amount:
                day += DAY
                amount -= self.runs(self.close(day))
        elif unit == "mo":
            day = self.months(day, amount)
        else:
            minutes = amount * 60
            while minutes:
                if unit == "wh" and not self.works(pointer.date()):
                    pointer = datetime.combine(pointer.date() + DAY, time())
                    continue
                minutes -= (unit == "h" or self.open_at(pointer)) and self.runs(pointer)
                pointer += MINUTE
            return pointer
        return self.close(day)

    def months(self, begin, amount):
        """The day number so many months on, then again and again as many days as stood still in what was added."""
        month = begin.month + amount
        year, month = begin.year + (month - 1) // 12, (month - 1) % 12 + 1
        number = begin.day
        while True:
            try:
                end = date(year, month, number)
                break
            except ValueError:
                number -= 1
        seen = begin
        while seen < end:
            stood = 0
            while seen < end:
                seen += DAY
                stood += not self.runs(self.close(seen))
            end += stood * DAY
        return end

    def roll(self, pointer, is_close):
        day = pointer.date()
        self.looked_at.add(day)
        if not is_close and self.close(day) <= pointer:
            day += DAY
        while not self.works(day) or not self.runs(self.close(day)):
            day += DAY
        return self.close(day)
