"""The rule of limits against an oracle that tells it a second time, in plain loops (oracle.py)."""

# ruff: noqa: DTZ001 - the oracle reckons on the wall clock

from datetime import date, datetime, time

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from onewindow.org.calendar import ZONE, Calendar, Limit, amber_at, deadline, explain, working_days_left
from onewindow.org.calendar_file import SHIPPED, read
from tests.org.oracle import DAY, Oracle

ROWS = read(SHIPPED)[0]
EARLY = {
    day: time(12) for day in (date(2019, 12, 31), date(2022, 1, 30), date(2024, 2, 9), date(2026, 2, 13))
}
LATE = {date(2023, 6, 21): time(19, 30), date(2025, 7, 1): time(18)}
KINDS = {row.day: row.kind for row in ROWS}
CALENDARS = [
    (Calendar(ROWS), {}),
    (
        Calendar(
            [row for row in ROWS if row.day not in EARLY]
            + [(day, KINDS.get(day, "work"), close, "") for day, close in (EARLY | LATE).items()]
        ),
        EARLY | LATE,
    ),
]
FIRST, LAST = date(2019, 1, 1), date(2027, 12, 31)
# The hours at which something turns, a minute before and after them, and any other minute.
HOURS = [
    time(0),
    time(8, 30),
    time(11, 30),
    time(12),
    time(13),
    time(16, 59),
    time(17),
    time(17, 1),
    time(19, 30),
]
times = st.sampled_from(HOURS) | st.times().map(lambda t: t.replace(second=0, microsecond=0))
days = st.dates(FIRST, LAST) | st.sampled_from(sorted({*EARLY, *LATE, date(2026, 2, 14), date(2026, 12, 31)}))
starts = st.builds(datetime.combine, days, times)
amounts = {"wd": 25, "d": 45, "mo": 4, "h": 50, "wh": 16}
limits = st.one_of(
    [st.tuples(st.integers(0, most), st.just(unit)) for unit, most in amounts.items()],
)


@st.composite
def clocks(draw):
    """A start, one to three limits, and stops around them: some empty, some overlapping, perhaps one still open."""
    start = draw(starts)
    spans = []
    for began, length, at, until in draw(
        st.lists(st.tuples(st.integers(-10, 40), st.integers(0, 15), times, times), max_size=4)
    ):
        first = datetime.combine(start.date() + began * DAY, at)
        spans.append((first, max(first, datetime.combine(first.date() + length * DAY, until))))
    if draw(st.integers(0, 4)) == 0:
        spans.append((datetime.combine(start.date() + draw(st.integers(0, 40)) * DAY, draw(times)), None))
    terms = draw(st.lists(limits, min_size=1, max_size=3))
    return start, terms, spans, draw(st.sampled_from(CALENDARS))


def aware(moment: datetime | None) -> datetime | None:
    return moment and moment.replace(tzinfo=ZONE)


def asked(clock):
    """The same clock as the product is asked: start, limits, stops, calendar."""
    start, terms, spans, (calendar, _) = clock
    return (
        aware(start),
        [Limit(*term) for term in terms],
        [(aware(began), aware(ended)) for began, ended in spans],
        calendar,
    )


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(clocks())
def test_every_deadline_is_that_of_the_oracle(clock):
    start, terms, spans, (_, closes) = clock
    end, provisional = Oracle(spans, closes).deadline(start, terms)
    found = deadline(*asked(clock))
    event("open" if end is None else terms[-1][1])
    assert found.at == aware(end)
    assert end is None or found.provisional == provisional


@settings(max_examples=100, deadline=None)
@given(clocks())
def test_an_explanation_ends_where_the_deadline_does_and_leaves_no_day_out(clock):
    lines, end = explain(*asked(clock)), deadline(*asked(clock)).at
    assert [line.day for line in lines] == [lines[0].day + n * DAY for n in range(len(lines))]
    assert lines[0].day == clock[0].date()
    if end:
        assert lines[-1].day == end.date()
    units = {unit for _, unit in clock[1]}
    if end and units == {"wd"}:
        assert sum(line.counted for line in lines) == sum(amount for amount, _ in clock[1]) == lines[-1].n
    if end and units <= {"h", "wh"}:
        assert lines[-1].n == 60 * sum(amount for amount, _ in clock[1])
    assert all(line.counted == (line.reason in ("counted", "make_up_workday")) for line in lines)


@settings(max_examples=100, deadline=None)
@given(clocks())
def test_amber_is_the_first_opening_after_which_little_is_left(clock):
    start, terms, spans, calendar = asked(clock)
    end = deadline(start, terms, spans, calendar).at
    turns = amber_at(start, end, terms, spans, calendar)
    if end is None:
        assert turns is None
        return
    assert start <= turns <= max(start, end)
    if terms[-1].unit in ("h", "wh"):
        return
    counted = [
        day
        for day in (start.date() + n * DAY for n in range(1, (end.date() - start.date()).days + 1))
        if calendar.is_working(day) and not stands(calendar.close_of(day), spans)
    ]
    little = max(1, len(counted) // 5)
    assert working_days_left(turns, end, calendar, spans) <= little
    if turns > start:
        the_day_before = datetime.combine(turns.date() - DAY, time(9), ZONE)
        assert working_days_left(the_day_before, end, calendar, spans) > little or turns == end


def stands(close: datetime, spans) -> bool:
    return any(began <= close and (ended is None or close < ended) for began, ended in spans)


@settings(max_examples=100, deadline=None)
@given(clocks(), st.integers(1, 20))
def test_a_longer_stop_never_makes_an_earlier_deadline(clock, more):
    start, terms, spans, calendar = asked(clock)
    closed = [(began, ended) for began, ended in spans if ended]
    longer = [(began, ended + more * DAY) for began, ended in closed]
    assert deadline(start, terms, longer, calendar).at >= deadline(start, terms, closed, calendar).at


def test_every_start_day_and_term_ends_on_the_day_the_oracle_walks_to():
    calendar, oracle = Calendar(ROWS), Oracle()
    all_days = [FIRST + n * DAY for n in range((LAST - FIRST).days + 120)]
    works = {day: oracle.works(day) for day in all_days}
    for start in all_days[: (LAST - FIRST).days + 1]:
        walked, day = [], start
        while len(walked) < 60:
            day += DAY
            if works[day]:
                walked.append(day)
        assert [calendar.add_working(start, n) for n in range(1, 61)] == walked
        moment = datetime.combine(start, time(10), ZONE)
        for n in (1, 5, 20, 60):
            ends = deadline(moment, [Limit(n, "wd")], [], calendar).at
            assert ends == calendar.close_of(walked[n - 1])
            assert working_days_left(moment, ends, calendar) == n


def test_the_oracle_itself_knows_the_published_examples():
    assert Oracle().deadline(datetime(2026, 2, 13, 10), [(20, "wd")]) == (datetime(2026, 3, 19, 17), False)
    review = (datetime(2026, 2, 9, 9), datetime(2026, 2, 13, 17, 30))
    assert Oracle([review]).deadline(datetime(2026, 1, 30, 10), [(20, "wd")])[0] == datetime(2026, 3, 12, 17)
    assert Oracle().deadline(datetime(2026, 12, 31, 10), [(1, "wd")]) == (datetime(2027, 1, 1, 17), True)
    assert Oracle().deadline(datetime(2026, 3, 2, 10), [(3, "wh")])[0] == datetime(2026, 3, 2, 14, 30)
