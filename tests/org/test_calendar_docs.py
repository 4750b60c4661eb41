"""The examples in docs/explanation/clock.md are true."""

import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from onewindow.org.models import CalendarDay, forget_calendar

TEXT = (Path(__file__).parents[2] / "docs" / "explanation" / "clock.md").read_text(encoding="utf-8")
PLAIN = re.findall(
    r"^\| \w{3} (2026[-\d]+)(?: (\d\d:\d\d))? \| ([`\dwdmoh +]+) \| \w{3} (\d[-\d]+)(?: (\d\d:\d\d))?[ ,]",
    TEXT,
    re.M,
)


@pytest.fixture(autouse=True)
def shipped_calendar(db):
    CalendarDay.objects.all().delete()
    forget_calendar()
    yield
    forget_calendar()


def clock(*words: str) -> str:
    out = StringIO()
    call_command("clock", *words, stdout=out, stderr=StringIO())
    return out.getvalue()


@pytest.mark.parametrize(("day", "hour", "limits", "end", "end_hour"), PLAIN)
def test_an_example_of_the_table_ends_as_printed(day, hour, limits, end, end_hour):
    limit, *extensions = re.findall(r"`(\w+)`", limits)
    words = [word for extension in extensions for word in ("--extend", extension)]
    told = clock("--from", f"{day}T{hour or '10:00'}", "--limit", limit, *words)
    assert f"Due: {end} {end_hour or '17:00'}" in told


def test_the_table_was_read():
    assert len(PLAIN) == 9


def test_the_printed_command_prints_what_is_printed():
    command, output = re.search(r"^\$ onewindow clock (.+?)\n(.+?)^```$", TEXT, re.M | re.S).groups()
    assert clock(*shlex.split(command)) == output
