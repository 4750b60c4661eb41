"""What the bell asks somebody to do leaves it as soon as it is done: by whomever, and whichever way the step was taken."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onewindow.cases import assign, notices, worker
from onewindow.cases.flow import take
from onewindow.cases.models import Notice
from onewindow.issues import actions, links
from onewindow.issues.models import Issue
from onewindow.my import actions as my
from onewindow.org.models import Office, Person, Post
from onewindow.voice import alarms
from onewindow.voice.device_models import AlarmKind, DeviceAlarm
from onewindow.voice.models import Device
from onewindow.window import actions as window
from tests.issues.conftest import CAUSE
from tests.town import at

pytestmark = pytest.mark.django_db


def follow():
    while worker.follow():
        pass


def bell(person):
    follow()
    return sorted(Notice.objects.unread().filter(person=person).values_list("kind", flat=True))


def test_the_turn_passes_on_and_the_bell_with_it(town, life):
    i = life.stuck()
    assert (bell(town.wang), bell(town.head)) == (["issue.turn"], ["issue.turn"])
    life.contacted(i)
    assert (bell(town.wang), bell(town.head)) == (
        [],
        ["issue.verify"],
    )  # not by the one who spoke with the reporter
    actions.verify(i, by=town.head, founded="yes", finding="属实", grade="simple")
    actions.reply(i, by=town.wang, proposal="explained", answer="情况说明", **CAUSE)
    assert (bell(town.wang), bell(town.head), bell(town.bai), bell(town.lu)) == (
        [], [], ["issue.callback"], ["issue.callback"],
    )  # fmt: skip
    actions.close(i, by=town.bai, words="满意")
    assert bell(town.bai) == bell(town.lu) == []
    done = Notice.objects.filter(person=town.lu).get()
    assert done.is_over and done.read_at == at("2026-11-23 10:00")


def test_what_the_reporter_does_on_the_own_page_clears_the_bell_of_the_bureau(town, life):
    i = life.replied()
    assert bell(town.lu) == ["issue.callback"]
    actions.confirm(Issue.objects.with_facts().get(pk=i.pk), by=links.reporter_of(i))
    assert bell(town.lu) == []


def test_assigned_to_another_unit_it_leaves_the_bell_of_the_first(town, life):
    i = life.stuck()
    assert bell(town.wang) == ["issue.turn"]
    actions.dispatch(i, by=town.bai, office=town.health_office, grade="simple")
    assert (bell(town.wang), bell(town.qian)) == ([], ["issue.turn"])


def test_whoever_takes_it_on_relieves_the_colleagues(town, life):
    i = life.stuck()
    follow()
    assign.assign(Issue.objects.with_facts().get(pk=i.pk), town.head, by=town.head)
    assert (bell(town.wang), bell(town.head)) == ([], ["issue.turn"])


def test_a_reaction_that_comes_late_does_not_ring_for_what_is_over(town, life):
    life.closed()  # every reaction runs after the last step only
    assert bell(town.wang) == bell(town.bai) == bell(town.lu) == []
    assert Notice.objects.filter(is_over=True).count() == Notice.objects.count() > 0


def test_what_somebody_has_read_stays_read_and_is_not_over(town, life):
    i = life.stuck()
    follow()
    mine = Notice.objects.get(person=town.wang)
    notices.open_one(town.wang, mine.pk)
    life.replied(i)
    follow()
    assert (
        Notice.objects.get(pk=mine.pk).is_over,
        Notice.objects.get(person=town.head, kind="issue.turn").is_over,
    ) == (
        False,
        True,
    )


def test_the_window_the_department_and_the_bureau_each_hear_it_until_it_is_done(town):
    a = town.accepted()

    def step(verb, by, **given):
        take(a.flow.steps[verb], a, by=by, **given)

    step("bounce", town.wang, reason="缺少签章")
    assert bell(town.li) == ["application.bounce"]
    step("answer_bounce", town.li, outcome="complete", answer="签章在第二页")
    assert (bell(town.li), bell(town.bai)) == ([], ["application.dispute"])
    step("settle", town.bai, finding="window", reason="材料齐全")
    assert bell(town.bai) == []


def test_cards_of_a_late_matter_leave_the_bell_when_it_is_decided(town, monday):
    a = town.accepted()
    follow()
    monday.move_to(at("2026-12-01 10:00"))
    while worker.wake() + worker.follow():
        pass
    assert "card.yellow" in bell(town.wang)
    window.decide(type(a).objects.with_facts().get(pk=a.pk), by=town.wang, result="grant")
    assert [kind for kind in bell(town.wang) if kind.startswith("card.")] == []


def test_an_answered_question_leaves_the_bell_of_the_colleague_who_did_not_answer(town):
    a = town.accepted()
    question = my.ask(a, "还要多久？", by=town.firm)
    assert (bell(town.wang), bell(town.head)) == (["my.question"], ["my.question"])
    my.answer(a, question, "三个工作日内。", by=town.wang)
    assert bell(town.wang) == bell(town.head) == []


def test_forty_steps_cost_the_bell_three_questions_and_none_if_nobody_was_told(town, life):
    lives = [life.stuck(reporter=None) for _ in range(12)]
    numbers = [i.number for i in lives]
    with CaptureQueriesContext(connection) as quiet:
        assert notices.clear(numbers) == 0
    assert len(quiet) == 1
    follow()
    with CaptureQueriesContext(connection) as standing:
        assert notices.clear(numbers) == 0
    Issue.objects.filter(number__in=numbers).update(status="replied")
    with CaptureQueriesContext(connection) as over:
        assert notices.clear(numbers) == 24
    assert (len(standing), len(over)) == (4, 5)  # notices, a savepoint's two, cases and (over) the change


def test_a_storm_of_cards_costs_the_bell_nothing(town, life, monday):
    for _ in range(3):
        life.stuck(reporter=None)
    follow()
    monday.move_to(at("2026-11-24 10:00"))
    worker.wake()
    with CaptureQueriesContext(connection) as asked:
        follow()
    looked = [q["sql"] for q in asked if "cases_notice" in q["sql"] and q["sql"].startswith("SELECT")]
    assert looked == [] and Notice.objects.filter(kind__startswith="card.").exists()


def test_the_notices_of_a_case_are_found_by_an_index_and_not_among_all(town):
    Notice.objects.bulk_create(
        Notice(
            person=town.wang,
            key=f"a {n}",
            kind="a",
            number=f"Q{n}" if n % 2 else "",
            at=at("2026-11-23 10:00"),
        )
        for n in range(600)
    )
    mine = Notice.objects.unread().exclude(number="").filter(number__in=["Q1", "Q2"], kind__in=["a", "b"])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE cases_notice")
    plan = mine.order_by().explain()
    keyed = Notice.objects.unread().filter(number="", key="a 2").order_by().explain()
    assert ("notice_of_case" in plan, "notice_of_key" in keyed) == (True, True), (plan, keyed)


def test_a_worker_that_starts_clears_what_was_told_before_it_knew_how_long_it_stands(town, life):
    i = life.stuck()
    follow()
    Issue.objects.filter(pk=i.pk).update(status="replied")  # as by an older version: no event is to come
    notices._looked.forget(), notices._beyond.forget()
    assert (notices.look_through(), notices.look_through()) == (2, 0)
    assert bell(town.wang) == bell(town.head) == []


def test_a_kind_that_can_not_be_judged_does_not_hold_up_the_worker(town, life, caplog):
    notices.say("test.broken", "x", while_=lambda case, _n: 1 / 0)
    try:
        i = life.stuck()
        notices.tell([town.li], "test.broken", key="1", number=i.number)
        assert (bell(town.li), bell(town.wang)) == (["test.broken"], ["issue.turn"])
        assert "could not be looked at" in caplog.text
    finally:
        del notices.WORDS["test.broken"]


def test_an_alarm_of_a_device_rings_until_somebody_has_seen_to_it_and_a_silent_hall_until_the_last_is_heard(
    town,
):
    devices = [Device.objects.create(code=f"T{n}", hall=town.hall, kind="kiosk", state="active", place=f"{n}",
                                     paired_at=at("2026-11-20 10:00"), secret_digest=f"{n}")
               for n in range(2)]  # fmt: skip
    alarms.sound(devices[0], AlarmKind.GAP)
    for device in devices:
        alarms.sound(device, AlarmKind.OFFLINE)
    assert bell(town.zhou) == ["device.alarm", "device.offline"]
    alarms.looked_at(DeviceAlarm.objects.get(kind=AlarmKind.GAP), by=town.zhou)
    alarms.quiet(devices[0], AlarmKind.OFFLINE)
    assert bell(town.zhou) == ["device.offline"]
    alarms.quiet(devices[1], AlarmKind.OFFLINE)
    assert bell(town.zhou) == []


def test_a_signed_hand_over_leaves_the_bell_of_the_signer_and_at_last_of_all(town):
    a = town.accepted()
    assign.assign(a, town.wang, by=town.wang)
    second = Person.objects.create_user("second", password="x", name="二审")
    Post.objects.create(person=second, role="approver", office=Office.objects.get(pk=town.msa.pk),
                        starts_on=at("2020-01-01 00:00").date())  # fmt: skip
    h = assign.hand_over("work", town.wang, second, by=town.head)
    assert (bell(town.wang), bell(second)) == (["handover"], ["handover"])
    assign.sign(h, by=town.wang)
    assert (bell(town.wang), bell(second)) == ([], ["handover"])
    assign.refuse(h, by=second)
    assert bell(second) == []


def test_the_list_says_what_was_done_meanwhile(town, life, signed_in):
    life.replied()
    follow()
    page = signed_in(town.head).get("/desk/notices/?show=all").content.decode()
    assert page.count("已办结") == 2  # it was the unit's turn, and to be verified by the head
    assert signed_in(town.head).get("/desk/notices/").context["lines"] == []
