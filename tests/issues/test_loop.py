"""One loop from the report to the reporter's own word: who, until when, and what each ending needs."""

import datetime as dt

import pytest
from django.db import IntegrityError, transaction

from onewindow.cases import chain
from onewindow.cases.flow import StepRefused, take, why_not
from onewindow.cases.models import Event, Message, Notice
from onewindow.cases.worker import follow, wake
from onewindow.issues import actions, links, opening
from onewindow.issues.models import Attempt, Issue, PanelVote, Said
from onewindow.org.models import Parameter, forget_parameters
from tests.issues.conftest import CAUSE
from tests.town import at

pytestmark = pytest.mark.django_db


def again(i):
    return Issue.objects.with_facts().get(pk=i.pk)


def reporter(i):
    return links.reporter_of(i)


def test_an_issue_finds_its_department_and_is_contacted_the_same_day(town, life):
    i = life.stuck()
    assert (i.status, i.office, i.due_at) == ("assigned", town.msa, at("2026-11-23 17:00"))
    assert i.number[0] == "Q" and i.title == "食品经营许可（新办）"


def test_what_names_no_service_is_assigned_by_the_bureau_within_four_working_hours(town, life):
    i = life.stuck(item=None)
    assert (i.status, i.office, i.due_at) == ("registered", town.bureau, at("2026-11-23 15:30"))
    actions.dispatch(i, by=town.bai, office=town.msa, grade="complex", helper=town.health_office)
    assert (i.status, i.office, i.helper) == ("assigned", town.msa, town.health_office)
    assert Issue.objects.seen_by(town.qian).get() == i


def test_the_whole_loop_ends_with_the_reporters_own_word(town, life, monday):
    a = town.accepted(n=7)
    i = life.replied(proposal="solved", done_case=a.number)
    assert i.due_at == at("2026-11-26 17:00")  # three working days for the call back
    actions.close(i, by=town.bai, words="问题解决了")
    assert (i.outcome, i.confirmed_by, i.words) == ("solved", "bai", "问题解决了")
    events = list(Event.objects.of(i.number))
    assert [e.verb for e in events] == ["open", "contact", "verify", "reply", "close"]
    assert list(chain.breaks(events)) == []


def test_putting_right_is_counted_from_the_report_and_not_from_the_units_first_move(town, life, monday):
    i = life.stuck()
    monday.move_to(at("2026-11-25 10:00"))
    assert life.working(i).due_at == at("2026-11-30 17:00")  # Monday + 5 working days


def test_a_plan_lengthens_the_limit_once_and_an_interruption_does_not_shorten_it(town, life, monday):
    i = life.working()
    plan = {
        "plan": "两局联合办理",
        "plan_owner": "孙局长",
        "plan_due": dt.date(2026, 12, 4),
        "reason": "跨部门",
    }
    actions.plan(i, by=town.head, **plan)
    assert i.due_at == at("2026-12-07 17:00")  # 10 working days
    assert why_not("plan", i, town.head).code == "planned"
    actions.refuse_lawfully(
        i, by=town.wang, article="食品安全法 33", answer="不符", alternatives="变更地址", **CAUSE
    )
    actions.reject_no(i, by=town.head, reason="仍可办理")
    assert (i.status, i.due_at, i.proposal) == ("working", at("2026-12-07 17:00"), "")


def test_waiting_for_the_reporter_stops_the_clock_for_five_days_all_told(town, life, monday):
    i = life.working()
    actions.ask_reporter(i, by=town.wang, notice="请提供租赁合同", days=4)
    assert i.due_at is None and i.asked_days == 4
    monday.move_to(at("2026-11-25 16:00"))
    actions.reporter_answers(i, by=reporter(i), text="合同已上传")
    assert (i.status, i.due_at) == ("working", at("2026-12-01 17:00"))  # the Tuesday stood
    actions.ask_reporter(i, by=town.wang, notice="还有一份", days=9)
    assert i.asked_days == 5
    monday.move_to(at("2026-11-27 09:00"))
    wake()
    i = again(i)
    assert (i.status, Event.objects.of(i.number).last().verb) == ("working", "resume_by_itself")
    assert why_not("ask_reporter", i, town.wang).code == "asked_enough"


def test_the_unit_sends_it_back_once_and_then_the_bureaus_word_counts(town, life):
    i = actions.send_back(life.stuck(), by=town.wang, reason="不属本局")
    assert (i.status, i.office) == ("registered", town.bureau)
    actions.dispatch(i, by=town.bai, office=town.msa, grade="simple")
    assert why_not("send_back", i, town.wang).code == "sent_back_before"


def test_unreachable_needs_three_tries_at_three_different_hours(town, life, monday):
    i = life.replied()
    for hour in ("09:05", "09:50", "10:10"):
        monday.move_to(at(f"2026-11-24 {hour}"))
        actions.callback_missed(i, by=town.bai, how="phone")
    assert i.missed_hours == 2 and why_not("give_up", i, town.bai).code == "not_tried"
    monday.move_to(at("2026-11-25 15:00"))
    actions.callback_missed(i, by=town.bai, how="phone")
    actions.give_up(i, by=town.bai)
    assert (i.outcome, i.confirmed_at) == ("unreachable", None)


def test_an_anonymous_answer_stands_on_its_page_before_it_is_let_go(town, life, monday):
    i = life.stuck(reporter=None)
    assert i.is_anonymous and i.reporter_mobile == ""
    i = life.replied(i)
    assert why_not("let_go", i, town.bai).code == "not_anonymous"
    monday.move_to(at("2026-12-09 10:00"))
    actions.let_go(i, by=town.bai)
    assert i.outcome == "unreachable"


def test_a_lawful_no_names_the_law_and_is_signed_by_a_second_person(town, life):
    i = life.working()
    actions.refuse_lawfully(
        i, by=town.head, article="食品安全法 33", answer="场所不符", alternatives="另选场所", **CAUSE
    )
    assert why_not("countersign", i, town.head).code == "only_other_signature"
    assert why_not("countersign", i, town.wang).code == "only_other_signature"  # an approver does not sign
    actions.countersign(i, by=town.bai)
    actions.close(i, by=town.lu, words="理解")
    assert (i.outcome, i.signed_by, i.answered_by) == ("impossible", town.bai, town.head)


def test_not_content_goes_to_the_unit_then_to_the_bureaus_leader_then_to_the_leading_group(town, life):
    i = life.replied()
    actions.reopen(i, by=reporter(i), reason="没有解决")
    assert (i.status, i.office, i.reopened, i.answer, i.cause) == ("assigned", town.msa, 1, "", "")
    i = life.replied(i)
    actions.reopen(i, by=town.bai, reason="电话里说没有解决")
    assert (i.office, i.reopened) == (town.bureau, 2)
    follow()
    assert Notice.objects.filter(kind="issue.again").values_list("person__username", flat=True).get() == "dai"
    assert why_not("contact", i, town.dai) is None and why_not("contact", i, town.wang).kind == "not_allowed"
    actions.contact(i, by=town.dai, how="phone", note="…")
    actions.verify(i, by=town.lu, founded="yes", finding="…", grade="simple")
    actions.reply(i, by=town.dai, proposal="explained", answer="…", **CAUSE)
    actions.reopen(i, by=reporter(i), reason="还是没有解决")
    follow()
    assert Notice.objects.filter(kind="issue.again", person=town.leader).count() == 1
    assert why_not("contact", i, town.leader) is None
    actions.contact(i, by=town.leader, how="phone", note="…")
    actions.verify(i, by=town.bai, founded="yes", finding="…", grade="simple")
    assert why_not("reply", i, town.dai).code == "only_unit"
    actions.reply(i, by=town.leader, proposal="policy", policy_note="修订实施细则", answer="…", **CAUSE)
    assert why_not("reopen", i, reporter(i)).code == "reopened_enough"
    actions.confirm(i, by=reporter(i))
    assert i.outcome == "policy"


def test_a_closed_issue_reopens_for_fifteen_days(town, life, monday):
    i = life.closed()
    monday.move_to(at("2026-12-08 09:00"))
    assert why_not("reopen", i, reporter(i)) is None
    monday.move_to(at("2026-12-08 11:00"))
    assert why_not("reopen", i, reporter(i)).code == "reopened_enough"


def test_the_centre_calls_back_and_nobody_who_worked_on_it(town, life):
    i = life.replied()
    assert [why_not("close", i, p).code for p in (town.wang, town.head, town.li)] == ["only_centre"] * 3
    i = life.stuck(item=None, office=town.bureau)
    actions.contact(i, by=town.bai, how="phone", note="…")
    assert why_not("verify", i, town.bai).code == "only_second"
    actions.verify(i, by=town.lu, founded="no", finding="…", grade="simple")
    actions.reply(i, by=town.lu, proposal="explained", answer="…", **CAUSE)
    assert [why_not("close", i, p) is None for p in (town.bai, town.lu, town.leader)] == [False, False, True]


def test_an_issue_joined_with_another_keeps_its_reporter_informed(town, life):
    main, twin = life.stuck(), life.stuck(reporter=("李四", "19900000002"))
    actions.merge(twin, by=town.bai, main=main)
    assert (twin.outcome, twin.merged_into) == ("merged", main)
    follow()
    before = Message.objects.filter(number=twin.number).count()
    life.replied(main)
    follow()
    told = Message.objects.filter(number=twin.number).order_by("id")[before:]
    assert [m.template for m in told] == ["issue_moved", "issue_moved", "issue_answered"]
    assert all(links.token(twin) in m.body and m.address == "19900000002" for m in told)


def test_after_four_weeks_a_sample_that_nobody_chooses_is_asked_again(town, life, monday):
    Parameter.objects.update_or_create(code="issue_recheck_share", defaults={"value": "50"})
    forget_parameters()
    a = town.accepted(n=8)
    ends = [life.closed(life.stuck(), proposal="solved", done_case=a.number) for _ in range(12)]
    sample = [i for i in ends if i.recheck_at]
    assert 0 < len(sample) < 12
    monday.move_to(at("2026-12-21 10:01"))
    while wake():
        pass
    told = Event.objects.filter(kind="issue.recheck_due").values_list("number", flat=True)
    assert sorted(told) == sorted(i.number for i in sample)
    assert wake() == 0
    i = again(sample[0])
    actions.recheck(i, by=town.bai, still_right=False, note="又被要求补材料")
    assert (i.status, i.is_still_right) == ("closed", False)
    assert why_not("recheck", i, town.bai).code == "no_recheck_due"


BAD = {
    "solved without the reporter's word": {"outcome": "solved", "confirmed_at": None},
    "solved by nobody": {"outcome": "solved", "confirmed_by": ""},
    "a lawful no without article": {"outcome": "impossible", "article": ""},
    "a lawful no without another way": {"outcome": "impossible", "alternatives": ""},
    "a lawful no of one": {"outcome": "impossible", "signed_by": "answered"},
    "a lawful no unsigned": {"outcome": "impossible", "signed_by": None},
    "transferred without receipt": {"proposal": "transferred", "receipt": ""},
    "policy without saying which": {"proposal": "policy", "policy_note": ""},
    "done without anything to show": {"proposal": "solved", "done_case": ""},
    "unreachable after two tries": {"outcome": "unreachable", "missed_hours": 2},
    "unfounded by a panel of two": {"outcome": "unfounded", "panel_size": 2},
    "unfounded by insiders alone": {"outcome": "unfounded", "panel_outside": 0},
    "joined with nothing": {"outcome": "merged", "merged_into": None},
    "ended without cause": {"cause": ""},
    "ended without prevention": {"prevention": ""},
    "prevention that points at nothing": {"prevention_note": ""},
    "a guide changed that nobody names": {"prevention": "guide", "prevention_version": None},
    "ended without an outcome": {"outcome": ""},
    "an anonymous reporter with a number": {"is_anonymous": True},
}  # fmt: skip


def test_the_database_refuses_an_ending_without_what_it_needs(town, life):
    i = life.closed()
    whole = {
        "done_case": i.number, "article": "食品安全法 33", "alternatives": "另选场所", "signed_by": town.bai,
        "receipt": "H-1", "transferred_to": "信访局", "policy_note": "细则", "missed_hours": 3, "panel_size": 3,
        "panel_outside": 1, "merged_into": life.stuck(), "prevention_version": town.food,
    }  # fmt: skip
    rows, refused = Issue.objects.filter(pk=i.pk), []
    for outcome in (
        "solved",
        "impossible",
        "policy",
        "transferred",
        "unreachable",
        "unfounded",
        "merged",
        "explained",
    ):
        assert rows.update(**whole, outcome=outcome, proposal="solved") == 1
    for case, bad in BAD.items():
        if bad.get("signed_by") == "answered":
            bad = bad | {"signed_by": i.answered_by}
        try:
            with transaction.atomic():
                rows.update(**bad)
        except IntegrityError:
            refused.append(case)
    assert refused == list(BAD)


def test_tries_texts_votes_and_noes_are_never_changed(town, life):
    from django.db import DatabaseError

    i = life.replied()
    Said.objects.create(issue=i, at=i.opened_at, text="…")
    PanelVote.objects.create(
        issue=i, no=1, name="外", is_outside=True, upholds=True, reason="…", at=i.opened_at
    )
    opening.say_no(by=town.li, hall=town.hall, counter=None, item=town.food.item, reason="papers", basis="x")
    from onewindow.issues.models import Refusal

    for model in (Attempt, Said, PanelVote, Refusal):
        for act in (lambda m=model: m.objects.update(id=0), lambda m=model: m.objects.all().delete()):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                act()


def test_nothing_is_open_to_a_step_out_of_turn(town, life):
    i = life.closed()
    for verb in actions.flow.steps:
        if verb not in ("reopen", "correct_cause", "recheck"):
            with pytest.raises(StepRefused):
                take(actions.flow.steps[verb], i, by=town.bai)


def test_name_and_mobile_are_forgotten_once_the_link_has_expired(town, life):
    ended, live = life.closed(), life.stuck()
    assert actions.forget_reporters(ended.closed_at) == 0
    assert actions.forget_reporters(ended.closed_at + dt.timedelta(seconds=1)) == 1
    assert [again(i).reporter_mobile for i in (ended, live)] == ["", "19900000001"]
