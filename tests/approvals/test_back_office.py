"""The back office confirms or returns, disputes are decided, opinions are asked for."""

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onewindow.approvals import actions as approvals
from onewindow.approvals.models import Approval, Check, Status
from onewindow.cases import desk, rungs
from onewindow.cases.flow import take, why_not
from onewindow.cases.models import Card, Event, Notice, Rung
from onewindow.cases.worker import wake
from onewindow.org.models import Post
from onewindow.window import actions as window
from onewindow.window.models import Application
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
        a.refresh_from_db()  # reminded of the confirmation meanwhile
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


# --- a back office that never answers ----------------------------------------------------------------------


@pytest.fixture
def monday():
    rungs.forget()
    with time_machine.travel(at("2026-11-02 09:00"), tick=False) as clock:
        yield clock
    rungs.forget()


def told(person):
    return [
        n.data["todo"]["name"]
        for n in Notice.objects.filter(person=person, kind="application.unconfirmed_yet")
    ]


def live():
    while wake():
        pass
    settle()


def rings(a):
    return [e.data["rungs"] for e in Event.objects.of(a.number).filter(kind="application.unconfirmed_yet")]


def test_a_back_office_that_never_confirms_climbs_its_own_ladder_without_a_card(town, monday):
    a = town.accepted()
    counts = {}
    for moment in (
        "2026-11-03 17:00",
        "2026-11-03 17:01",
        "2026-11-04 17:01",
        "2026-11-06 17:01",
        "2026-11-09 16:00",
    ):
        monday.move_to(at(moment))
        live()
        counts[moment] = [len(told(p)) for p in (town.wang, town.head, town.bai)]
    assert counts == {
        "2026-11-03 17:00": [0, 0, 0], "2026-11-03 17:01": [1, 0, 0], "2026-11-04 17:01": [1, 1, 0],
        "2026-11-06 17:01": [1, 1, 1], "2026-11-09 16:00": [1, 1, 1],
    }  # fmt: skip
    assert rings(a) == [["yellow"], ["supervise"], ["notice"]] and told(town.li) == told(town.qian) == []
    assert Card.objects.count() == 0
    assert (
        Application.objects.get(pk=a.pk).light == "amber"
    )  # its own clock runs on, and nothing else was touched


def test_a_worker_that_slept_says_all_that_was_reached_in_one_event(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-11-05 09:00"))
    live()
    assert rings(a) == [["yellow", "supervise"]] and len(told(town.wang)) == len(told(town.head)) == 1


@pytest.mark.parametrize("answer", ["confirm", "bounce", "decide"])
def test_whoever_answers_in_time_is_not_reminded(town, monday, answer):
    a = town.accepted()
    given = {"bounce": {"reason": "缺少签章"}, "decide": {"result": "grant"}}.get(answer, {})
    step(a, answer, town.wang, **given)
    monday.move_to(at("2026-11-09 09:00"))
    live()
    assert rings(a) == []


def test_the_ladder_is_the_county_s_and_an_empty_post_is_told_to_the_bureau(town, monday):
    Rung.objects.create(
        kind="confirm", code="notice", measure="promise", after="2wd", roles=["head"], todo="督促确认"
    )
    rungs.forget()
    Post.objects.filter(person=town.head).delete()
    a = town.accepted()
    monday.move_to(at("2026-11-05 17:00"))
    live()
    assert rings(a) == []
    monday.move_to(at("2026-11-05 17:01"))
    live()
    assert rings(a) == [["notice"]] and told(town.wang) == []
    assert Notice.objects.filter(person=town.bai, kind="nobody").count() == 1


def test_what_was_accepted_by_silence_or_decided_on_the_spot_rings_nothing(town, monday):
    quick, silent = town.accepted(town.proof), town.take_in(n=2)
    monday.move_to(at("2026-11-20 09:00"))
    live()
    assert rings(quick) == rings(silent) == []
    assert Application.objects.get(pk=silent.pk).is_deemed
