"""The chain finds every change of a row, and the clock can be worked out anew."""

import json
from io import StringIO

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection

from onewindow.cases.append_only import protect, release
from onewindow.cases.management.commands.verify import survey
from onewindow.cases.models import Event
from onewindow.cases.worker import follow, reclock
from onewindow.org.models import CalendarDay, forget_calendar
from onewindow.window import actions
from tests.town import at

pytestmark = pytest.mark.django_db


@pytest.fixture
def insider():
    """Someone with the database's password: takes the triggers away."""
    with connection.schema_editor() as editor:
        release(editor, "cases_event")

    def change(sql: str, *values: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)

    yield change
    with connection.schema_editor() as editor:
        protect(editor, "cases_event")


@pytest.fixture
def cases(town):
    first, second = town.accepted(n=1), town.accepted(n=2)
    actions.decide(first, by=town.wang, result="grant")
    return first, second


def test_a_sound_chain_is_proved(cases):
    assert survey() == (5, 2, [])


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        ("UPDATE cases_event SET \"by\" = 'li2' WHERE number = %s AND seq = 2", "was changed"),
        ("UPDATE cases_event SET data = '{}' WHERE number = %s AND seq = 2", "was changed"),
        ("DELETE FROM cases_event WHERE number = %s AND seq = 2", "event 2 is missing"),
        ("DELETE FROM cases_event WHERE number = %s AND seq = 3", "the case and its last event do not agree"),
        ("DELETE FROM cases_event WHERE number = %s", "the case and its last event do not agree"),
        (
            "UPDATE window_application SET head = 'x' WHERE number = %s",
            "the case and its last event do not agree",
        ),
    ],
)
@pytest.mark.django_db(transaction=True)
def test_an_insider_who_changes_a_row_is_found(cases, insider, sql, fault):
    first, _ = cases
    with connection.constraint_checks_disabled():
        insider(sql, first.number)
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("verify", "--json", stdout=out)
    answer = json.loads(out.getvalue())
    assert ended.value.code == 1
    assert {b["number"] for b in answer["broken"]} == {first.number}
    assert fault in [b["fault"] for b in answer["broken"]]


def test_a_new_calendar_moves_exactly_the_deadlines_that_it_must(town):
    with time_machine.travel(at("2026-11-23 10:00"), tick=False):
        soon = town.accepted(n=1)
        town_wide = town.take_in(n=2, version=town.health)
        later = actions.accept(town_wide, by=town.li)
        over = town.accepted(n=3)
        actions.decide(over, by=town.wang, result="grant")
        before = soon.due_at, later.legal_due_at
        CalendarDay.objects.create(day="2026-12-16", kind="rest", name="大雪停工")
        forget_calendar()
        moved = reclock()
    assert [m["number"] for m in moved] == [later.number]
    soon.refresh_from_db()
    later.refresh_from_db()
    assert soon.due_at == before[0]
    assert later.legal_due_at > before[1]
    last = Event.objects.of(later.number).last()
    assert (last.kind, last.by) == ("application.reclock", "clock")
    assert last.data["legal_due_before"] != last.data["legal_due_at"]
    assert reclock() == []


def test_a_reaction_runs_once_and_a_failing_one_is_tried_again(town, monkeypatch):
    from onewindow.cases import reactions

    seen, broken = [], [True]

    def listen(event):
        if broken and event.kind == "application.accept":
            raise RuntimeError("the printer is on fire")
        seen.append(event.kind)

    monkeypatch.setitem(reactions.REACTIONS, "application.receive", [listen])
    monkeypatch.setitem(reactions.REACTIONS, "application.accept", [listen])
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        town.accepted()
        follow()
        follow()
        assert seen == ["application.receive"]
        broken.clear()
        clock.shift(90)
        follow()
        follow()
    assert seen == ["application.receive", "application.accept"]
