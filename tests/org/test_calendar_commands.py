"""`onewindow clock` and `onewindow import-calendar`."""

import json
from datetime import date, time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from onewindow.org.calendar_file import SHIPPED, read
from onewindow.org.models import CalendarDay, current_calendar, forget_calendar

pytestmark = pytest.mark.django_db

HEADER = "date,weekday,kind,festival,close_at\n"
NEW_YEAR = "2027-01-01,Fri,HOLIDAY_REST,New Year's Day,\n"
MAKE_UP = "2027-01-02,Sat,WORKDAY_ADJUSTED,New Year's Day,12:00\n"


@pytest.fixture(autouse=True)
def empty_calendar():
    CalendarDay.objects.all().delete()
    forget_calendar()
    yield
    forget_calendar()


def run(*words: str) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(*words, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def clock(*words: str) -> dict:
    return json.loads(run("clock", *words, "--json")[0])


def file(tmp_path, *lines: str, header: str = HEADER) -> str:
    path = tmp_path / "calendar_2027.csv"
    path.write_text(header + "".join(lines), encoding="utf-8")
    return str(path)


def test_the_clock_tells_the_end_each_day_and_what_is_left():
    told = clock(
        *("--from", "2026-01-30T10:00", "--limit", "20wd", "--at", "2026-03-09T10:00"),
        *("--stop", "2026-02-09T09:00/2026-02-13T17:30:expert_review"),
    )
    assert told["due_at"] == "2026-03-12T17:00:00+08:00"
    assert (told["left"], told["late"], told["provisional"]) == (3, False, False)
    assert sum(day["counted"] for day in told["days"]) == 20
    assert told["days"][0] == {"day": "2026-01-30", "counted": False, "reason": "start_day", "n": 0}
    assert {
        "day": "2026-02-13",
        "counted": False,
        "reason": "stopped",
        "stop": "expert_review",
        "n": 5,
    } in told["days"]


def test_extensions_and_several_stops_add_up():
    told = clock(
        *("--from", "2026-03-02", "--limit", "2wd", "--extend", "1wd", "--extend", "1wd"),
        *("--stop", "2026-03-03T09:00/2026-03-03T18:00:hearing"),
        *("--stop", "2026-03-05T09:00/2026-03-05T18:00"),
    )
    assert told["limits"] == ["2wd", "1wd", "1wd"]
    assert told["due_at"] == "2026-03-10T17:00:00+08:00"


def test_an_open_stop_has_no_end_and_nothing_left():
    told = clock(
        "--from", "2026-03-02T10:00", "--limit", "5wd", "--stop", "2026-03-04/:hearing", "--at", "2026-03-06"
    )
    assert (told["due_at"], told["left"], told["days"][-1]["day"]) == (None, None, "2026-03-06")


def test_an_instant_with_an_offset_means_that_instant():
    assert clock("--from", "2026-03-03T16:30Z", "--limit", "1wd")["due_at"] == "2026-03-05T17:00:00+08:00"


def test_people_get_a_table_with_a_warning_where_the_calendar_is_missing():
    out, err = run("clock", "--from", "2026-12-31T10:00", "--limit", "2wd", "--at", "2027-01-01T18:00")
    assert out.splitlines() == [
        "2026-12-31 Thu             start day, not counted",
        "2027-01-01 Fri      day 1  counted, provisional",
        "2027-01-02 Sat             rest day, provisional",
        "2027-01-03 Sun             rest day, provisional",
        "2027-01-04 Mon      day 2  counted, provisional",
        "",
        "Due: 2027-01-04 17:00  (provisional)",
        "Left at 2027-01-01 18:00: 1 working days",
        "Calendar: shipped file",
    ]
    assert "onewindow import-calendar" in err


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--from", "tomorrow", "--limit", "5wd"], "write it like 2026-01-30T10:00"),
        (["--from", "0001-01-01", "--limit", "5wd"], "between 2000 and 2100"),
        (["--from", "2026-03-02", "--limit", "5 weeks"], "e.g. 20wd"),
        (["--from", "2026-03-02", "--limit", "5wd", "--stop", "2026-03-03"], "write FROM/TO"),
        (
            ["--from", "2026-03-02", "--limit", "5wd", "--stop", "2026-03-04/2026-03-03"],
            "earlier instant first",
        ),
        (["--from", "2026-03-02", "--limit", "5wd", "--at", "now"], "write it like 2026-01-30T10:00"),
    ],
)
def test_wrong_use_is_told_with_the_remedy(words, remedy):
    with pytest.raises(CommandError, match=remedy) as caught:
        run("clock", *words)
    assert caught.value.returncode == 2


def test_the_calendar_of_the_database_comes_first(tmp_path):
    run("import_calendar", str(SHIPPED))
    run("import_calendar", file(tmp_path, NEW_YEAR, MAKE_UP))
    told = clock("--from", "2026-12-31T10:00", "--limit", "1wd")
    assert (told["due_at"], told["calendar"]) == ("2027-01-02T12:00:00+08:00", "database")


# Import


def test_the_shipped_file_comes_in_once_and_is_then_unchanged():
    rows, errors = read(SHIPPED)
    assert (len(rows), errors) == (198, [])
    first = json.loads(run("import_calendar", str(SHIPPED), "--json")[0])
    assert first == {"added": 198, "changed": 0, "removed": 0, "unchanged": 0, "errors": [], "dry_run": False}
    out, err = run("import_calendar", str(SHIPPED))
    assert (out, err) == ("0 added, 0 changed, 0 removed, 198 as they were\n", "")


def test_an_import_changes_the_calendar_in_force_and_reminds_of_reclock(tmp_path):
    assert current_calendar().is_working(date(2027, 1, 1))
    out, err = run("import_calendar", file(tmp_path, NEW_YEAR, MAKE_UP))
    assert out == "2 added, 0 changed, 0 removed, 0 as they were\n"
    assert "onewindow reclock" in err
    assert not current_calendar().is_working(date(2027, 1, 1))
    assert current_calendar().close_of(date(2027, 1, 2)).time() == time(12)
    assert CalendarDay.objects.get(day=date(2027, 1, 2)).source == "calendar_2027.csv"


def test_a_day_that_differs_is_changed_and_only_replace_year_removes(tmp_path):
    run("import_calendar", file(tmp_path, NEW_YEAR, MAKE_UP))
    other = file(tmp_path, NEW_YEAR.replace("HOLIDAY_REST", "WORKDAY_ADJUSTED"))
    assert run("import_calendar", other)[0] == "0 added, 1 changed, 0 removed, 0 as they were\n"
    assert CalendarDay.objects.count() == 2
    assert (
        run("import_calendar", other, "--replace-year")[0]
        == "0 added, 0 changed, 1 removed, 1 as they were\n"
    )
    assert [day.kind for day in CalendarDay.objects.all()] == ["work"]


def test_a_dry_run_counts_and_changes_nothing(tmp_path):
    out, err = run("import_calendar", file(tmp_path, NEW_YEAR, MAKE_UP), "--dry-run")
    assert (out, err) == ("2 would be added, 0 would be changed, 0 would be removed, 0 as they were\n", "")
    assert not CalendarDay.objects.exists()


def test_each_wrong_line_is_named_and_nothing_is_imported(tmp_path):
    path = file(
        tmp_path,
        NEW_YEAR,
        "2027-01-02,Sun,WORKDAY_ADJUSTED,,\n",
        "2027-13-02,Sat,WORKDAY_ADJUSTED,,\n",
        "2027-02-06,Sat,HOLIDAY,,\n",
        "2027-02-08,Mon,HOLIDAY_REST,,noon\n",
        "2027-02-09,Tue\n",
        NEW_YEAR,
    )
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError, match="6 wrong lines, nothing was imported") as caught:
        call_command("import_calendar", path, stdout=out, stderr=err)
    assert caught.value.returncode == 1
    assert err.getvalue().splitlines() == [
        "calendar_2027.csv, line 3: 2027-01-02 is a Sat, not 'Sun'; check the date against the notice",
        "calendar_2027.csv, line 4: '2027-13-02' is not a day; write it like 2027-01-01",
        "calendar_2027.csv, line 5: 'HOLIDAY' is not a kind; write HOLIDAY_REST or WORKDAY_ADJUSTED",
        "calendar_2027.csv, line 6: 'noon' is not a time; write it like 12:00",
        "calendar_2027.csv, line 7: has another number of columns than line 1; "
        "there are date,weekday,kind,festival,close_at",
        "calendar_2027.csv, line 8: 2027-01-01 is already on line 2; keep one of them",
    ]
    assert not CalendarDay.objects.exists()


@pytest.mark.parametrize(
    ("content", "remedy"),
    [
        (b"", "missing date, weekday, kind, festival"),
        (b"date,weekday,kind,festival,colour\n", "unknown colour"),
        (HEADER.encode(), "the file has no days"),
        ("日期".encode("gb18030"), "save it as 'CSV UTF-8'"),
    ],
)
def test_a_file_that_is_no_calendar_is_refused_with_the_remedy(tmp_path, content, remedy):
    path = tmp_path / "calendar.csv"
    path.write_bytes(content)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("import_calendar", str(path), "--json", stdout=out)
    assert remedy in json.loads(out.getvalue())["errors"][0]


def test_a_file_from_a_spreadsheet_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "calendar.csv"
    path.write_text(HEADER + NEW_YEAR, encoding="utf-8-sig")
    assert run("import_calendar", str(path))[0].startswith("1 added")


def test_a_missing_file_is_wrong_use(tmp_path):
    with pytest.raises(CommandError, match="give the path of a CSV file") as caught:
        run("import_calendar", str(tmp_path / "nowhere.csv"))
    assert caught.value.returncode == 2
