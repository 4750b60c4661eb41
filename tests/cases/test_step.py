"""A case moves only by a step."""

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction

from onewindow.cases import chain
from onewindow.cases.flow import Stale, StepRefused
from onewindow.cases.models import Event, Followup, Light
from onewindow.cases.worker import wake
from onewindow.window import actions
from onewindow.window.models import Application, Paper
from tests.town import at

pytestmark = pytest.mark.django_db
MONDAY = at("2026-11-23 10:00")


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield clock


def events(a):
    return list(Event.objects.of(a.number).values_list("seq", "kind"))


def test_an_application_runs_from_the_window_to_the_applicant(town, monday):
    a = town.take_in()
    actions.accept(a, by=town.li)
    assert (
        a.status == "examining"
        and a.due_at == at("2026-11-30 17:00")
        and a.legal_due_at == at("2026-12-07 17:00")
    )
    monday.move_to(at("2026-11-25 09:00"))
    actions.decide(a, by=town.wang, result="grant")
    assert a.decision_due_at == at("2026-11-30 17:00") and a.due_at == at("2026-12-09 17:00")
    actions.deliver(a, by=town.li)
    a.refresh_from_db()
    assert (a.status, a.closed_at, a.version) == ("delivered", at("2026-11-25 09:00"), 4)
    assert events(a) == [
        (1, "application.receive"),
        (2, "application.accept"),
        (3, "application.decide"),
        (4, "application.deliver"),
    ]
    assert list(chain.breaks(Event.objects.of(a.number))) == []
    assert list(Paper.objects.filter(application=a).values_list("kind", flat=True)) == ["acceptance", "grant"]
    assert Followup.objects.filter(done_at__isnull=True).count() == 4


def test_a_stop_takes_the_days_at_whose_close_it_stood_out(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-11-24 09:00"))
    actions.suspend(a, by=town.wang, reason="expert_review", notice="专家评审，预计 2 日", days=5)
    assert a.is_stopped and a.due_at is None
    monday.move_to(at("2026-11-26 09:00"))
    actions.resume(a, by=town.wang)
    assert a.due_at == at("2026-12-02 17:00")


def test_the_head_alone_extends_and_only_once(town):
    a = town.accepted()
    with pytest.raises(StepRefused) as refused:
        actions.extend(a, by=town.wang, reason="复杂")
    assert refused.value.reason.code == "only_head"
    actions.extend(a, by=town.head, reason="情况复杂")
    assert a.due_at == at("2026-12-07 17:00")
    with pytest.raises(StepRefused) as refused:
        actions.extend(a, by=town.head, reason="还要")
    assert (refused.value.reason.code, refused.value.reason.kind) == ("already_extended", "not_possible")


def test_two_people_at_once_one_wins_and_the_other_is_told(town):
    a = town.accepted()
    same = Application.objects.with_facts().get(pk=a.pk)
    actions.decide(a, by=town.wang, result="grant")
    with pytest.raises(Stale):
        actions.decide(same, by=town.head, result="refuse", reason="不符合")
    assert same.status == "examining" and same.result == ""
    assert Event.objects.of(a.number).count() == 3


def test_a_refused_step_changes_nothing(town):
    a = town.accepted()
    with pytest.raises(StepRefused):
        actions.decide(a, by=town.qian, result="grant")
    assert (a.status, a.version) == ("examining", 2)


@pytest.mark.parametrize("change", ["UPDATE cases_event SET by = 'x'", "DELETE FROM cases_event"])
def test_the_database_refuses_to_change_an_event(town, change):
    town.take_in()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(change)


def test_the_instant_of_acceptance_can_not_be_changed(town):
    a = town.accepted()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Application.objects.filter(pk=a.pk).update(accepted_at=at("2026-11-20 10:00"))


def test_without_notice_in_five_working_days_it_is_accepted_from_the_day_of_receipt(town, monday):
    """行政许可法 32(4)."""
    a = town.take_in()
    monday.move_to(at("2026-11-30 17:00"))
    wake()
    a.refresh_from_db()
    assert a.status == "received"
    monday.move_to(at("2026-11-30 17:01"))
    wake()
    a.refresh_from_db()
    assert (a.status, a.is_deemed, a.accepted_at) == ("examining", True, MONDAY)
    assert a.due_at == at("2026-11-30 17:00")


def test_each_light_turns_once_with_one_event(town, monday):
    a = town.accepted()
    seen = []
    for moment in ("2026-11-27 09:00", "2026-11-30 09:00", "2026-11-30 17:01", "2026-12-07 17:01"):
        monday.move_to(at(moment))
        wake()
        wake()
        a.refresh_from_db()
        seen.append(a.light)
    assert seen == [Light.AMBER, Light.AMBER, Light.YELLOW, Light.RED]
    assert [k for _, k in events(a)].count("application.light") == 3
