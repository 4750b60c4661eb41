"""Asking, messages, preferences, quiet hours, and leaving for good."""

import datetime as dt

import pytest
from django.core import mail
from django.test import Client

from onewindow.cases import channels, instant, worker
from onewindow.cases.models import Attachment, Event, Message
from onewindow.my import actions, reactions, rules
from onewindow.my.models import Account, Authority, Draft, Question, account_of
from onewindow.org.models import Person, SignIn
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.my.conftest import account, code_of, enter
from tests.my.test_apply import fill
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def follow_all():
    while worker.follow():
        pass


def desk(who):
    client = Client()
    client.force_login(who, backend=BACKEND)
    return client


def test_a_question_is_answered_on_the_case_page_within_its_own_limit(town):
    me = account(1)
    with instant.simulated(at("2026-11-20 10:00")):  # a Friday: two working days are over on Tuesday
        a = town.accepted()
        client = enter(me)
        client.post(f"/my/cases/{a.number}/ask", {"text": "平面图要多大比例？"})
        follow_all()
    q = Question.objects.get()
    assert q.due_at == at("2026-11-24 17:00")
    assert f"/desk/{a.number}/#questions" in desk(town.wang).get("/desk/questions/").content.decode()
    assert a.number not in desk(town.qian).get("/desk/questions/").content.decode()
    assert desk(town.bai).post(f"/desk/{a.number}/questions/{q.pk}/", {"text": "x"}).status_code == 403
    assert desk(town.qian).post(f"/desk/{a.number}/questions/{q.pk}/", {"text": "x"}).status_code == 404
    desk(town.wang).post(f"/desk/{a.number}/questions/{q.pk}/", {"text": "1:100 即可。"})
    desk(town.li).post(f"/desk/{a.number}/questions/{q.pk}/", {"text": "zwei"})
    follow_all()
    page = client.get(f"/my/cases/{a.number}/").content.decode()
    assert "1:100" in page and "zwei" not in page
    assert Message.objects.filter(number=a.number, template="answer", channel="page").count() == 1


def test_a_question_overtakes_nobodys_work(town):
    a = town.accepted()
    page = desk(town.wang).get(f"/desk/{a.number}/decide/").content.decode()
    version = page.split('name="version" value="')[1].split('"')[0]
    a.refresh_from_db()
    actions.ask(Application.objects.with_facts().get(), "何时办好？", by=account(1).person)
    answer = desk(town.wang).post(
        f"/desk/{a.number}/decide/", {"version": version, "result": "grant", "reason": ""}
    )
    assert answer.status_code == 302


def test_three_open_questions_are_enough(town):
    me, a = account(1), town.accepted()
    for n in range(3):
        actions.ask(Application.objects.with_facts().get(pk=a.pk), f"{n}", by=me.person)
    with pytest.raises(actions.Refused, match="too_many"):
        actions.ask(Application.objects.with_facts().get(pk=a.pk), "4", by=me.person)


def test_notices_go_the_ways_that_somebody_chose_and_always_to_the_page(town):
    me, a = account(1), town.take_in()
    assert [c for c, _ in reactions.roads(a)] == ["page", "file"]
    enter(me).post("/my/account/", {})
    assert [c for c, _ in reactions.roads(a)] == ["page"]
    actions.confirm_email(me, "zhang@example.org")
    assert reactions.roads(a) == [("page", ""), ("email", "zhang@example.org")]
    assert [c for c, _ in reactions.roads(town.take_in(n=2))] == ["file"]


def test_an_address_is_used_only_after_its_code(town):
    me = account(1)
    client = enter(me)
    client.post("/my/account/email/", {"email": "zhang@example.org"})
    assert client.post("/my/account/email/", {"code": "123"}).status_code == 422
    with instant.simulated(at("2026-11-24 10:00")):
        Message.objects.update(next_at=instant.now())
        worker.send()
    assert [m.to for m in mail.outbox] == [["zhang@example.org"]]
    client.post("/my/account/email/", {"code": code_of("zhang@example.org")})
    assert Account.objects.get().email == "zhang@example.org"


@pytest.mark.parametrize(
    ("now", "template", "goes"),
    [
        ("2026-11-24 20:59", "accept", "2026-11-24 20:59"),
        ("2026-11-24 21:00", "accept", "2026-11-25 08:00"),
        ("2026-11-25 07:59", "accept", "2026-11-25 08:00"),
        ("2026-11-24 23:00", "code", "2026-11-24 23:00"),
    ],
)
def test_no_text_message_disturbs_the_night_but_a_code(now, template, goes):
    message = Message(channel="file", template=template)
    assert channels.not_before(message, at(now)) == at(goes)
    assert channels.not_before(Message(channel="email", template="accept"), at(now)) == at(now)


def test_what_waits_for_the_morning_is_sent_in_the_morning_once(town):
    with instant.simulated(at("2026-11-24 22:00")):
        town.take_in()
        follow_all()
        assert worker.send() == 0
        assert Message.objects.get().attempts == 0
    with instant.simulated(at("2026-11-25 08:00")):
        assert worker.send() == 1
    assert channels.delivered(Message.objects.get().receipt, ok=True)
    assert not channels.delivered("file:0", ok=True) and Message.objects.get().delivered_at


def test_a_closed_account_keeps_nothing_personal_and_its_cases_stay(town):
    me = account(1)
    client = enter(me)
    client.post(fill(client))
    client.post("/my/apply/ZD-MSA-001/")
    fill_again = enter(me)
    fill(fill_again, until="m-2")
    assert Attachment.objects.filter(number="").count() == 1
    actions.empower(
        me, rules.holders(me.person)[0], kind="agent", to_name="李四",
        to_mobile="19900000009", items=[], scope="act", starts_on=dt.date(2026, 1, 1),
        ends_on=instant.now().date() + dt.timedelta(days=9),
    )  # fmt: skip
    assert client.post("/my/account/close/", {}).status_code == 422
    assert client.post("/my/account/close/", {"sure": "on"}).status_code == 302
    gone = Account.objects.get()
    assert (gone.mobile, gone.name, gone.id_number, gone.id_digest, gone.mobile_digest) == (
        "",
        "",
        "",
        "",
        "",
    )
    assert (
        not Person.objects.get(pk=gone.person_id).is_active
        and Person.objects.get(pk=gone.person_id).name == ""
    )
    assert not Draft.objects.filter(number="").exists() and not Attachment.objects.filter(number="").exists()
    assert Authority.objects.get().end == "closed"
    assert Application.objects.get().applicant_name == "张三1"
    assert SignIn.objects.exclude(username__startswith="p").count() == 0
    assert client.get("/my/").status_code == 302
    fresh = actions.enter("19900000001")  # the same number may open a new one
    assert fresh.pk != gone.pk


def test_lists_cost_the_same_with_one_and_three_rows(town, django_assert_num_queries):
    me = account(1)
    for version in (town.food, town.proof):
        window.ask_correction(town.take_in(version), by=town.li, note="缺", materials={1: "补"})
    client = enter(me)
    client.get("/my/")
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as two:
        client.get("/my/")
    window.ask_correction(town.take_in(town.health), by=town.li, note="缺", materials={1: "补"})
    with django_assert_num_queries(len(two)):
        client.get("/my/")
    assert len(two) <= 22


def test_a_new_mobile_is_proved_first_and_told_to_the_old_one(town):
    me, other = account(1), account(2)
    mine = town.accepted()
    theirs = town.accepted(n=2)
    client = enter(me)
    assert 'href="/my/account/mobile/"' in client.get("/my/account/").content.decode()
    assert client.post("/my/account/mobile/", {"mobile": "123"}).status_code == 422
    assert client.post("/my/account/mobile/", {"mobile": "19900000077"}).status_code == 200
    assert client.post("/my/account/mobile/", {"code": "000000"}).status_code == 422
    me.refresh_from_db()
    assert me.mobile == "19900000001"  # nothing before the code
    assert client.post("/my/account/mobile/", {"code": code_of("19900000077")}).url == "/my/account/"
    me.refresh_from_db()
    assert (
        me.mobile == "19900000077" and account_of("19900000077") == me and account_of("19900000001") is None
    )
    mine, theirs = (Application.objects.get(pk=a.pk) for a in (mine, theirs))
    assert (mine.mobile, theirs.mobile) == ("19900000077", "19900000002")
    assert Event.objects.of(mine.number).last().kind == "application.contact"
    told = Message.objects.get(template="mobile_changed")
    assert told.address == "19900000001" and "199" not in told.body and len(told.body) <= 70
    # a number that somebody else has
    assert client.post("/my/account/mobile/", {"mobile": other.mobile}).status_code == 200
    assert client.post("/my/account/mobile/", {"code": code_of(other.mobile)}).url == "/my/account/"
    me.refresh_from_db()
    assert me.mobile == "19900000077"


def test_my_applications_are_found_by_service_number_and_state(town):
    me = account(1)
    food = town.take_in()
    hygiene = town.take_in(town.health)
    window.withdraw(Application.objects.get(pk=hygiene.pk), by=town.li)
    for _n in range(2):
        town.take_in(allow_duplicate=True)
    other = town.take_in(n=2)

    def found(**asked):
        page = enter(me).get("/my/", asked).content.decode().partition("h-cases")[2]
        return {a.number for a in Application.objects.all() if f"/my/cases/{a.number}/" in page}

    assert len(found()) == 4 and other.number not in found()
    assert found(q="卫生许可") == found(q="hygiene") == found(state="done") == {hygiene.number}
    assert found(q=food.number.lower()) == {food.number} and found(q=other.number) == set()
    assert len(found(state="open")) == 3 and len(found(state="sideways")) == 4
    assert "没有符合条件" in enter(me).get("/my/", {"q": "不动产"}).content.decode()
