"""工作日: which days are worked and until when. The arithmetic below every limit; `calendar.py` holds the rule.

Counting goes by bisection over the sorted ordinals of the working days, never day by day: a hall asks for
the days left of every row of every list.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
CLOSE = time(17, 0)
FRAMES = ((time(8, 30), time(11, 30)), (time(13, 0), time(17, 0)))
REST, WORK = "rest", "work"
MICROSECOND = timedelta(microseconds=1)


class Table:
    """Ordinals of the working days from `first` to `last` and, when asked, the working time before each."""

    __slots__ = ("calendar", "days", "first", "last", "worked")

    def __init__(self, calendar: Calendar, first: int, last: int) -> None:
        self.calendar, self.first, self.last = calendar, first, last
        self.days = [n for n in range(first, last + 1) if calendar.works(n)]
        self.worked: list[int] = []

    def hours(self) -> list[int]:
        """Microseconds of work before the i-th working day; one entry more than days."""
        if not self.worked:
            sums, total = [0], 0
            usual = sum(e - b for b, e in self.calendar.frames_of(0))
            closes = self.calendar._closes
            for n in self.days:
                total += sum(e - b for b, e in self.calendar.frames_of(n)) if n in closes else usual
                sums.append(total)
            self.worked = sums
        return self.worked


class Calendar:
    """工作日历: which days are worked, until when, and how many lie between two.

    `exceptions`: (day, "rest" | "work", close or None, name) for each day that differs from its weekday or
    closes at another hour than usual. `close`: usual close of business. `frames`: opening hours, which
    alone count for limits in working hours. Source of the days: yearly notice of the State Council
    (国务院办公厅关于部分节假日安排的通知). Days are plain dates in Asia/Shanghai. Threads may share one.
    """

    def __init__(
        self,
        exceptions: Iterable[tuple[date, str, time | None, str]] = (),
        close: time = CLOSE,
        frames: Sequence[tuple[time, time]] = FRAMES,
    ) -> None:
        self.close, self.frames = close, tuple(frames)
        self._kinds: dict[int, str] = {}
        self._closes: dict[int, time] = {}
        self._names: dict[int, str] = {}
        published = set()
        for day, kind, close_at, name in exceptions:
            if kind not in (REST, WORK):
                raise ValueError(f"{day}: '{kind}' is not a kind of day: write '{REST}' or '{WORK}'")
            n = day.toordinal()
            self._kinds[n], self._names[n] = kind, name
            if close_at:
                self._closes[n] = close_at
            if kind == REST:  # every notice has rest days; one early close of ours does not publish a year
                published.add(day.year)
        self.published = frozenset(published)
        self._usual_close = micro(close)
        self._usual_frames = [(micro(b), micro(e)) for b, e in self.frames]
        first = last = min(published, default=date.max.year)
        while last in published:
            last += 1
        self._surely = (date(first, 1, 1).toordinal(), date(last, 1, 1).toordinal() - 1)
        self._built = Table(self, date(2015, 1, 1).toordinal(), date(2035, 12, 31).toordinal())

    # Days

    def is_working(self, day: date) -> bool:
        """Whether the offices work on this day: by the published exceptions, else by the weekday."""
        return self.works(day.toordinal())

    def is_published(self, year: int) -> bool:
        """Whether this year's holidays are known; else its days are judged by weekday and provisional."""
        return year in self.published

    def name_of(self, day: date) -> str:
        """The festival that makes this day differ from its weekday (English, a msgid), or nothing."""
        return self._names.get(day.toordinal(), "")

    def close_of(self, day: date) -> datetime:
        """The instant at which business closes on this day (also told for rest days)."""
        return self.closing(day.toordinal())

    def next_working(self, day: date) -> date:
        """The first working day after this one."""
        return self.add_working(day, 1)

    def add_working(self, day: date, n: int) -> date:
        """The n-th working day after this day (before it, for a negative n); 0 gives the day itself."""
        start = day.toordinal()
        if not n:
            return day
        days = self.table(start).days
        i = bisect_right(days, start) + n - 1 if n > 0 else bisect_left(days, start) + n
        if 0 <= i < len(days):
            return date.fromordinal(days[i])
        self.widen()
        return self.add_working(day, n)

    def working_between(self, a: date, b: date) -> int:
        """How many working days lie after `a` up to and including `b`; negative when `b` is before `a`."""
        first, last = a.toordinal(), b.toordinal()
        days = self.table(min(first, last), max(first, last)).days
        return bisect_right(days, last) - bisect_right(days, first)

    # For the rule in calendar.py: days are ordinals, lengths of time are microseconds

    def works(self, n: int) -> bool:
        """As `is_working`."""
        kind = self._kinds.get(n)
        return kind == WORK if kind else (n - 1) % 7 < 5  # ordinal 1 was a Monday

    def is_exception(self, n: int) -> bool:
        """Whether a notice names this day."""
        return n in self._kinds

    def closing_time(self, n: int) -> int:
        """Close of business in microseconds from midnight."""
        return micro(self._closes.get(n, self.close)) if self._closes else self._usual_close

    def closing(self, n: int) -> datetime:
        """As `close_of`."""
        return datetime.combine(date.fromordinal(n), self._closes.get(n, self.close), ZONE)

    def provisional(self, first: int, last: int) -> bool:
        """Whether one of the days from `first` to `last` lies in a year without published holidays."""
        if self._surely[0] <= first and last <= self._surely[1]:
            return False
        a, b = date.fromordinal(first).year, date.fromordinal(last).year
        return any(year not in self.published for year in range(a, b + 1))

    def frames_of(self, n: int) -> list[tuple[int, int]]:
        """Opening hours of a day as microseconds from midnight; another close moves the last end."""
        if n not in self._closes:
            return self._usual_frames
        end = micro(self._closes[n])
        frames = [(b, min(e, end)) for b, e in self._usual_frames if b < end]
        if frames and end > self._usual_close:
            frames[-1] = (frames[-1][0], end)
        return frames

    def table(self, first: int, last: int = 0) -> Table:
        """The working days laid out, at least from `first` to `last`."""
        table = self._built
        if first < table.first or last > table.last:
            table = self.widen(first, last)
        return table

    def widen(self, first: int = date.max.toordinal(), last: int = 0) -> Table:
        """Lays out ten years more at both ends, beyond these days."""
        # A new table replaces the old in one assignment: a thread that still counts in the old one is not disturbed.
        old, decade = self._built, 3653
        self._built = table = Table(self, min(first, old.first) - decade, max(last, old.last) + decade)
        return table

    def worked_until(self, at: datetime, table: Table) -> int:
        """Working time from the table's first day to this instant."""
        n = at.toordinal()
        i = bisect_left(table.days, n)
        total = table.hours()[i]
        if i < len(table.days) and table.days[i] == n:
            now = micro(at)
            for begin, end in self.frames_of(n):
                if now <= begin:
                    break
                total += min(end, now) - begin
        return total

    def when_worked(self, total: int, table: Table) -> datetime:
        """The first instant by which so much working time has run; IndexError beyond the table."""
        hours = table.hours()
        i = bisect_left(hours, total) - 1
        n, left = table.days[i], total - hours[i]
        for begin, end in self.frames_of(n):
            if left <= end - begin:
                break
            left -= end - begin
        return datetime.combine(date.fromordinal(n), time(), ZONE) + (begin + left) * MICROSECOND


def micro(at: time | datetime) -> int:
    """Microseconds since midnight."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond
