"""The working days and the limits counted on them: fixed examples."""

from datetime import UTC, date, datetime, time, timedelta

import chinese_calendar
import pytest

from onewindow.org.calendar import (
    ZONE,
    Calendar,
    Limit,
    amber_at,
    deadline,
    explain,
    parse_limits,
    working_days_left,
)
from onewindow.org.calendar_file import shipped

CALENDAR = shipped()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def stops(*pairs: tuple[str, str | None]) -> list[tuple[datetime, datetime | None]]:
    return [(at(began), at(ended) if ended else None) for began, ended in pairs]


def due(start: str, limits: str, *pairs: tuple[str, str | None], calendar: Calendar = CALENDAR) -> str:
    end = deadline(at(start), parse_limits(limits), stops(*pairs), calendar).at
    return end.strftime("%Y-%m-%d %H:%M") if end else "open"


@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        ("2026-02-13", "5wd", "2026-02-27"),
        ("2026-02-13", "20wd", "2026-03-19"),
        ("2026-09-18", "5wd", "2026-09-24"),
        ("2026-09-24", "1wd", "2026-09-28"),
        ("2026-09-30", "3wd", "2026-10-10"),
        ("2026-05-08", "1wd", "2026-05-09"),
        ("2026-02-14", "1wd", "2026-02-24"),
        ("2025-01-24", "5wd", "2025-02-07"),
        ("2026-04-30", "10wd", "2026-05-18"),
    ],
)
def test_the_published_examples_come_out(start, limit, end):
    assert due(f"{start}T10:00", limit) == f"{end} 17:00"


def test_the_days_of_an_expert_review_are_taken_out():
    assert due("2026-01-30T10:00", "20wd", ("2026-02-09T09:00", "2026-02-13T17:30")) == "2026-03-12 17:00"


@pytest.mark.parametrize(("year", "days"), [(2022, 249), (2025, 248), (2026, 248)])
def test_a_year_has_its_working_days(year, days):
    assert CALENDAR.working_between(date(year - 1, 12, 31), date(year, 12, 31)) == days
    assert CALENDAR.working_between(date(year, 12, 31), date(year - 1, 12, 31)) == -days


def test_every_day_agrees_with_the_second_source():
    first = date(2019, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(2027, 1, 1) - first).days)]
    assert [CALENDAR.is_working(day) for day in days] == [chinese_calendar.is_workday(day) for day in days]


def test_days_have_names_closes_and_neighbours():
    calendar = Calendar(
        [(date(2026, 2, 16), "rest", None, "Spring Festival"), (date(2026, 3, 6), "work", time(12), "")]
    )
    assert calendar.name_of(date(2026, 2, 16)) == "Spring Festival"
    assert calendar.name_of(date(2026, 2, 17)) == ""
    assert calendar.close_of(date(2026, 3, 6)) == at("2026-03-06T12:00")
    assert calendar.close_of(date(2026, 3, 5)).isoformat() == "2026-03-05T17:00:00+08:00"
    assert calendar.next_working(date(2026, 2, 13)) == date(2026, 2, 17)
    assert calendar.add_working(date(2026, 2, 17), -1) == date(2026, 2, 13)
    assert calendar.add_working(date(2026, 2, 16), 0) == date(2026, 2, 16)


def test_a_year_is_published_by_its_rest_days_not_by_one_early_close():
    calendar = Calendar([(date(2026, 1, 1), "rest", None, ""), (date(2027, 1, 4), "work", time(12), "")])
    assert [calendar.is_published(year) for year in (2025, 2026, 2027)] == [False, True, False]


def test_days_far_outside_the_laid_out_years_count_too():
    calendar = Calendar()
    assert calendar.add_working(date(2050, 1, 3), 5) == date(2050, 1, 10)
    assert calendar.add_working(date(1999, 1, 4), -5) == date(1998, 12, 28)
    assert due("2026-01-05T10:00", "9999wd", calendar=calendar) == "2064-05-02 17:00"
    assert due("2034-01-05T10:00", "9999wh", calendar=calendar)[:4] == "2039"


def test_an_unknown_kind_of_day_is_refused_with_the_remedy():
    with pytest.raises(ValueError, match="write 'rest' or 'work'"):
        Calendar([(date(2026, 1, 1), "HOLIDAY_REST", None, "")])


# Limits


def test_limits_are_read_and_written_as_printed():
    assert str(Limit.parse(" 20WD ")) == "20wd"
    assert parse_limits("10wd+5wd") == (Limit(10, "wd"), Limit(5, "wd"))


@pytest.mark.parametrize("text", ["", "wd", "20", "20 weeks", "-1wd", "1.5h", "20wd20", "12345d", "２０wd"])
def test_what_is_no_limit_is_refused_with_the_remedy(text):
    with pytest.raises(
        ValueError, match=r"write a number from 0 to 9999 and one of wd, d, mo, h, wh, e\.g\. 20wd"
    ):
        Limit.parse(text)


def test_a_clock_without_limit_or_zone_is_refused():
    with pytest.raises(ValueError, match="at least one limit"):
        deadline(at("2026-01-05T10:00"), [], [], CALENDAR)
    with pytest.raises(ValueError, match="has no zone"):
        deadline(datetime(2026, 1, 5, 10), [Limit(1, "wd")], [], CALENDAR)  # noqa: DTZ001
    with pytest.raises(ValueError, match="has no zone"):
        deadline(at("2026-01-05T10:00"), [Limit(1, "wd")], [(datetime(2026, 1, 5, 11), None)], CALENDAR)  # noqa: DTZ001


def test_the_start_day_is_that_of_the_city_whatever_the_zone_of_the_instant():
    late_evening_in_utc = datetime(2026, 3, 3, 16, 30, tzinfo=UTC)  # 00:30 on the 4th in the city
    assert deadline(late_evening_in_utc, [Limit(1, "wd")], [], CALENDAR).at == at("2026-03-05T17:00")


@pytest.mark.parametrize(
    ("stop", "end"),
    [
        (("2026-03-03T09:00", "2026-03-03T17:30"), "2026-03-05 17:00"),
        (("2026-03-03T09:00", "2026-03-03T17:00"), "2026-03-04 17:00"),  # runs again at the close: counts
        (("2026-03-03T17:00", "2026-03-03T17:01"), "2026-03-05 17:00"),  # stands at the close: does not
        (("2026-03-03T17:01", "2026-03-04T09:00"), "2026-03-04 17:00"),
        (("2026-03-02T09:00", "2026-03-02T18:00"), "2026-03-04 17:00"),  # the start day is not counted anyway
        (("2026-02-02T09:00", "2026-02-13T18:00"), "2026-03-04 17:00"),  # over before the clock began
        (("2026-03-07T09:00", "2026-03-08T18:00"), "2026-03-04 17:00"),  # after the end
        (("2026-03-03T09:00", None), "open"),
        (("2026-03-04T17:00", None), "open"),
        (
            ("2026-03-04T17:01", None),
            "2026-03-04 17:00",
        ),  # had ended before; a stop does not hide that it is late
    ],
)
def test_a_stop_takes_out_the_days_at_whose_close_the_clock_stood(stop, end):
    assert due("2026-03-02T10:00", "2wd", stop) == end


def test_stops_that_overlap_or_touch_take_out_each_day_once():
    overlapping = (("2026-03-03T09:00", "2026-03-05T18:00"), ("2026-03-04T09:00", "2026-03-04T18:00"))
    touching = (("2026-03-03T09:00", "2026-03-04T09:00"), ("2026-03-04T09:00", "2026-03-05T18:00"))
    assert due("2026-03-02T10:00", "2wd", *overlapping) == "2026-03-09 17:00"
    assert due("2026-03-02T10:00", "2wd", *reversed(touching)) == "2026-03-09 17:00"


@pytest.mark.parametrize(
    ("start", "limit", "end"),
    [
        ("2026-03-02T10:00", "5d", "2026-03-09 17:00"),  # a Saturday, so the Monday
        ("2026-09-20T10:00", "15d", "2026-10-08 17:00"),  # inside the National Day holiday
        ("2026-01-31T10:00", "1mo", "2026-02-28 17:00"),  # last day of a shorter month, a make-up Saturday
        ("2024-01-31T10:00", "1mo", "2024-02-29 17:00"),
        ("2025-11-30T10:00", "3mo", "2026-02-28 17:00"),
        ("2026-01-15T10:00", "12mo", "2027-01-15 17:00"),
        ("2026-03-02T10:00", "24h", "2026-03-03 10:00"),
        ("2026-03-06T20:15", "24h", "2026-03-07 20:15"),  # hours do not wait for a working day
        ("2026-03-02T10:00", "3wh", "2026-03-02 14:30"),  # over lunch
        ("2026-03-02T10:00", "7wh", "2026-03-03 10:00"),
        (
            "2026-03-07T10:00",
            "3wh",
            "2026-03-09 11:30",
        ),  # ends with the morning, not when the afternoon begins
        ("2026-02-13T15:00", "3wh", "2026-02-14 09:30"),  # a Saturday that is worked
    ],
)
def test_every_unit_ends_where_it_should(start, limit, end):
    assert due(start, limit) == end


@pytest.mark.parametrize(
    ("start", "limits", "end"),
    [
        ("2026-03-02T10:00", "20wd+10wd", "2026-04-14 17:00"),
        (
            "2026-03-02T10:00",
            "5d+1d",
            "2026-03-09 17:00",
        ),  # rolls once at the very end, not at the Saturday between
        ("2026-01-31T10:00", "1mo+1mo", "2026-03-30 17:00"),  # 28 February, 28 March, a Saturday
        ("2026-03-02T10:00", "1wd+24h", "2026-03-04 17:00"),
        ("2026-03-02T10:00", "24h+1wd", "2026-03-04 17:00"),
    ],
)
def test_an_extension_adds_to_the_limit(start, limits, end):
    assert due(start, limits) == end


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-02T10:00", "2026-03-02 17:00"),
        ("2026-03-02T17:00", "2026-03-03 17:00"),  # asked for at the close: by the next one
        ("2026-03-07T10:00", "2026-03-09 17:00"),
        ("2026-09-30T18:00", "2026-10-08 17:00"),
    ],
)
def test_on_the_spot_means_by_the_next_close_of_business(start, end):
    assert due(start, "0wd") == end


def test_months_are_lengthened_by_the_days_that_stood_also_in_the_added_span():
    first, second = ("2026-04-06T09:00", "2026-04-08T18:00"), ("2026-05-03T09:00", "2026-05-03T18:00")
    # 2 May + 3 days = 5 May (a holiday), one of them stood: 6 May
    assert due("2026-04-02T10:00", "1mo", first, second) == "2026-05-06 17:00"


def test_a_limit_cannot_end_on_a_day_at_whose_close_the_clock_stands():
    weekend_then_stop = ("2026-03-09T09:00", "2026-03-10T18:00")
    assert due("2026-03-02T10:00", "5d", weekend_then_stop) == "2026-03-11 17:00"


def test_hours_lose_exactly_what_a_stop_lasted():
    assert due("2026-03-02T10:00", "24h", ("2026-03-02T12:00", "2026-03-02T12:45")) == "2026-03-03 10:45"
    assert due("2026-03-02T10:00", "6wh", ("2026-03-02T11:00", "2026-03-02T14:00")) == "2026-03-03 10:30"
    assert due("2026-03-02T10:00", "6wh", ("2026-03-02T11:00", None)) == "open"


def test_an_early_close_ends_the_day_and_its_hours():
    half = Calendar([(date(2026, 3, 6), "work", time(12), "")])
    assert due("2026-03-05T10:00", "1wd", calendar=half) == "2026-03-06 12:00"
    assert due("2026-03-05T16:00", "4wh", calendar=half) == "2026-03-06 11:30"
    assert due("2026-03-05T16:00", "5wh", calendar=half) == "2026-03-09 09:30"
    assert (
        due("2026-03-05T10:00", "1wd", ("2026-03-06T13:00", "2026-03-06T18:00"), calendar=half)
        == "2026-03-06 12:00"
    )


@pytest.mark.parametrize(
    ("start", "limit", "provisional"),
    [
        ("2026-12-30T10:00", "1wd", False),
        ("2026-12-31T10:00", "1wd", True),
        ("2026-12-01T10:00", "60d", True),
        ("2026-12-01T10:00", "30d", False),
        ("2026-12-31T10:00", "24h", False),  # an hour needs no calendar
        ("2026-12-31T16:00", "2wh", True),
        ("2018-12-28T10:00", "1wd", True),
    ],
)
def test_a_day_in_a_year_without_notice_makes_the_end_provisional(start, limit, provisional):
    assert deadline(at(start), [Limit.parse(limit)], [], CALENDAR).provisional is provisional


# Explanations


def told(start: str, limits: str, *pairs: tuple[str, str | None], until: date | None = None) -> list[str]:
    lines = explain(at(start), parse_limits(limits), stops(*pairs), CALENDAR, until)
    return [f"{line.day:%m-%d} {'+' if line.counted else '-'} {line.reason} {line.n}" for line in lines]


def test_a_deadline_is_explained_day_by_day():
    assert told("2026-02-12T10:00", "3wd", ("2026-02-13T09:00", "2026-02-13T17:30")) == [
        "02-12 - start_day 0",
        "02-13 - stopped 0",
        "02-14 + make_up_workday 1",
        "02-15 - rest_day 1",
        "02-16 - holiday 1",
        "02-17 - holiday 1",
        "02-18 - holiday 1",
        "02-19 - holiday 1",
        "02-20 - holiday 1",
        "02-21 - rest_day 1",
        "02-22 - rest_day 1",
        "02-23 - holiday 1",
        "02-24 + counted 2",
        "02-25 + counted 3",
    ]


def test_a_limit_that_rolls_says_so():
    assert told("2026-03-05T10:00", "2d") == [
        "03-05 - start_day 0",
        "03-06 + counted 1",
        "03-07 + counted 2",
        "03-08 - rolled 2",
        "03-09 - due 2",
    ]


def test_on_the_spot_is_explained_too():
    assert told("2026-03-05T10:00", "0wd") == ["03-05 - due 0"]
    assert told("2026-03-07T10:00", "0wd") == ["03-07 - start_day 0", "03-08 - rolled 0", "03-09 - due 0"]


def test_hours_are_explained_in_minutes():
    assert told("2026-03-06T16:00", "2wh") == [
        "03-06 + counted 60",
        "03-07 - rest_day 60",
        "03-08 - rest_day 60",
        "03-09 + counted 120",
    ]
    assert told("2026-03-06T16:00", "24h", ("2026-03-06T18:00", "2026-03-08T18:00")) == [
        "03-06 + counted 120",
        "03-07 - stopped 120",
        "03-08 + counted 480",
        "03-09 + counted 1440",
    ]


def test_an_open_stop_is_explained_up_to_the_day_asked_for():
    pair = ("2026-03-04T09:00", None)
    assert told("2026-03-02T10:00", "5wd", pair) == [
        "03-02 - start_day 0",
        "03-03 + counted 1",
        "03-04 - stopped 1",
    ]
    assert told("2026-03-02T10:00", "5wd", pair, until=date(2026, 3, 6))[-2:] == [
        "03-05 - stopped 1",
        "03-06 - stopped 1",
    ]


def test_a_day_judged_by_its_weekday_is_marked():
    lines = explain(at("2026-12-31T10:00"), [Limit(1, "wd")], [], CALENDAR)
    assert [line.provisional for line in lines] == [False, True]


# What is left, and when the light turns amber


@pytest.mark.parametrize(
    ("now", "left"),
    [
        ("2026-09-28T08:00", 3),
        ("2026-09-30T18:00", 1),
        ("2026-10-05T10:00", 1),
        ("2026-10-08T09:00", 0),
        ("2026-10-08T18:00", 0),
        ("2026-10-09T09:00", -1),
        ("2026-10-12T09:00", -3),
    ],
)
def test_working_days_left_count_to_the_last_day_and_below_zero_after_it(now, left):
    assert working_days_left(at(now), at("2026-10-08T17:00"), CALENDAR) == left


def test_days_that_stand_still_are_not_left():
    pair = stops(("2026-03-04T09:00", "2026-03-05T18:00"))
    assert working_days_left(at("2026-03-02T10:00"), at("2026-03-09T17:00"), CALENDAR, pair) == 3


@pytest.mark.parametrize(
    ("limits", "pairs", "amber"),
    [
        ("20wd", [], "2026-03-24 08:30"),  # due on the 30th, 4 days = 20 % follow
        ("5wd", [], "2026-03-06 08:30"),
        ("2wd", [], "2026-03-03 08:30"),
        ("1wd", [], "2026-03-02 10:00"),  # little is left from the beginning
        ("0wd", [], "2026-03-02 10:00"),
        ("5wd", [("2026-03-09T09:00", "2026-03-11T18:00")], "2026-03-06 08:30"),
        ("5wd", [("2026-03-05T09:00", "2026-03-05T18:00")], "2026-03-09 08:30"),
        ("10d", [], "2026-03-11 08:30"),  # 8 working days of which 1 is left
        ("10h", [], "2026-03-02 18:00"),
        ("10h", [("2026-03-02T12:00", "2026-03-02T13:00")], "2026-03-02 19:00"),
        ("10wh", [], "2026-03-03 11:00"),
    ],
)
def test_the_light_turns_amber_when_little_is_left(limits, pairs, amber):
    start, limit, spans = at("2026-03-02T10:00"), parse_limits(limits), stops(*pairs)
    end = deadline(start, limit, spans, CALENDAR).at
    turns = amber_at(start, end, limit, spans, CALENDAR)
    assert turns.strftime("%Y-%m-%d %H:%M") == amber


def test_a_clock_without_end_has_no_amber():
    assert amber_at(at("2026-03-02T10:00"), None, [Limit(5, "wd")], [], CALENDAR) is None
