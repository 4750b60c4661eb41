"""期限: the one rule by which every limit in the product ends, on the working days of `workdays.py`.

Pure arithmetic over the standard library: no models, no clock of its own, no text for people. The rule is
told with examples in docs/explanation/clock.md; tests/org/oracle.py tells it a second time, as plain loops.

`deadline` never goes day by day, because `onewindow reclock` works out every open deadline anew.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from onewindow.org.workdays import CLOSE, FRAMES, MICROSECOND, REST, WORK, ZONE, Calendar

__all__ = [
    "CLOSE", "FRAMES", "REST", "UNITS", "WORK", "ZONE", "Calendar", "DayLine", "Deadline", "Limit", "Stop",
    "amber_at", "deadline", "explain", "parse_limits", "working_days_left",
]  # fmt: skip
UNITS = ("wd", "d", "mo", "h", "wh")

#: [began, ended): the clock stands from `began` and runs again from `ended`; None = it still stands.
Stop = tuple[datetime, datetime | None]
_HOUR = 3_600_000_000  # in microseconds


@dataclass(frozen=True, slots=True)
class Limit:
    """期限: an amount with its unit as printed in the law: `20wd`, `60d`, `6mo`, `24h`, `4wh`.

    wd working day, d natural day, mo month, h hour, wh working hour. An amount of 0 means on the spot:
    by the next close of business.
    """

    amount: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in UNITS or not 0 <= self.amount <= 9999:
            raise _not_a_limit(f"{self.amount}{self.unit}")

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Reads `20wd`; raises ValueError, which says what to write instead."""
        if not (found := re.fullmatch(r"\s*([0-9]{1,4})\s*([a-zA-Z]+)\s*", text)):
            raise _not_a_limit(text)
        return cls(int(found[1]), found[2].lower())

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


def _not_a_limit(text: str) -> ValueError:
    units = ", ".join(UNITS)
    return ValueError(f"'{text}' is not a limit: write a number from 0 to 9999 and one of {units}, e.g. 20wd")


def parse_limits(text: str) -> tuple[Limit, ...]:
    """Reads a limit with its extensions, `20wd+10wd`, in the order in which they apply."""
    return tuple(Limit.parse(part) for part in text.split("+"))


class Deadline(NamedTuple):
    """When a limit ends; `at` is None while the clock stands in an open stop before the end is reached.

    `provisional`: a day was judged by its weekday because its year's holidays are not published yet.
    """

    at: datetime | None
    provisional: bool


class DayLine(NamedTuple):
    """What one day did to a clock. `reason` is a stable code, see `explain`.

    `n`: days counted up to and including this one; minutes run, where the limit is in hours.
    """

    day: date
    counted: bool
    reason: str
    n: int
    provisional: bool = False


def deadline(start: datetime, limits: Sequence[Limit], stops: Sequence[Stop], calendar: Calendar) -> Deadline:
    """When a clock that began at `start` ends: the base limit, then each extension, less the stops.

    The start day is not counted (民法典 201); a day counts if the clock ran at its close; a limit ends at the
    close of its last counted day (民法典 203). Limits in d and mo, and limits of 0, end on a working day at
    whose close the clock runs, sought only after the last extension. Stops are not part of the limit
    (行政许可法 45). An open stop gives `at` None, unless the limit had already ended when the stop began.
    Raises ValueError for a naive instant or no limit.
    """
    while True:
        try:
            clock = _Clock(start, stops, calendar)
            for limit in _checked(limits):
                if not clock.run(limit):
                    return Deadline(None, clock.provisional)
            return Deadline(clock.end(), clock.provisional)
        except IndexError:  # beyond the days that are laid out
            calendar.widen()


class _Clock:
    """A pointer that limits push forward: to the close of `day`, or to the instant `at` if it is not None."""

    __slots__ = ("_day_stops", "_spans", "at", "by_day", "calendar", "day", "provisional", "stops", "table")

    def __init__(self, start: datetime, stops: Sequence[Stop], calendar: Calendar) -> None:
        self.calendar, self.stops = calendar, stops
        self.at: datetime | None = _local(start)
        self.day = self.at.toordinal()
        self.table = calendar.table(self.day)
        self.provisional = False
        self.by_day = True  # the last limit ends at a close of business
        self._day_stops: list[tuple[int, int]] | None = None
        self._spans: list[Stop] | None = None

    def run(self, limit: Limit) -> bool:
        """Pushes the pointer by one limit; False if it comes to stand in an open stop."""
        self.by_day = limit.unit in ("wd", "d", "mo")
        if not limit.amount:
            return True
        if not self.by_day:
            return self._run_hours(limit)
        if limit.unit == "wd":
            end = self._run_working(limit.amount)
        else:
            length = limit.amount if limit.unit == "d" else _months_on(self.day, limit.amount) - self.day
            end = self._run_natural(length)
        if end is None:
            return False
        self.day, self.at = end, None
        return True

    def _run_working(self, amount: int) -> int | None:
        days, start = self.table.days, self.day
        i = bisect_right(days, start) + amount - 1
        end = days[i]
        for lo, hi in self.stopped_days():
            lo = max(lo, start + 1)
            if lo > end:
                break
            if hi == _OPEN:
                return None
            i += max(0, bisect_left(days, hi) - bisect_left(days, lo))
            end = days[i]
        self.provisional = self.provisional or self.calendar.provisional(start + 1, end)
        return end

    def _run_natural(self, amount: int) -> int | None:
        end = self.day + amount
        for lo, hi in self.stopped_days():
            lo = max(lo, self.day + 1)
            if lo > end:
                break
            if hi == _OPEN:
                return None
            end += max(0, hi - lo)
        return end

    def _run_hours(self, limit: Limit) -> bool:
        start = self.at or self.calendar.closing(self.day)
        worked = limit.unit == "wh"
        # `measure` maps an instant to the running total in which the limit is counted.
        amount, measure = limit.amount * _HOUR, (self._worked if worked else _elapsed)
        end = measure(start) + amount
        for began, ended in self.spans():
            if ended is not None and ended <= start:
                continue
            first = measure(max(began, start))
            if first >= end:
                break
            if ended is None:
                return False
            end += measure(ended) - first
        if worked:
            self.at = self.calendar.when_worked(end, self.table)
            self.provisional = self.provisional or self.calendar.provisional(self.day, self.at.toordinal())
        else:
            self.at = (_EPOCH + end * MICROSECOND).astimezone(ZONE)
        self.day = self.at.toordinal()
        return True

    def _worked(self, at: datetime) -> int:
        return self.calendar.worked_until(at, self.table)

    def end(self) -> datetime | None:
        """Where the pointer stands after the last limit, moved on to a close of business that can be kept."""
        calendar = self.calendar
        if not self.by_day:
            return self.at or calendar.closing(self.day)
        first = n = self.day
        if self.at is not None and calendar.closing(n) <= self.at:
            n += 1  # on the spot, asked for after the close: by the next close
        days = self.table.days
        n = days[bisect_left(days, n)]
        for lo, hi in self.stopped_days():
            if lo <= n < hi:
                if hi == _OPEN:
                    return None
                n = days[bisect_left(days, hi)]
        self.provisional = self.provisional or calendar.provisional(first, n)
        self.day, self.at = n, None
        return calendar.closing(n)

    def stopped_days(self) -> list[tuple[int, int]]:
        """[first, last) of the days at whose close the clock stood, merged and in order."""
        if self._day_stops is None:
            self._day_stops = []
            if self.stops:
                ranges = sorted(
                    (self._first_close(began), self._first_close(ended)) for began, ended in self.stops
                )
                self._day_stops = list(_merged(ranges))
        return self._day_stops

    def _first_close(self, at: datetime | None) -> int:
        """The first day whose close is not before this instant.

        So a stop that begins at 17:00 sharp takes the day out, and one that ends at 17:00 sharp does not.
        """
        if at is None:
            return _OPEN
        passed = _aware(at) - _EPOCH  # cheaper than a change of zone, and as right: always +08:00 since 1992
        n = _EPOCH_DAY + passed.days
        return (
            n + 1 if passed.seconds * 1_000_000 + passed.microseconds > self.calendar.closing_time(n) else n
        )

    def spans(self) -> list[Stop]:
        """The stops as instants, merged and in order."""
        if self._spans is None:
            far = datetime.max.replace(tzinfo=ZONE)
            ranges = sorted((_local(began), _local(ended) if ended else far) for began, ended in self.stops)
            self._spans = [(began, None if ended == far else ended) for began, ended in _merged(ranges)]
        return self._spans


_OPEN = date.max.toordinal() + 1
_EPOCH = datetime(1999, 12, 31, 16, tzinfo=UTC)  # midnight in ZONE
_EPOCH_DAY = date(2000, 1, 1).toordinal()


def _elapsed(at: datetime) -> int:
    return (at - _EPOCH) // MICROSECOND


def _merged(ranges: Iterable[tuple]) -> Iterator[tuple]:
    """Joins half-open ranges, sorted by their beginning; empty ones vanish."""
    current = None
    for first, last in ranges:
        if not first < last:
            continue
        if current and first <= current[1]:
            current = (current[0], max(current[1], last))
        else:
            if current:
                yield current
            current = (first, last)
    if current:
        yield current


def _months_on(n: int, months: int) -> int:
    """The same day number so many months on, or the last day of a shorter month."""
    day = date.fromordinal(n)
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1])).toordinal()


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError(f"{at.isoformat()} has no zone: give an aware instant, for example with +08:00")
    return at


def _local(at: datetime) -> datetime:
    return at if at.tzinfo is ZONE else _aware(at).astimezone(ZONE)


def _checked(limits: Sequence[Limit]) -> Sequence[Limit]:
    if not limits:
        raise ValueError("A clock needs at least one limit, for example 20wd")
    return limits


# Explanations and lights


def explain(
    start: datetime,
    limits: Sequence[Limit],
    stops: Sequence[Stop],
    calendar: Calendar,
    until: date | None = None,
) -> list[DayLine]:
    """Tells day by day, from the start day to the last, how `deadline` came about.

    Reasons: `start_day` not counted; `counted`; `make_up_workday` counted, a weekend day that is worked;
    `rest_day`, `holiday` not worked; `stopped` the clock stood at the close; `rolled` passed over because a limit
    cannot end on it; `due` the day on which the limit ends although it is not counted. With an open stop the
    lines go on to `until` (default: the day on which the stop began).
    """
    while True:
        try:
            return _explained(start, _checked(limits), stops, calendar, until)
        except IndexError:
            calendar.widen()


def _explained(
    start: datetime, limits: Sequence[Limit], stops: Sequence[Stop], calendar: Calendar, until: date | None
) -> list[DayLine]:
    clock = _Clock(start, stops, calendar)
    stood = clock.stopped_days()
    lines = {clock.day: _line(clock.day, False, "start_day", 0, calendar)}
    n, family = 0, clock.by_day
    for limit in limits:
        begin, since = clock.day, clock.at
        running = clock.run(limit)
        if clock.by_day != family:
            n, family = 0, clock.by_day
        last = clock.day if running else _standstill(stood, begin, until)
        if clock.by_day:
            for day in range(begin + 1, last + 1):
                reason = _reason(day, limit.unit, stood, calendar)
                counted = reason in ("counted", "make_up_workday")
                n += counted
                lines[day] = _line(day, counted, reason, n, calendar)
        elif limit.amount:
            since = since or calendar.closing(begin)
            for day in range(begin, last + 1):
                midnight = datetime.combine(date.fromordinal(day), time(), ZONE)
                to = midnight + timedelta(days=1)
                ran = _ran(
                    max(since, midnight), min(to, clock.at) if running and clock.at else to, limit.unit, clock
                )
                n += ran // 60_000_000
                reason = "counted" if ran else _reason(day, limit.unit, stood, calendar)
                if ran or day not in lines:
                    lines[day] = _line(day, ran > 0, reason, n, calendar)
        if not running:
            return list(lines.values())
    first = clock.day
    end = clock.end()
    if clock.by_day:
        last = clock.day if end else _standstill(stood, first, until)
        moved = first != last
        for day in range(first + 1, last + 1):
            stopped = _stood(day, stood)
            reason = "stopped" if stopped else "due" if end and day == last else "rolled"
            lines[day] = _line(day, False, reason, n, calendar)
        if not moved and lines[first].reason == "start_day" and end:
            lines[first] = _line(first, False, "due", n, calendar)
    return list(lines.values())


def _line(n: int, counted: bool, reason: str, count: int, calendar: Calendar) -> DayLine:
    return DayLine(date.fromordinal(n), counted, reason, count, calendar.provisional(n, n))


def _stood(n: int, stood: list[tuple[int, int]]) -> bool:
    return any(lo <= n < hi for lo, hi in stood)


def _standstill(stood: list[tuple[int, int]], begin: int, until: date | None) -> int:
    """The last day worth a line while an open stop lasts."""
    opened = max(begin, next((lo for lo, hi in stood if hi == _OPEN), begin))
    return max(opened, until.toordinal()) if until else opened


def _reason(n: int, unit: str, stood: list[tuple[int, int]], calendar: Calendar) -> str:
    works = calendar.works(n)
    if not works and unit in ("wd", "wh"):
        return "holiday" if calendar.is_exception(n) else "rest_day"
    if _stood(n, stood) or unit in ("h", "wh"):
        return "stopped"
    return "make_up_workday" if works and (n - 1) % 7 >= 5 and unit == "wd" else "counted"


def _ran(first: datetime, last: datetime, unit: str, clock: _Clock) -> int:
    """Microseconds of a limit in hours that ran between two instants."""
    measure = clock._worked if unit == "wh" else _elapsed
    total = measure(last) - measure(first) if last > first else 0
    for began, ended in clock.spans():
        a, b = max(began, first), min(ended or last, last)
        if a < b:
            total -= measure(b) - measure(a)
    return total


def working_days_left(now: datetime, at: datetime, calendar: Calendar, stops: Sequence[Stop] = ()) -> int:
    """Working days after today up to and including the day of `at`: 0 on the last day, negative once it is past.

    Days at whose close the clock stands are not left; only who asks about the past needs to give `stops`.
    """
    now, at = _local(now), _local(at)
    left = calendar.working_between(now.date(), at.date())
    if stops and now < at:
        first, last = now.toordinal() + 1, at.toordinal() + 1
        for lo, hi in _Clock(now, stops, calendar).stopped_days():
            a, b = max(lo, first), min(hi, last)
            if a < b:
                left -= calendar.working_between(date.fromordinal(a - 1), date.fromordinal(b - 1))
    return left


def amber_at(
    start: datetime,
    at: datetime | None,
    limits: Sequence[Limit],
    stops: Sequence[Stop],
    calendar: Calendar,
    share: float = 0.2,
    days: int = 1,
) -> datetime | None:
    """The instant from which little time is left of a limit that ends at `at`; None while it has no end.

    Limits that end at a close of business: opening time of the first working day after which at most `days`
    counted working days, or at most `share` of all counted working days, still follow (so nobody is told at
    midnight). Limits in hours: when `share` of the time is left. Never before `start`, never after `at`.
    """
    if at is None:
        return None
    start, at = _local(start), _local(at)
    units = {limit.unit for limit in _checked(limits)}
    if units <= {"h"} or units <= {"wh"}:
        total = sum(limit.amount for limit in limits) * _HOUR
        return _amber_in_hours(start, at, round(total * (1 - share)), units.pop(), stops, calendar)
    clock = _Clock(start, stops, calendar)
    table = calendar.table(clock.day, at.toordinal()).days
    first, last = bisect_right(table, clock.day), bisect_right(table, at.toordinal())
    ranges = [(bisect_left(table, lo), bisect_left(table, hi)) for lo, hi in clock.stopped_days()]
    stood = [(max(first, a), min(last, b)) for a, b in ranges]
    total = last - first - sum(max(0, b - a) for a, b in stood)
    used = total - max(days, int(total * share + 1e-9))
    if used <= 0:
        return min(start, at)
    i = first + used - 1
    for a, b in stood:
        if a <= i and a < b:
            i += b - a
    opening = datetime.combine(date.fromordinal(table[i]), calendar.frames[0][0], ZONE)
    return min(max(opening, start), at)


def _amber_in_hours(
    start: datetime, at: datetime, used: int, unit: str, stops: Sequence[Stop], calendar: Calendar
) -> datetime:
    clock = _Clock(start, stops, calendar)
    clock.table = calendar.table(clock.day, at.toordinal() + 1)
    low, high = 0, (at - start) // MICROSECOND
    while (
        low < high
    ):  # the running total never falls, so the first instant that reaches it is found by halving
        middle = (low + high) // 2
        if _ran(start, start + middle * MICROSECOND, unit, clock) >= used:
            high = middle
        else:
            low = middle + 1
    return start + low * MICROSECOND
