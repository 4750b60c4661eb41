"""The back office confirms or returns, disputes are decided, opinions are asked for."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onewindow.approvals import actions as approvals
from onewindow.approvals.models import Approval, Check, Status
from onewindow.cases import desk
from onewindow.cases.flow import take, why_not
from onewindow.cases.models import Event, Notice
from onewindow.cases.worker import wake
from onewindow.window import actions as window
from tests.approvals.conftest import settle
from tests.rules.test_urls import BACKEND
from tests.town import at

pytestmark = pytest.mark.django_db


def step(a, verb, by, **given):
    return take(a.flow.steps[verb], a, by=by, **given)


def test_a_return_never_stops_the_lawful_clock(town):
    """行政许可法 42: only what the law names stops it."""
    a = town.accepted()
    due = a.due_at, a.legal_due_at
    step(a, "bounce", town.wang, reason="缺少签章")
    assert (a.status, a.due_at, a.legal_due_at, a.is_stopped) == ("examining", *due, False)
    settle()
    assert Notice.objects.filter(person=town.li, kind="application.bounce").count() == 1
    assert a.number in [c.number for c in desk.page(town.li, desk.Asked()).rows]


def test_it_is_returned_once_only_and_within_a_working_day(town):
    with time_machine.travel(at("2026-11-02 09:00"), tick=False) as clock:
        a = town.accepted()
        late = town.accepted(n=2)
        step(a, "bounce", town.wang, reason="缺少签章")
        step(a, "answer_bounce", town.li, outcome="complete", answer="签章在第二页")
        assert why_not("bounce", a, town.wang).code == "bounced_once"
        clock.move_to(at("2026-11-03 17:01"))
        assert why_not("bounce", late, town.wang).code == "confirm_too_late"
        step(late, "confirm", town.wang)
        assert Check.objects.get(application=late.number).is_late


def test_a_dispute_is_decided_by_the_bureau_and_counted(town):
    a = town.accepted()
    assert desk.page(town.bai, desk.Asked()).rows == []
    step(a, "bounce", town.wang, reason="缺少签章")
    step(a, "answer_bounce", town.li, outcome="complete", answer="签章在第二页")
    assert why_not("settle", a, town.wang).kind == "not_allowed"
    settle()
    assert Notice.objects.filter(person=town.bai, kind="application.dispute").count() == 1
    assert [c.number for c in desk.page(town.bai, desk.Asked()).rows] == [a.number]
    step(a, "settle", town.bai, finding="window", reason="材料齐全")
    check = Check.objects.get(application=a.number)
    assert (check.state, check.finding, a.confirmed_at is not None) == ("settled", "window", True)
    window.decide(a, by=town.wang, result="grant")


def test_what_is_decided_on_the_spot_has_no_back_office(town):
    a = town.accepted(town.proof)
    assert why_not("confirm", a, town.li).code in ("only_department", "no_check_needed")


def test_an_opinion_is_asked_for_with_a_reminder_at_half_time_and_blocks_nothing(town):
    with time_machine.travel(at("2026-11-02 09:00"), tick=False) as clock:
        a = town.accepted()
        step(a, "ask_opinion", town.wang, office="HEALTH", question="是否涉及饮用水源？", limit="2wd")
        b = Approval.objects.get(application=a.number)
        assert (b.is_advisory, b.status, b.office.code) == (True, Status.EXAMINING, "HEALTH")
        clock.move_to(at("2026-11-03 13:30"))
        while wake():
            pass
        settle()
        b.refresh_from_db()
        assert b.reminded_at is not None and b.remind_at is None
        assert {n.kind for n in Notice.objects.filter(person=town.qian)} == {
            "approval.opinion",
            "approval.remind",
        }
        clock.move_to(at("2026-11-05 09:00"))
        while wake():
            pass
        b.refresh_from_db()
        assert b.light == "yellow"
        window.decide(a, by=town.wang, result="grant")
        settle()
        b.refresh_from_db()
        assert b.status == Status.CANCELLED


def test_an_opinion_against_does_not_bind_the_leading_department(town):
    a = town.accepted()
    step(a, "ask_opinion", town.wang, office="HEALTH", question="是否同意？", limit="2wd")
    b = Approval.objects.with_facts().get(application=a.number)
    assert why_not("comment", b, town.qian).code == "only_an_opinion"
    approvals.oppose(b, by=town.qian, opinion="不建议", basis="城市规划")
    assert window.decide(a, by=town.wang, result="grant").result == "grant"


def test_what_was_missing_comes_in_with_the_window_s_answer(town, client):
    a = town.accepted(materials={1: ("paper", None), 2: ("paper", None)})
    step(a, "bounce", town.wang, reason="缺少健康证明")
    client.force_login(town.li, backend=BACKEND)
    path = f"/desk/{a.number}/answer_bounce/"
    given = {"version": a.version, "outcome": "complete", "answer": "已补", "m3": "paper"}
    assert client.post(path, given).status_code == 422  # it was not complete, then
    assert client.post(path, given | {"outcome": "mended"}).status_code == 302
    assert list(a.documents.values_list("spec__no", "form"))[-1] == (3, "paper")
    assert Event.objects.of(a.number).last().data["materials"] == [[3, "paper"]]
    assert "纸质" in client.get(f"/desk/{a.number}/").content.decode()


def returned(town, n, outcome="", finding=""):
    a = town.accepted(n=n)
    step(a, "bounce", town.wang, reason=f"缺少签章{n}")
    if outcome:
        step(a, "answer_bounce", town.li, outcome=outcome, answer="在第二页")
    if finding:
        step(a, "settle", town.bai, finding=finding, reason="已核对")
    return a


def test_returns_and_disputes_are_counted_for_both_sides(town, client):
    with time_machine.travel(at("2026-11-23 10:00"), tick=False):
        returned(town, 1)
        returned(town, 2, "mended")
        returned(town, 3, "complete")
        returned(town, 4, "complete", "window")
        returned(town, 5, "complete", "department")
        town.accepted(n=6)
        client.force_login(town.bai, backend=BACKEND)
        page = client.get("/desk/returns/")
        assert [(row["returned"], row["counts"]) for row in page.context["tally"]] == [(5, [1, 1, 1, 1, 1])]
        assert page.context["total"] == 5 and "已核对" in page.content.decode()
        for outcome in ("open", "mended", "disputed", "window", "department"):
            found = client.get(f"/desk/returns/?outcome={outcome}").context["lines"]
            assert [line.outcome for line in found] == [outcome]
        assert client.get("/desk/returns/?returned_from=2026-11-24").context["total"] == 0
        assert client.get("/desk/returns/?returned_to=2026-11-23&office=MSA&hall=H1").context["total"] == 5
        assert client.get("/desk/returns/export.xlsx?outcome=window").status_code == 200
        for who, seen in (
            ("wang", 5),
            ("head", 5),
            ("li", 5),
            ("zhou", 5),
            ("qian", 0),
            ("ma", 0),
            ("leader", 5),
        ):
            client.force_login(getattr(town, who), backend=BACKEND)
            assert client.get("/desk/returns/").context["total"] == seen, who


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_of_returns_takes_the_same_number_of_queries_for_three_as_for_one(town, client, n):
    for i in range(n):
        returned(town, i + 1)
    client.force_login(town.zhou, backend=BACKEND)
    client.get("/desk/returns/")
    with CaptureQueriesContext(connection) as taken:
        client.get("/desk/returns/")
    # session, person, posts; returns, their applications, the tally, the total; dots of the menu (stood-in posts, to-do, cards), the bell
    mine = [q["sql"] for q in taken if "approvals_check" in q["sql"] and "window_application" not in q["sql"]]
    assert (len(mine), len(taken)) == (3, 11), "\n".join(q["sql"][:120] for q in taken)
