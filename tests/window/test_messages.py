"""Applicants are told once, shortly, in their language."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test import override_settings

from onewindow.cases import flow, instant, worker
from onewindow.cases.models import Event, Message
from onewindow.cases.rules import CLOCK, applicant_of
from onewindow.pledges import actions as pledges
from onewindow.pledges.models import Pledge
from onewindow.window import actions, afterwards, links, procedures, reactions
from onewindow.window.models import Application
from tests.town import at

# As long as city hosts are in practice: 24 characters.
HOST = "https://zwfw.zhaodong-example.cn"


def life(town, **more):
    """One application through nearly every event that is told."""
    a = town.take_in(**more)
    actions.ask_correction(a, by=town.li, note="缺页", materials={1: "补第二页"})
    actions.correct(a, by=town.li, materials={1: ("paper", None)})
    actions.accept(a, by=town.li)
    actions.suspend(a, by=town.wang, reason="expert_review", notice="专家评审约需十个工作日", days=5)
    actions.resume(a, by=town.wang)
    actions.extend(a, by=town.head, reason="等待检测报告")
    actions.decide(a, by=town.wang, result="grant")
    return actions.deliver(a, by=town.li)


def debts(town, **more):
    """The texts about what was put off: reminded, overdue, found broken, withdrawn, made final, revoked."""
    later = {1: ("paper", None), 2: ("paper", None), 3: ("deferred", None)}
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        undecided, supplied, broken = (
            actions.accept(town.take_in(n=n, materials=later, **more), by=town.li) for n in (21, 22, 23)
        )
        for a in (supplied, broken):
            actions.decide(a, by=town.wang, result="grant")
        follow_all()
        owed = {p.application: p for p in Pledge.objects.with_facts()}
        pledges.make_good(owed[supplied.number], by=town.li, form="paper")
        follow_all()
        afterwards.finalise(Application.objects.with_facts().get(pk=supplied.pk), by=town.wang)
        for day in ("2026-11-27 17:30", "2026-11-30 17:30"):
            clock.move_to(at(day))
            worker.wake()
            follow_all()
        for a in (undecided, broken):
            p = Pledge.objects.with_facts().get(application=a.number)
            pledges.breach(p, by=town.wang, reason="逾期未补")
        follow_all()
        broken = Application.objects.with_facts().get(pk=broken.pk)
        afterwards.revoke(broken, by=town.head, reason_code="false", reason="逾期未补", heard="无异议")
        follow_all()


def follow_all():
    while worker.follow():
        pass


def a_million_behind_us():
    """The next application has the key of a city with a million cases: its links are at their longest, four digits."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval(pg_get_serial_sequence('window_application', 'id'), 1600000)")
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = 'window_application'")
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES ('window_application', 1600000)")


@pytest.mark.parametrize("lang", ["zh-hans", "en"])
@pytest.mark.parametrize("base", ["http://localhost:8000", HOST])
def test_every_text_fits_into_one_message_with_its_link(town, lang, base):
    assert len(HOST.removeprefix("https://")) == 24
    a_million_behind_us()
    with override_settings(BASE_URL=base):
        a = life(town, lang=lang)
        b = town.take_in(n=2, lang=lang)
        actions.refuse_acceptance(b, by=town.li, reason_code="not_ours", reason="不属于本局")
        c = town.accepted(n=3, lang=lang)
        actions.decide(c, by=town.wang, result="refuse", reason_code="conditions_not_met", reason="距离不足")
        debts(town, lang=lang)
        actions.withdraw(town.take_in(n=7, lang=lang), by=town.li)
        actions.void(town.take_in(n=8, lang=lang), by=town.zhou, reason="重复登记")
        d = procedures.offer_hearing(town.accepted(n=4, lang=lang), by=town.wang, why="拟不予许可")
        procedures.ask_hearing(d, by=applicant_of(d))
        _first, last = procedures.hearing_days(d, instant.now())
        procedures.call_hearing(d, by=town.wang, on=last, time="09:00", place="会议室", chair="head")
        up = town.accepted(n=5, lang=lang)
        procedures.forward(up, by=town.wang, to="绥化市市场监管局", conclusion="passed", opinion="好")
        actions.receive(town.take_in(n=9, lang=lang, channel="online"), by=town.li)
        expiry = instant.now() + dt.timedelta(days=40)
        e = town.accepted(n=6, lang=lang, renews="ZD-1", renew_by=expiry)
        with time_machine.travel(expiry + dt.timedelta(hours=1), tick=False):
            flow.take(procedures.renew_by_law.step, e, by=CLOCK)
            follow_all()
        bodies = {m.template: m.body for m in Message.objects.all()}
        owed = {"pledge_due", "pledge_late", "pledge_broken"}
        assert set(bodies) == set(reactions.TEXTS.values()) | owed | {"taken_in"}
        assert [b for b in bodies.values() if len(b) > 70] == []
        assert all(f"{base}/q/" in b for b in bodies.values())
        assert a.pk > 1_600_000


def test_the_fullest_wording_that_fits_is_chosen(town):
    with override_settings(BASE_URL="http://localhost:8000"):
        life(town)
        follow_all()
        body = Message.objects.get(template="accept").body
        assert body.startswith("“食品经营许可（新办）”已受理，最迟")
        assert body.endswith(links.short_url(Application.objects.get()))


def test_an_event_is_told_once_even_if_its_reaction_runs_again(town):
    a = town.accepted()
    follow_all()
    event = Event.objects.of(a.number).get(kind="application.accept")
    reactions.tell_applicant(event)
    assert Message.objects.filter(number=a.number, template="accept").count() == 1


def test_an_item_decided_on_the_spot_is_told_only_its_decision(town):
    a = town.accepted(town.proof)
    actions.decide(a, by=town.li, result="grant")
    follow_all()
    assert list(Message.objects.filter(number=a.number).values_list("template", flat=True)) == ["decide"]


def test_the_short_link_finds_its_case_and_no_other(town):
    a, b = town.take_in(), town.take_in(n=2)
    code = links.short_url(a).rpartition("/")[2]
    assert links.by_short(code) == a
    assert links.by_short(code[: links.MAC] + links.short_url(b).rpartition("/")[2][links.MAC :]) is None
    assert links.by_short(code[:-2]) is None
    assert links.by_short("") is None
