"""A late case climbs its ladder: each rung once, told to those who hold the post, and nobody to tell is an alarm.

Law: 优化营商环境条例（国务院令第722号）36 – late units state the reason and publish it; the ladder itself is rules.md 15.
"""

import threading

import pytest
import time_machine
from django.db import IntegrityError, connection, connections, transaction
from django.db.utils import DatabaseError
from django.test.utils import CaptureQueriesContext

from onewindow.cases import cards, desk, rungs
from onewindow.cases.chain import breaks
from onewindow.cases.flow import FLOWS, StepRefused
from onewindow.cases.models import Card, CardReply, Event, Notice, Rung
from onewindow.cases.worker import follow, wake
from onewindow.org.models import Post
from onewindow.window import actions
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture(autouse=True)
def monday(db):
    """food: 5 working days promised (until 30 November, 17:00), 10 by law (until 7 December). The back office, which never
    confirms here, is not reminded of it: that is another ladder (tests/approvals/test_back_office.py)."""
    Rung.objects.create(
        kind="confirm", code="notice", measure="promise", after="90wd", roles=["bureau"], todo="核实原因"
    )
    rungs.forget()
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock
    rungs.forget()


@pytest.fixture
def sign_in(client):
    def by(person):
        client.force_login(person, backend=BACKEND)
        return client

    return by


def work():
    while wake() + follow():
        pass


def told(person):
    return sorted(Notice.objects.filter(person=person).values_list("kind", flat=True))


def issued(number):
    return [(c.code, c.issued_at) for c in Card.objects.of(number)]


def test_each_rung_is_climbed_once_at_its_minute_and_told_to_its_post(town, monday):
    a = town.accepted()
    seen = {}
    for moment in (
        "2026-11-30 17:00", "2026-11-30 17:01", "2026-12-01 17:00", "2026-12-01 17:01", "2026-12-03 17:01", "2026-12-07 17:01",
    ):  # fmt: skip
        monday.move_to(at(moment))
        work()
        seen[moment] = [code for code, _ in issued(a.number)]
    assert seen == {
        "2026-11-30 17:00": [],
        "2026-11-30 17:01": ["yellow"],
        "2026-12-01 17:00": ["yellow"],
        "2026-12-01 17:01": ["yellow", "supervise"],
        "2026-12-03 17:01": ["yellow", "supervise", "notice"],
        "2026-12-07 17:01": ["yellow", "supervise", "notice", "transfer", "red"],
    }
    assert told(town.wang) == ["card.red", "card.yellow"]
    assert told(town.head) == ["card.red", "card.supervise"]
    assert told(town.bai) == ["card.notice", "card.red"]
    assert told(town.leader) == ["card.transfer"]
    assert told(town.qian) == told(town.li) == told(town.it) == []
    card = Card.objects.get(code="yellow")
    assert (card.office, card.hall, card.limit_at) == (town.msa, None, at("2026-11-30 17:00"))
    a.refresh_from_db()
    assert (
        a.wake_at == a.remind_at and list(breaks(Event.objects.of(a.number))) == []
    )  # nothing of this ladder
    monday.move_to(at("2026-12-20 10:00"))
    work()
    assert Card.objects.count() == 5


def test_a_worker_that_slept_for_a_week_issues_what_it_missed_and_nothing_twice(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-12-04 09:00"))
    work()
    work()
    assert [code for code, _ in issued(a.number)] == ["yellow", "supervise", "notice"]
    assert [e.verb for e in Event.objects.of(a.number)][2:] == ["light", "card", "card", "card"]


def test_promise_and_statute_that_end_together_bring_the_red_card_alone(town, monday):
    town.food.promised_limit = "10wd"
    town.food.save()
    a = town.accepted()
    monday.move_to(at("2026-12-07 17:01"))
    work()
    assert [code for code, _ in issued(a.number)] == ["red"]


def test_a_case_that_stands_still_climbs_no_further_until_it_runs_on(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-11-30 17:01"))
    work()
    a.refresh_from_db()
    actions.suspend(a, by=town.wang, reason="hearing", notice="听证（预计 5 个工作日）", days=5)
    monday.move_to(at("2026-12-04 18:00"))
    work()
    assert [code for code, _ in issued(a.number)] == ["yellow"]
    a.refresh_from_db()
    actions.resume(a, by=town.wang)
    monday.move_to(at("2026-12-07 17:01"))
    work()
    assert [code for code, _ in issued(a.number)] == ["yellow", "supervise"]


def test_an_extension_begins_the_ladder_anew(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-11-30 17:01"))
    work()
    a.refresh_from_db()
    actions.extend(a, by=town.head, reason="情况复杂")
    monday.move_to(at("2026-12-07 17:01"))
    work()
    assert [code for code, _ in issued(a.number)] == ["yellow", "yellow"]


def test_what_waits_at_the_window_is_the_hall_s_to_answer_for(town, monday):
    a = town.accepted()
    actions.decide(a, by=town.wang, result="grant")
    monday.move_to(at("2026-12-09 09:00"))  # ten working days to hand it over: 7 December
    work()
    card = Card.objects.get(code="red")
    assert (card.hall, card.person) == (town.hall, None)
    assert told(town.li) == ["card.red"] and told(town.zhou)[-2:] == ["card.red", "card.supervise"]
    assert told(town.wang) == told(town.head) == []
    assert cards.to_answer(town.li) == 2 and cards.to_answer(town.wang) == 0


def test_nobody_to_tell_is_an_alarm_for_bureau_and_administrator_once_a_day(town, monday):
    Post.objects.filter(person=town.head).update(ends_on="2026-11-25")
    for n in (1, 2):
        town.accepted(n=n)
    monday.move_to(at("2026-12-01 17:01"))
    work()
    assert told(town.bai) == told(town.it) == ["nobody"]
    assert {tuple(c.untold) for c in Card.objects.filter(code="supervise")} == {("head",)}
    from onewindow.cases.notices import words

    assert (
        words(Notice.objects.filter(person=town.it).get())
        == "市场监督管理局的“部门负责人”岗位无人在岗，督办信息无人接收"
    )


def test_a_county_s_own_ladder_takes_the_place_of_the_default(town, monday):
    Rung.objects.create(
        kind="application", code="supervise", measure="promise", after="2wd", roles=["head"], todo="督办"
    )
    rungs.forget()
    a = town.accepted()
    monday.move_to(at("2026-12-02 17:01"))
    work()
    assert [code for code, _ in issued(a.number)] == ["supervise"]


def test_a_card_can_be_neither_changed_nor_deleted(town, monday):
    town.accepted()
    monday.move_to(at("2026-11-30 17:01"))
    work()
    for act in (lambda: Card.objects.update(todo="x"), lambda: Card.objects.all().delete()):
        with pytest.raises((DatabaseError, IntegrityError)), transaction.atomic():
            act()


def late_card(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-11-30 17:01"))
    work()
    return a, Card.objects.get()


def test_a_late_unit_states_its_reason_and_the_applicant_reads_it(town, monday, sign_in, client):
    """优化营商环境条例 36: 未按期办理的应当公开说明原因。"""
    a, card = late_card(town, monday)
    wang = sign_in(town.wang)
    assert wang.get("/desk/cards/").context["waiting"] == 1
    assert wang.post(f"/desk/cards/{card.pk}/", {"seen": "1"}).status_code == 302
    assert wang.post(f"/desk/cards/{card.pk}/", {"answered": "1", "text": " "}).status_code == 422
    assert (
        wang.post(f"/desk/cards/{card.pk}/", {"answered": "1", "text": "现场核查排期延后"}).status_code == 302
    )
    assert cards.to_answer(town.wang) == 0
    assert "现场核查排期延后" in client.get(a.track_path).content.decode()
    assert "现场核查排期延后" in wang.get(f"/desk/{a.number}/").content.decode()
    assert [r.kind for r in CardReply.objects.order_by("id")] == ["seen", "answered"]
    a.refresh_from_db()
    assert list(breaks(Event.objects.of(a.number))) == [] and a.version == Event.objects.of(a.number).count()


def test_only_the_bureau_revokes_a_card_and_both_stay_visible(town, monday, sign_in):
    a, card = late_card(town, monday)
    for person in (town.wang, town.head, town.leader):
        with pytest.raises(StepRefused):
            cards.reply(card, "revoked", by=person, text="错发")
    client = sign_in(town.bai)
    client.post(f"/desk/cards/{card.pk}/", {"revoked": "1", "text": "系统停机期间误发"})
    page = client.get("/desk/cards/?state=revoked").content.decode()
    assert "已撤销" in page and "系统停机期间误发" in client.get(f"/desk/{a.number}/").content.decode()
    with pytest.raises(StepRefused):
        cards.reply(card, "answered", by=town.wang, text="迟")
    work()
    assert Card.objects.count() == 1  # what was revoked is not issued again for the same lateness


def test_cards_are_seen_by_their_unit_and_by_those_who_watch(town, monday, sign_in):
    _a, card = late_card(town, monday)
    for who, status in (
        ("wang", 200),
        ("head", 200),
        ("bai", 200),
        ("leader", 200),
        ("qian", 404),
        ("ma", 404),
        ("it", 404),
    ):
        client = sign_in(getattr(town, who))
        assert client.get(f"/desk/cards/{card.pk}/").status_code == status, who
        assert len(client.get("/desk/cards/").context["lines"]) == (status == 200), who
    assert sign_in(town.firm).get("/desk/cards/").status_code == 403
    assert sign_in(town.bai).get("/desk/cards/export.xlsx").status_code == 200


def test_filters_of_the_list_of_cards_narrow_it(town, monday, sign_in):
    late_card(town, monday)
    client = sign_in(town.bai)

    def n(**query):
        return len(client.get("/desk/cards/", query).context["lines"])

    assert n() == n(code="yellow") == n(state="open") == n(office="MSA") == n(issued_from="2026-11-30") == 1
    assert (
        n(code="red")
        == n(state="untold")
        == n(office="HEALTH")
        == n(issued_from="2026-12-01")
        == n(hall="H1")
        == 0
    )
    assert n(code="rubbish", issued_to="31.2.2026") == 1


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_of_cards_takes_the_same_number_of_queries_for_three_as_for_one(town, monday, sign_in, n):
    for i in range(n):
        town.accepted(n=i + 1)
    monday.move_to(at("2026-11-30 17:01"))
    work()
    client = sign_in(town.wang)
    client.get("/desk/cards/")
    with CaptureQueriesContext(connection) as taken:
        client.get("/desk/cards/")
    # session, person, posts, cards, replies, waiting, red dot of cards, bell; red dot of the desk for each kind of case
    assert len(taken) == 8 + len(desk.KINDS), "\n".join(q["sql"][:140] for q in taken)


def test_many_late_cases_climb_once_each_however_often_the_worker_runs(town, monday):
    for n in range(1, 61):
        town.accepted(n=n)
    monday.move_to(at("2026-12-01 17:01"))
    rounds = 0
    while wake(25) + follow(25):
        rounds += 1
    assert Card.objects.count() == 120 and Card.objects.values("number").distinct().count() == 60
    assert Notice.objects.count() == 120
    with CaptureQueriesContext(connection) as taken:
        assert wake() == 0
    assert len(taken) == len(FLOWS)  # one question a kind: what waits for nothing is not even looked at


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_issue_each_card_once(town, monday):
    for n in range(1, 9):
        town.accepted(n=n)
    monday.move_to(at("2026-12-01 17:01"))
    errors = []

    def run():
        try:
            for _ in range(4):
                wake()
                follow()
        except Exception as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work()
    assert errors == [] and Card.objects.count() == 16 and Notice.objects.count() == 16
    for a in Application.objects.all():
        assert a.version == Event.objects.of(a.number).count() == 5
        assert list(breaks(Event.objects.of(a.number))) == []


# --- between two rounds of the worker ----------------------------------------------------------------------


def deeds(number):
    return [(e.verb, e.by) for e in Event.objects.of(number)][2:]


@pytest.mark.parametrize(
    ("moment", "cards_"),
    [
        ("2026-11-30 17:00", []),
        ("2026-11-30 17:01", ["yellow"]),
        ("2026-12-04 09:00", ["yellow", "supervise", "notice"]),
        ("2026-12-08 09:00", ["yellow", "supervise", "notice", "transfer", "red"]),
    ],
)
def test_who_decides_late_before_the_worker_s_turn_does_not_escape_the_card(town, monday, moment, cards_):
    """Bug: the step ended the clock, and the worker found nothing running."""
    a = town.accepted()
    monday.move_to(at(moment))
    actions.decide(a, by=town.wang, version=2, result="grant")
    assert sorted(code for code, _ in issued(a.number)) == sorted(cards_)
    turned = [("light", "clock")] if cards_ else []
    assert deeds(a.number) == [*turned, *[("card", "clock")] * len(cards_), ("decide", "wang")]
    work()
    assert len(issued(a.number)) == len(cards_)
    assert Application.objects.get(pk=a.pk).version == a.version
    assert list(breaks(Event.objects.of(a.number))) == []
    assert told(town.wang) == [f"card.{code}" for code in ("red", "yellow") if code in cards_]


def test_the_worker_s_card_is_not_issued_again_by_the_step(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-11-30 17:01"))
    work()
    a.refresh_from_db()
    monday.move_to(at("2026-12-01 17:30"))  # the next rung has been reached meanwhile
    actions.decide(a, by=town.wang, result="grant")
    assert [code for code, _ in issued(a.number)] == ["yellow", "supervise"]
    assert deeds(a.number) == [
        ("light", "clock"), ("card", "clock"), ("card", "clock"), ("decide", "wang"),
    ]  # fmt: skip


def test_stopping_and_extending_a_late_case_hide_nothing_either(town, monday):
    a, b = town.accepted(), town.accepted(n=2)
    monday.move_to(at("2026-11-30 17:01"))
    actions.suspend(a, by=town.wang, reason="hearing", notice="听证（预计 5 个工作日）", days=5)
    actions.extend(b, by=town.head, reason="案情复杂")
    assert [code for code, _ in issued(a.number) + issued(b.number)] == ["yellow", "yellow"]


def test_a_step_that_is_refused_issues_no_card(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-11-30 17:01"))
    with pytest.raises(StepRefused):
        actions.decide(a, by=town.qian, result="grant")
    assert issued(a.number) == [] and Event.objects.of(a.number).count() == a.version == 2
