"""The lines of the Administrative Licensing Law (行政许可法) that bind an application, each by its article."""

import datetime as dt

import pytest
import time_machine

from onewindow.cases import desk, worker
from onewindow.cases.flow import FLOWS, StepRefused
from onewindow.cases.models import Event, Message, Notice, Stop
from onewindow.cases.rules import applicant_of
from onewindow.org import parameters
from onewindow.window import actions, letters, procedures
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
MONDAY = at("2026-11-23 10:00")
REVIEW = {"reason": "expert_review", "notice": "需组织专家评审", "days": 2}


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(MONDAY, tick=False) as clock:
        yield clock


def refused(step, case, **given):
    """The code with which a step is refused; nothing may have changed."""
    before = case.version
    with pytest.raises(StepRefused) as why:
        step(case, **given)
    case.refresh_from_db()
    assert case.version == before
    return why.value.reason.code


def kinds(a):
    return [e.verb for e in Event.objects.of(a.number)]


def later(clock, a, moment):
    """Time passes and the worker has been at it; the case as it is then."""
    clock.move_to(at(moment))
    while worker.wake() or worker.follow():
        pass
    return Application.objects.with_facts().get(pk=a.pk)


# --- 第四十五条: what does not count ------------------------------------------------------------------------


def test_art_45_a_stop_tells_in_writing_how_long_it_takes(town):
    a = actions.suspend(town.accepted(), by=town.wang, **REVIEW)
    stop = Stop.objects.get(number=a.number)
    assert (stop.reason, stop.expected_until) == ("expert_review", at("2026-11-25 17:00"))
    paper = a.papers.get(kind="suspension")
    assert (paper.facts["days"], paper.facts["notice"]) == (2, "需组织专家评审")


def test_art_45_only_what_the_law_or_the_item_lists_stops_the_clock(town):
    a = town.accepted()
    assert refused(actions.suspend, a, by=town.wang, **(REVIEW | {"reason": "holiday"})) == "bad_reason"
    assert refused(actions.suspend, a, by=town.wang, **(REVIEW | {"reason": "publicity"})) == "basis_missing"
    cited = actions.suspend(
        a, by=town.wang, **(REVIEW | {"reason": "publicity"}), basis="《取水许可管理办法》第十八条"
    )
    assert cited.status == "suspended" and Stop.objects.get().basis == "《取水许可管理办法》第十八条"
    town.food.stop_reasons = "publicity inspection"
    town.food.save()
    listed = actions.suspend(town.accepted(n=2), by=town.wang, **(REVIEW | {"reason": "publicity"}))
    assert listed.status == "suspended"


@pytest.mark.parametrize(("reason", "days"), [("hearing", 21), ("expert_review", 121), ("hearing", 0)])
def test_art_45_and_48_a_stop_can_not_be_told_to_take_longer_than_its_kind_may(town, reason, days):
    a = town.accepted()
    assert (
        refused(actions.suspend, a, by=town.wang, reason=reason, notice="需要时间", days=days) == "bad_days"
    )


def test_a_hold_is_no_way_to_hide_when_its_time_is_over_the_department_hears_of_it_once(town, monday):
    a = actions.suspend(town.accepted(), by=town.wang, **REVIEW)
    assert a.wake_at == at("2026-11-25 17:00")
    a = later(monday, a, "2026-11-25 17:00")
    assert "stop_overrun" not in kinds(a)
    a = later(monday, a, "2026-11-26 09:00")
    a = later(monday, a, "2026-12-26 09:00")
    assert kinds(a).count("stop_overrun") == 1 and (a.status, a.wake_at) == ("suspended", None)
    told = Notice.objects.filter(kind="application.stop_overrun")
    assert set(told.values_list("person__username", flat=True)) == {"wang", "head"}
    actions.resume(a, by=town.wang)
    assert Event.objects.of(a.number).last().data["overran"] is True


def test_a_stop_that_ended_in_time_is_never_said_to_be_late(town, monday):
    a = actions.suspend(town.accepted(), by=town.wang, **REVIEW)
    monday.move_to(at("2026-11-25 16:00"))
    actions.resume(a, by=town.wang)
    a = later(monday, a, "2026-11-27 09:00")
    assert "stop_overrun" not in kinds(a) and "overran" not in Event.objects.of(a.number).get(seq=4).data


# --- 第三十二条: receipt and acceptance ---------------------------------------------------------------------


def test_art_32_4_deemed_acceptance_is_flagged_and_hall_and_department_hear_of_it(town, monday):
    a = later(monday, town.take_in(), "2026-12-01 09:00")
    assert (a.status, a.is_deemed, a.accepted_at) == ("examining", True, MONDAY)
    told = Notice.objects.filter(kind="application.deem_accepted")
    assert set(told.values_list("person__username", flat=True)) == {"zhou", "wang", "head"}


def test_art_32_3_what_can_be_put_right_on_the_spot_needs_no_round_of_corrections(town):
    a = town.take_in(materials={1: ("paper", None), 3: ("paper", None)})
    assert refused(actions.accept, a, by=town.li) == "materials_missing"
    actions.check_materials(a, by=town.li, materials={2: ("paper", None), 3: ("missing", None)})
    assert list(a.documents.values_list("spec__no", "form")) == [(1, "paper"), (2, "paper"), (3, "missing")]
    event = Event.objects.of(a.number).last()
    assert (event.verb, event.data["materials"]) == ("check_materials", [[2, "paper"], [3, "missing"]])
    assert actions.accept(a, by=town.li).corrections_told == 0
    assert refused(actions.check_materials, a, by=town.li, materials={3: ("paper", None)}) == "wrong_status"


def test_art_32_4_all_corrections_are_told_in_one_notice_and_never_a_second_time(town, monday):
    a = town.take_in(materials={1: ("paper", None)})
    asked = {"materials": {2: "请标注疏散通道", 3: "请提交"}, "note": "请一次补齐"}
    a = actions.ask_correction(a, by=town.li, **asked)
    assert a.papers.get(kind="correction").facts["materials"] == [[2, "请标注疏散通道"], [3, "请提交"]]
    assert (a.status, a.clock_ended_at) == ("correcting", MONDAY)  # told in time: no deemed acceptance
    monday.move_to(at("2026-11-25 10:00"))
    a = actions.correct(a, by=applicant_of(a), materials={2: ("paper", None)})
    assert a.legal_due_at == at("2026-12-02 17:00")  # five working days anew, from the day it came
    assert refused(actions.ask_correction, a, by=town.li, note="再补") == "already_told"
    a = later(monday, a, "2026-12-03 09:00")
    assert (a.status, a.accepted_at) == ("examining", at("2026-11-25 10:00"))


def test_art_32_corrections_that_do_not_come_are_asked_for_again_and_lie_with_the_window_not_with_nobody(
    town, monday, client
):
    a = actions.ask_correction(town.take_in(), by=town.li, note="请补交平面图")
    last = a.correct_until
    assert a.wake_at == at(f"{last - dt.timedelta(days=2)} 00:00")
    while worker.follow():
        pass
    Message.objects.all().delete()
    a = later(monday, a, f"{last - dt.timedelta(days=2)} 09:00")
    assert a.wake_at == at(f"{last + dt.timedelta(days=1)} 00:00")
    assert not Notice.objects.filter(kind="application.correction_over").exists()
    assert a.number not in [c.number for c in desk.page(town.li, desk.Asked()).rows]
    a = later(monday, a, f"{last + dt.timedelta(days=1)} 09:00")
    a = later(monday, a, f"{last + dt.timedelta(days=60)} 09:00")
    assert (a.status, a.wake_at, kinds(a).count("remind_correction")) == ("correcting", None, 2)
    assert [m.template for m in Message.objects.order_by("id")] == ["correction_due", "correction_over"]
    assert max(len(m.body) for m in Message.objects.all()) <= 70
    told = Notice.objects.filter(kind="application.correction_over")
    assert set(told.values_list("person__username", flat=True)) == {"li", "zhou"}
    assert a.number in [c.number for c in desk.page(town.li, desk.Asked()).rows]
    assert "不予受理" in client.get(a.track_path).content.decode()
    actions.refuse_acceptance(a, by=town.li, reason_code="not_ours", reason="逾期未补正申请材料")


# --- 第三十四条: examination --------------------------------------------------------------------------------

CHECK = {
    "held_on": MONDAY.date(),
    "place": "正阳大街 1 号",
    "conclusion": "passed",
    "points": [("面积", "一致")],
}


def test_art_34_3_two_different_members_of_the_department_check_a_place(town):
    a = town.accepted()
    for pair in (("wang", "wang"), ("wang", "qian"), ("wang", "nobody"), ("", "wang")):
        said = dict(zip(("staff", "second"), pair, strict=True))
        assert refused(procedures.site_check, a, by=town.wang, **said, **CHECK) == "two_staff"
    due = a.due_at
    procedures.site_check(a, by=town.wang, staff="wang", second="head", **CHECK)
    assert (a.status, a.due_at) == ("examining", due)
    record = a.records.get()
    assert (record.staff, record.points) == (["wang", "head"], [["面积", "一致"]])
    assert a.papers.get(kind="site_check").facts["staff"] == ["王审批", "孙局长"]
    assert "正阳大街" not in str(Event.objects.of(a.number).last().data)


def test_art_34_1_what_is_complete_and_can_be_decided_at_once_is_decided_on_the_spot(town):
    a = actions.decide(town.accepted(town.proof), by=town.li, result="grant")
    assert (a.status, a.decided_at) == ("decided", MONDAY)
    promised = town.accepted()
    assert refused(actions.decide, promised, by=town.li, result="grant") == "only_department"


# --- 第三十八条, 第三十二条: reasons and remedies ------------------------------------------------------------


def test_art_38_who_is_refused_reads_reasons_and_remedies_on_paper_and_on_the_page(town, client):
    not_accepted = actions.refuse_acceptance(
        town.take_in(), by=town.li, reason_code="not_ours", reason="请到绥化市办理"
    )
    declined = actions.decide(
        town.accepted(n=2), by=town.wang, result="refuse", reason_code="conditions_not_met", reason="距离不足"
    )
    for a, kind, reason in (
        (not_accepted, "non_acceptance", "请到绥化市办理"),
        (declined, "refusal", "距离不足"),
    ):
        letter = letters.compose(a.papers.get(kind=kind))
        said = "".join(words for p in letter.paragraphs + letter.after for words, _bold in p)
        page = client.get(a.track_path).content.decode()
        assert reason in said and reason in page
        assert "六十日内" in said and "六个月内" in said and "肇东市人民政府" in said
        assert "60" in page and "6 个月" in page


def test_art_38_no_refusal_without_its_reasons_whoever_calls_the_step(town):
    a = town.accepted()
    for reason in ("", "  "):
        assert refused(actions.decide, a, by=town.wang, result="refuse", reason=reason) == "reasons_missing"


# --- 第四十二条: extension and joint handling -----------------------------------------------------------------------------


def test_art_42_1_a_limit_is_extended_once_by_the_head_before_it_has_passed_and_the_reason_is_told(
    town, monday, client
):
    a = town.accepted()
    assert (a.due_at, a.legal_due_at) == (at("2026-11-30 17:00"), at("2026-12-07 17:00"))
    for who in (town.wang, town.qian, town.leader, town.li):
        assert refused(actions.extend, a, by=who, reason="复杂") == "only_head"
    late = town.accepted(n=2)
    monday.move_to(at("2026-12-07 17:00"))
    actions.extend(a, by=town.head, reason="需核实有关情况")
    assert (a.due_at, a.legal_due_at) == (at("2026-12-07 17:00"), at("2026-12-14 17:00"))
    assert a.papers.get(kind="extension").facts["reason"] == "需核实有关情况"
    assert "需核实有关情况" in client.get(a.track_path).content.decode()
    assert refused(actions.extend, a, by=town.head, reason="还要") == "already_extended"
    monday.move_to(at("2026-12-07 17:01"))
    assert refused(actions.extend, late, by=town.head, reason="复杂") == "limit_passed"
    assert refused(actions.extend, town.accepted(town.proof), by=town.head, reason="复杂") == "only_head"


def test_art_42_2_joint_handling_takes_45_working_days_and_15_more_only_by_the_head_of_the_government(town):
    town.food.is_joint = True
    a = town.accepted()
    assert (a.clock_legal, a.legal_due_at) == ("45wd", at("2027-01-25 17:00"))
    assert refused(actions.extend, a, by=town.head, reason="复杂") == "only_leader"
    actions.extend(a, by=town.leader, reason="情况复杂")
    assert (a.clock_extension, a.papers.get(kind="extension").facts["joint"]) == ("15wd", True)
    assert refused(actions.extend, a, by=town.leader, reason="还要") == "already_extended"
    plain = town.accepted(town.health)
    assert refused(actions.extend, plain, by=town.leader, reason="复杂") == "only_head"


@pytest.mark.parametrize(
    ("code", "most", "more"),
    [
        ("joint_limit", "45wd", "46wd"),
        ("joint_extension", "15wd", "16wd"),
        ("forward_limit", "20wd", "21wd"),
        ("renewal_days", "30", "31"),
    ],
)
def test_arts_42_43_and_50_no_setting_goes_past_the_statute(code, most, more):
    assert parameters.check(code, most) == most
    with pytest.raises(parameters.OutOfBounds):
        parameters.check(code, more)


# --- 第四十三条: forwarding ---------------------------------------------------------------------------------


def test_art_43_what_was_forwarded_has_its_own_clock_and_its_decision_comes_back_here(town, monday):
    a = procedures.forward(
        town.accepted(), by=town.wang, to="绥化市市场监管局", conclusion="passed", opinion="建议准予"
    )
    assert (a.status, a.result_code, a.legal_due_at) == ("forwarded", "4", at("2026-12-21 17:00"))
    assert a.records.get().text == "建议准予"
    a = later(monday, a, "2026-12-22 09:00")
    assert (a.status, a.light) == ("forwarded", "red")
    actions.decide(a, by=town.wang, result="grant")
    assert (a.status, a.result_code) == ("decided", "0")


def test_art_43_nothing_goes_up_while_the_applicant_may_still_ask_for_a_hearing(town, monday):
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    up = {"to": "绥化市市场监管局", "conclusion": "failed", "opinion": "建议不予"}
    assert refused(procedures.forward, a, by=town.wang, **up) == "hearing_open"
    procedures.waive_hearing(a, by=applicant_of(a))
    assert procedures.forward(a, by=town.wang, **up).status == "forwarded"


# --- 第四十四条: delivery -----------------------------------------------------------------------------------


def test_art_44_a_decision_that_lies_undelivered_turns_its_light_and_the_hall_hears_of_it(
    town, monday, client
):
    a = actions.decide(town.accepted(), by=town.wang, result="grant")
    assert a.legal_due_at == at("2026-12-07 17:00")
    a = later(monday, a, "2026-12-07 09:00")
    assert a.light == "amber"
    a = later(monday, a, "2026-12-08 09:00")
    assert (a.status, a.light) == ("decided", "red")
    told = Notice.objects.filter(kind="application.undelivered")
    assert list(told.values_list("person__username", flat=True)) == ["zhou", "zhou"]
    assert "第四十四条" in client.get(a.track_path).content.decode()


@pytest.mark.parametrize(
    ("given", "how", "form"),
    [
        ({"received_by": "张三"}, "self", "直接送达"),
        ({"received_by": "李四", "proxy": True}, "proxy", "委托代收"),
        ({"post_number": "XA123"}, "post", "邮寄送达（单号 XA123）"),
    ],
)
def test_art_44_the_receipt_proves_into_whose_hands_it_came(town, given, how, form):
    a = actions.decide(town.accepted(), by=town.wang, result="grant")
    actions.deliver(a, by=town.li, **given)
    facts = a.papers.get(kind="delivery").facts
    assert (facts["form"], facts["received_by"]) == (form, given.get("received_by", ""))
    assert [name for name, _serial in facts["papers"]] == ["准予行政许可决定书"]
    data = Event.objects.of(a.number).last().data
    assert data["how"] == how and not {"张三", "李四"} & set(map(str, data.values()))


# --- 第四十六至四十八条: hearing ----------------------------------------------------------------------------

CALL = {"on": dt.date(2026, 12, 4), "time": "09:00", "place": "二楼会议室", "chair": "head"}
HELD = {"present": "申请人", "text": "无异议", "conclusion": "open"}


def test_art_47_a_hearing_is_asked_for_within_five_working_days_and_nothing_is_decided_before(town, monday):
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    assert a.hearing_until == at("2026-11-30 17:00")
    assert a.papers.get(kind="hearing_right").facts == {"reason": "拟不予许可", "reply_by": "2026-11-30"}
    assert refused(actions.decide, a, by=town.wang, result="grant") == "hearing_open"
    monday.move_to(at("2026-11-30 17:01"))
    assert refused(procedures.ask_hearing, a, by=applicant_of(a)) == "no_hearing_offered"
    assert actions.decide(a, by=town.wang, result="grant").status == "decided"


def test_art_47_who_wants_no_hearing_says_so_and_the_decision_need_not_wait(town):
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    procedures.waive_hearing(a, by=applicant_of(a))
    assert actions.decide(a, by=town.wang, result="grant").status == "decided"


def test_arts_45_47_and_48_the_hearing_from_being_asked_for_to_its_record(town, monday):
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    procedures.ask_hearing(a, by=applicant_of(a))
    assert a.status == "suspended" and Stop.objects.get().expected_until == at("2026-12-21 17:00")
    call = procedures.call_hearing
    for wrong, code in (
        ({"on": dt.date(2026, 12, 1)}, "bad_day"),  # six working days ahead
        ({"on": dt.date(2026, 12, 5)}, "bad_day"),  # a Saturday
        ({"on": dt.date(2026, 12, 22)}, "bad_day"),  # the twenty-first working day
        ({"chair": "wang"}, "bad_chair"),  # examined it
        ({"chair": "qian"}, "bad_chair"),  # of another department
    ):
        assert refused(call, a, by=town.wang, **(CALL | wrong)) == code
    assert refused(procedures.record_hearing, a, by=town.wang, held_on=CALL["on"], **HELD) == "not_called"
    call(a, by=town.wang, **CALL)
    assert a.papers.get(kind="hearing").facts["chair"] == "孙局长"
    assert refused(procedures.record_hearing, a, by=town.wang, held_on=CALL["on"], **HELD) == "bad_day"
    monday.move_to(at("2026-12-04 16:00"))
    procedures.record_hearing(a, by=town.wang, held_on=CALL["on"], **HELD)
    assert (a.status, a.records.get().staff) == ("examining", ["head"])
    assert a.due_at == at("2026-12-10 17:00")  # nine days were taken out


def test_art_46_a_hearing_asked_for_is_held_or_given_up_by_the_applicant_and_by_nobody_else(
    town, monday, client
):
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    procedures.ask_hearing(a, by=applicant_of(a))
    for who in (town.wang, town.head):
        assert refused(actions.resume, a, by=who) == "hearing_owed"
        assert refused(procedures.give_up_hearing, a, by=who) == "only_the_applicant"
    page = f"{a.track_path}/hearing"
    assert page in client.get(a.track_path).content.decode()
    assert "give_up" in client.get(page).content.decode()
    monday.move_to(at("2026-11-25 09:00"))
    client.post(page, {"do": "give_up"})
    a = later(monday, a, "2026-11-25 09:01")
    assert (a.status, a.due_at, kinds(a)[-1]) == ("examining", at("2026-12-01 17:00"), "give_up_hearing")
    assert refused(procedures.give_up_hearing, a, by=applicant_of(a)) == "wrong_status"
    own = actions.suspend(town.accepted(n=2), by=town.wang, reason="hearing", notice="依职权听证", days=5)
    assert refused(procedures.give_up_hearing, own, by=applicant_of(own)) == "no_hearing_asked"
    assert actions.resume(own, by=town.wang).status == "examining"


def test_art_47_a_hold_for_another_reason_does_not_take_the_right_to_a_hearing_away(town, monday):
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    actions.suspend(a, by=town.wang, **REVIEW)
    monday.move_to(at("2026-11-24 10:00"))
    procedures.ask_hearing(a, by=applicant_of(a))
    assert a.status == "suspended"
    stops = Stop.objects.filter(number=a.number).order_by("began_at")
    assert [(s.reason, s.ended_at) for s in stops] == [
        ("expert_review", at("2026-11-24 10:00")),
        ("hearing", None),
    ]
    assert refused(actions.resume, a, by=town.wang) == "hearing_owed"


def test_art_47_a_hearing_that_can_not_be_held_in_time_any_more_is_held_late_and_not_never(town, monday):
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    a = procedures.ask_hearing(a, by=applicant_of(a))  # within twenty working days: by 21 December
    a = later(monday, a, "2026-12-18 10:00")
    assert "stop_overrun" not in kinds(a)
    procedures.call_hearing(a, by=town.wang, **(CALL | {"on": dt.date(2026, 12, 29)}))
    assert Event.objects.of(a.number).last().data["late"] is True
    too_soon, too_late = dt.date(2026, 12, 28), dt.date(2027, 1, 18)
    for day in (too_soon, too_late):
        assert refused(procedures.call_hearing, a, by=town.wang, **(CALL | {"on": day})) == "bad_day"


def test_art_48_where_the_whole_department_has_examined_it_somebody_of_another_chairs(town):
    a = procedures.offer_hearing(town.accepted(), by=town.wang, why="拟不予许可")
    procedures.site_check(a, by=town.head, staff="wang", second="head", **CHECK)
    procedures.ask_hearing(a, by=applicant_of(a))
    assert [p.username for p in procedures.may_chair(a, town.wang)] == ["bai"]
    assert procedures.call_hearing(a, by=town.wang, **(CALL | {"chair": "bai"})).status == "suspended"


# --- 第五十条: renewal --------------------------------------------------------------------------------------

RENEWAL = {"renews": "ZD-MSA-0001", "renew_by": at("2027-01-15 23:59")}


def test_art_50_a_renewal_asked_for_in_time_and_undecided_at_expiry_is_renewed_by_law(town, monday):
    a = town.accepted(**RENEWAL)
    assert a.papers.get(kind="acceptance").facts["renewal"] == "in_time"
    a = later(monday, a, "2027-01-15 23:59")
    assert a.status == "examining"
    a = later(monday, a, "2027-01-16 00:10")
    assert (a.status, a.result, a.decided_at) == ("decided", "grant", RENEWAL["renew_by"])
    assert a.papers.get(kind="renewal").facts["licence"] == "ZD-MSA-0001"
    assert Event.objects.of(a.number).filter(kind="application.renew_by_law").get().by == "clock"


def test_art_50_a_hold_does_not_keep_a_renewal_from_being_granted_by_law(town, monday):
    a = actions.suspend(town.accepted(**RENEWAL), by=town.wang, **REVIEW)
    a = later(monday, a, "2027-01-16 00:10")
    assert a.status == "decided" and not Stop.objects.filter(ended_at__isnull=True).exists()


def test_art_50_the_silence_of_a_higher_authority_renews_as_well(town, monday):
    a = procedures.forward(
        town.accepted(**RENEWAL), by=town.wang, to="绥化市局", conclusion="passed", opinion="建议准予"
    )
    a = later(monday, a, "2027-01-16 00:10")
    assert (a.status, a.result, a.decided_at) == ("decided", "grant", RENEWAL["renew_by"])


@pytest.mark.parametrize(("expiry", "deemed"), [("2026-12-23 23:59", True), ("2026-12-22 23:59", False)])
def test_art_50_asked_for_less_than_thirty_days_before_silence_renews_nothing(town, monday, expiry, deemed):
    a = town.accepted(renews="ZD-1", renew_by=at(expiry))
    assert a.papers.get(kind="acceptance").facts["renewal"] == ("in_time" if deemed else "late")
    a = later(monday, a, "2027-02-01 09:00")
    assert a.status == ("decided" if deemed else "examining")
    letter = letters.compose(a.papers.get(kind="acceptance"))
    said = "".join(words for p in letter.after for words, _bold in p)
    assert ("不视为准予延续" in said) != deemed


def test_art_50_a_renewal_decided_before_the_expiry_is_what_was_decided(town, monday):
    a = actions.decide(
        town.accepted(**RENEWAL),
        by=town.wang,
        result="refuse",
        reason_code="conditions_not_met",
        reason="不符合",
    )
    assert later(monday, a, "2027-02-01 09:00").result == "refuse"


def test_art_50_who_was_asked_to_correct_waits_for_nobodys_silence(town, monday):
    a = actions.ask_correction(town.take_in(**RENEWAL), by=town.li, note="请补正")
    assert later(monday, a, "2027-02-01 09:00").status == "correcting"


# --- 第六十九条, results, and silence -----------------------------------------------------------------------


def test_art_69_what_was_decided_is_not_voided_and_the_page_says_what_to_do(town):
    a = actions.decide(town.accepted(), by=town.wang, result="grant")
    reason = actions.flow.why_not("void", a, town.zhou)
    assert (reason.code == "wrong_status" and "69" in str(reason.text)) or "六十九" in str(reason.text)


def test_every_ending_has_its_provincial_result_code(town):
    granted = actions.decide(town.accepted(n=1), by=town.wang, result="grant")
    declined = actions.decide(town.accepted(n=2), by=town.wang, result="refuse", reason="不符合")
    void = actions.void(town.take_in(n=3), by=town.zhou, reason="重复登记")
    mine = town.accepted(n=6)
    back = actions.withdraw(mine, by=applicant_of(mine), reason="不办了")
    out = actions.refuse_acceptance(town.take_in(n=7), by=town.li, reason_code="not_ours", reason="x")
    codes = [a.result_code for a in (granted, declined, void, back, out, town.take_in(n=8))]
    assert codes == ["0", "1", "2", "5", "6", ""]
    assert back.papers.get(kind="withdrawal").facts["reason"] == "不办了"


#: what the worker does by itself, and the article that lets it; everything else waits for a person
BY_SILENCE = {
    ("application", "deem_accepted"): "行政许可法 32(4)",
    ("application", "renew_by_law"): "行政许可法 50(2)",
}
#: what only lets the work go on: a wait for an answer that has ended
GOES_ON = {("issue", "resume_by_itself")}


#: what the Licensing Law is about; issues and other cases of the family have their own rules
LICENSING = ("application", "approval", "pledge")


def test_nothing_is_decided_by_silence_but_what_the_law_names():
    assert {flow.kind for flow in FLOWS.values()} >= set(LICENSING)
    for flow in (flow for flow in FLOWS.values() if flow.kind in LICENSING):
        for verb, step in flow.steps.items():
            if (flow.kind, verb) in GOES_ON:
                assert step.to not in flow.closed
            elif step.is_timed and step.to is not None:  # what keeps the status decides nothing
                law = BY_SILENCE.get((flow.kind, verb), "")
                assert law and law in step.doc.replace("\n", " "), (flow.kind, verb)


def test_an_alarm_moves_nothing(town, monday):
    a = actions.suspend(town.accepted(), by=town.wang, **REVIEW)
    before = (a.status, a.clock_from, a.due_at)
    a = later(monday, a, "2026-12-20 09:00")
    assert set(actions.flow.alarms) == {"stop_overrun", "remind_correction", "unconfirmed_yet"}
    assert (a.status, a.clock_from, a.due_at) == before


def test_every_open_status_has_a_way_out_for_somebody():
    """Bug: a status into which a step leads and from which none does."""
    for flow in FLOWS.values():
        out = {s for step in flow.steps.values() for s in step.froms if step.to not in (None, s)}
        assert out >= {s.value for s in flow.statuses} - set(flow.closed), flow.kind
