"""Several departments on one application: who speaks when, what their verdicts do, what each clock does."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from onewindow.approvals import actions
from onewindow.approvals.models import Approval, Comment, Status
from onewindow.cases import desk
from onewindow.cases.flow import StepRefused, take, why_not
from onewindow.cases.models import Event, Notice
from onewindow.cases.rules import applicant_of
from onewindow.cases.worker import wake
from onewindow.org.models import Person, Post
from onewindow.org.roles import Role
from onewindow.window import actions as window
from onewindow.window import procedures
from onewindow.window.forms import DecideForm
from onewindow.window.models import Application
from tests.approvals.conftest import settle
from tests.town import at

pytestmark = pytest.mark.django_db
S = Status


def shares(a):
    settle()
    return {b.office.code: b for b in Approval.objects.of(a.number).with_facts()}


def test_acceptance_opens_the_first_stage_and_lets_the_second_wait(joint):
    a = joint.accepted()
    found = shares(a)
    assert {code: (b.status, b.clock_from is not None) for code, b in found.items()} == {
        "HEALTH": (S.EXAMINING, True), "HRSS": (S.EXAMINING, True), "YSJ": (S.WAITING, False),
    }  # fmt: skip
    assert found["HEALTH"].clock_legal == "5wd" and found["HEALTH"].holder == a.masked_name
    assert {n.kind for n in Notice.objects.filter(person=joint.qian)} == {"approval.begin"}


def test_deemed_acceptance_opens_the_shares_too(joint):
    with time_machine.travel(at("2026-11-02 09:00"), tick=False) as clock:
        a = joint.take_in()
        clock.move_to(at("2026-11-10 09:00"))
        while wake():
            pass
        assert Application.objects.get(pk=a.pk).is_deemed
        assert len(shares(a)) == 3


def test_the_next_stage_begins_when_the_one_before_is_done(joint):
    a = joint.accepted()
    actions.approve(shares(a)["HEALTH"], by=joint.qian)
    assert shares(a)["YSJ"].status == S.WAITING
    actions.approve(shares(a)["HRSS"], by=joint.hr)
    found = shares(a)["YSJ"]
    assert (found.status, found.clock_promised) == (S.EXAMINING, "1wd")


def test_the_decision_waits_for_every_department_and_names_those_missing(joint):
    a = joint.accepted()
    actions.approve(shares(a)["HEALTH"], by=joint.qian)
    reason = why_not("decide", a, joint.wang)
    assert (reason.code, reason.kind) == ("departments_pending", "not_possible")
    assert "人力资源和社会保障局" in str(reason.text) and "卫生" not in str(reason.text)
    with pytest.raises(StepRefused):
        window.decide(a, by=joint.wang, result="grant")
    actions.approve(shares(a)["HRSS"], by=joint.hr)
    actions.approve(shares(a)["YSJ"], by=joint.ys)
    assert window.decide(a, by=joint.wang, result="grant").result == "grant"
    settle()
    assert Notice.objects.filter(person=joint.wang, kind="approval.done").count() == 1


def test_an_objection_cannot_be_granted_over_and_spares_the_later_stage(joint):
    """行政许可法 38: what does not meet the lawful conditions is refused, with reasons."""
    a = joint.accepted()
    actions.approve(shares(a)["HRSS"], by=joint.hr)
    actions.oppose(shares(a)["HEALTH"], by=joint.qian, opinion="不符合卫生条件", basis="食品安全法 33")
    assert shares(a)["YSJ"].status == S.CANCELLED
    assert actions.standing(a.number).verdict == S.OBJECTED
    form = DecideForm({"result": "grant"}, case=a, by=joint.wang)
    assert list(form.errors) == ["result"]
    with pytest.raises(StepRefused) as refused:
        window.decide(a, by=joint.wang, result="grant")
    assert refused.value.reason.code == "objected" and Application.objects.get(pk=a.pk).status == "examining"
    decided = window.decide(
        a, by=joint.wang, result="refuse", reason="不符合卫生条件", reason_code="conditions_not_met"
    )
    assert decided.result == "refuse"


def test_conditions_are_carried_into_the_decision(joint):
    a = joint.accepted()
    actions.approve_with_conditions(shares(a)["HEALTH"], by=joint.qian, conditions="开业前复核")
    actions.approve(shares(a)["HRSS"], by=joint.hr)
    actions.approve(shares(a)["YSJ"], by=joint.ys)
    assert actions.standing(a.number).verdict == S.CONDITIONAL
    window.decide(a, by=joint.wang, result="grant", reason="符合条件")
    assert a.reason == "符合条件\n附条件：卫生健康局：开业前复核"
    assert "开业前复核" in a.papers.order_by("-id").first().facts["reason"]


@pytest.mark.parametrize("verb", ["withdraw", "void"])
def test_an_application_that_ends_leaves_no_open_share(joint, verb):
    a = joint.accepted()
    who = applicant_of(a) if verb == "withdraw" else joint.zhou
    getattr(window, verb)(a, by=who, reason="不再办理")
    found = shares(a)
    assert {b.status for b in found.values()} == {S.CANCELLED}
    assert all(b.closed_at and b.wake_at is None for b in found.values())


def suspend(a, by):
    step = a.flow.steps["suspend"]
    more = {"days": 3} if "days" in step.needs else {}
    return window.suspend(a, by=by, reason="hearing", notice="听证", **more)


def test_the_stop_of_the_whole_stops_every_share_and_ends_with_it(joint):
    """行政许可法 45: the time of a special procedure does not count – for any of the departments."""
    with time_machine.travel(at("2026-11-02 09:00"), tick=False) as clock:
        a = joint.accepted()
        before = shares(a)["HEALTH"].due_at
        suspend(a, joint.wang)
        held = shares(a)
        assert held["HEALTH"].due_at is None and all(b.is_held for b in held.values())
        clock.move_to(at("2026-11-04 09:00"))
        window.resume(a, by=joint.wang)
        after = shares(a)
        assert (after["HEALTH"].due_at - before).days == 1 and not after["HEALTH"].is_held


def test_the_own_stop_of_a_share_stops_only_its_own_clock_and_outlives_that_of_the_whole(joint):
    a = joint.accepted()
    due = a.due_at
    b = actions.suspend(shares(a)["HEALTH"], by=joint.qian, reason="hearing", notice="现场检查", days=2)
    settle()  # the applicant is told: one event more
    a = Application.objects.with_facts().get(pk=a.pk)
    assert b.due_at is None and a.due_at == due
    suspend(a, joint.wang)
    assert shares(a)["HEALTH"].is_held
    window.resume(a, by=joint.wang)
    b = shares(a)["HEALTH"]
    assert (b.status, b.is_held, b.due_at) == (S.SUSPENDED, False, None)
    b = actions.resume(b, by=joint.qian)
    assert b.status == S.EXAMINING and b.due_at is not None


def test_a_share_that_begins_while_the_whole_stands_still_stands_still_at_once(joint):
    a = joint.accepted()
    suspend(a, joint.wang)
    settle()
    actions.approve(shares(a)["HEALTH"], by=joint.qian)
    actions.approve(shares(a)["HRSS"], by=joint.hr)
    b = shares(a)["YSJ"]
    assert (b.status, b.is_held, b.due_at, b.is_stopped) == (S.EXAMINING, True, None, True)
    window.resume(a, by=joint.wang)
    assert shares(a)["YSJ"].due_at is not None


def test_comments_are_numbered_carried_on_and_new_ones_of_a_later_round_are_marked(joint):
    """行政许可法 32(4): everything that is missing is told at once."""
    a = joint.accepted()
    b = actions.comment(shares(a)["HEALTH"], by=joint.qian, comments=["补充平面图", "说明排水"])
    assert (b.status, why_not("approve", b, joint.qian).code) == (S.RETURNED, "wrong_status")
    actions.answer(b, by=applicant_of(a), answers={1: "已补充", 2: "接市政管网"})
    assert (b.status, b.round) == (S.EXAMINING, 2)
    actions.comment(b, by=joint.qian, comments=["补充通风说明"], unsettled=[2])
    rows = list(Comment.objects.of(b).values_list("no", "round", "is_late"))
    assert rows == [(1, 1, False), (2, 1, False), (3, 2, True)]
    assert list(Comment.objects.of(b).unanswered().values_list("no", flat=True)) == [2, 3]
    assert Event.objects.of(b.number).last().data == {
        "from": "examining", "to": "returned", "round": 2, "new": 1, "carried": 1, "late": 1,
    }  # fmt: skip
    actions.answer(b, by=joint.wang, answers={2: "附证明", 3: "已装风机"})
    actions.approve(b, by=joint.qian)
    assert not Comment.objects.of(b).unsettled().exists()


def test_returning_stops_no_clock(joint):
    """The law knows no such stop (行政许可法 45)."""
    a = joint.accepted()
    b = shares(a)["HEALTH"]
    due = b.due_at
    actions.comment(b, by=joint.qian, comments=["补充平面图"])
    assert (b.due_at, b.is_stopped) == (due, False)


def test_who_may_speak_is_the_department_alone(joint):
    a = joint.accepted()
    b = shares(a)["HEALTH"]
    for who in (joint.wang, joint.li, joint.hr, joint.bai, joint.leader, joint.nobody, applicant_of(a)):
        assert why_not("approve", b, who).kind == "not_allowed"
    assert why_not("approve", b, joint.qian) is None


def test_who_sees_a_share_and_through_it_the_application(joint):
    a = joint.accepted()
    b = shares(a)["HEALTH"]
    sees = {n for n in ("li", "ma", "wang", "qian", "hr", "zhou", "bai", "leader", "firm", "it", "nobody")
            if Approval.objects.seen_by(getattr(joint, n)).filter(pk=b.pk).exists()}  # fmt: skip
    assert sees == {"li", "wang", "qian", "zhou", "bai", "leader"}
    whole = Application.objects.filter(pk=a.pk)
    assert Application.objects.seen_by(joint.qian).filter(pk=a.pk).exists() and whole.exists()
    assert why_not("decide", a, joint.qian).kind == "not_allowed"
    assert desk.of(a).may_look(a, joint.qian)


def test_the_to_do_list_holds_shares_and_applications_together(joint):
    a = joint.accepted()
    settle()
    mine = desk.page(joint.qian, desk.Asked()).rows
    assert [(c.KIND, c.office.code) for c in mine] == [("approval", "HEALTH")]
    assert desk.find(a.number, joint.qian) is not None


@pytest.fixture
def chief(joint):
    """The head of HEALTH."""
    who = Person.objects.create_user("chief", password="x", name="卫健局长")
    Post.objects.create(person=who, role=Role.HEAD, office=joint.health_office, starts_on=dt.date(2020, 1, 1))
    return who


def back(a, who, b, reason="误操作"):
    return take(a.flow.steps["take_back_opinion"], a, by=who, approval=b.number, reason=reason)


def test_an_objection_made_by_mistake_is_taken_back_by_the_head_and_the_later_stage_is_needed_again(
    joint, chief
):
    with time_machine.travel(at("2026-11-02 09:00"), tick=False) as clock:
        a = joint.accepted()
        due = shares(a)["HEALTH"].due_at
        b = actions.oppose(shares(a)["HEALTH"], by=joint.qian, opinion="不符合", basis="食品安全法 33")
        assert shares(a)["YSJ"].status == S.CANCELLED
        for who in (joint.qian, joint.wang, joint.head, joint.bai, joint.li):
            assert why_not("take_back_opinion", a, who).kind == "not_allowed"
        clock.move_to(at("2026-11-03 09:00"))
        back(a, chief, b)
        found = shares(a)
        again = found["HEALTH"]
        assert (again.status, again.opinion, again.basis, again.decided_at, again.is_open) == (
            S.EXAMINING, "", "", None, True,
        )  # fmt: skip
        assert again.due_at == due and found["YSJ"].status == S.WAITING  # no new time for who spoke wrongly
        data = Event.objects.of(b.number).get(kind="approval.reopen").data
        assert (data["was"], data["said"], data["reason"]) == (S.OBJECTED, "不符合", "误操作")
        assert {n.kind for n in Notice.objects.filter(person=joint.wang)} >= {"approval.reopen"}
        actions.approve(again, by=joint.qian)
        actions.approve(found["HRSS"], by=joint.hr)
        actions.approve(shares(a)["YSJ"], by=joint.ys)
        assert window.decide(a, by=joint.wang, result="grant").result == "grant"


def test_nothing_is_taken_back_after_the_decision_nor_by_another_department(joint, chief):
    a = joint.accepted()
    actions.approve(shares(a)["HRSS"], by=joint.hr)
    hr = shares(a)["HRSS"]
    mine = actions.approve_with_conditions(shares(a)["HEALTH"], by=joint.qian, conditions="开业前复核")
    with pytest.raises(StepRefused) as refused:
        back(a, chief, hr)
    assert refused.value.reason.code == "not_yours"
    actions.approve(shares(a)["YSJ"], by=joint.ys)
    window.decide(a, by=joint.wang, result="grant")
    assert why_not("take_back_opinion", a, chief).code == "wrong_status"
    assert shares(a)["HEALTH"].status == S.CONDITIONAL and mine.conditions == "开业前复核"


def test_art_34_3_a_department_checks_the_place_of_its_share_with_two_of_its_own_or_together_with_others(
    joint, chief
):
    """行政许可法 34(3): two members of staff at least."""
    a = joint.accepted()
    look = {"held_on": timezone.localdate(), "place": "正阳大街 1 号", "conclusion": "passed"}
    procedures.site_check(a, by=joint.qian, staff="qian", second="chief", **look)
    procedures.site_check(a, by=joint.qian, staff="qian", second="wang", **look)
    assert [r.staff for r in a.records.order_by("event_seq")] == [["qian", "chief"], ["qian", "wang"]]
    with pytest.raises(StepRefused) as refused:
        procedures.site_check(a, by=joint.qian, staff="qian", second="li", **look)
    assert refused.value.reason.code == "two_staff"
    alone = joint.accepted(joint.health, n=2)
    assert why_not("site_check", alone, joint.hr).kind == "not_allowed"
    with pytest.raises(StepRefused):
        procedures.site_check(alone, by=joint.qian, staff="qian", second="wang", **look)
