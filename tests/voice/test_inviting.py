"""Whoever was not asked at a window is asked by message: once, once more, never too often, never too late."""

import re
import threading

import pytest
from django.db import connections

from onewindow.cases import rounds, worker
from onewindow.cases.models import Message
from onewindow.voice import actions, askings, evaluators, inviting
from onewindow.voice.invitation_models import Invitation, InvitationStop, InvitationText
from onewindow.voice.models import Prompt, Review
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
ASKS = ("review_ask", "review_ask_again")


def texts():
    return [(m.template, m.body) for m in Message.objects.filter(template__in=ASKS).order_by("id")]


def later(monday, when):
    monday.move_to(at(when))
    worker.follow()
    rounds.go()
    return [template for template, _body in texts()]


@pytest.fixture
def unseen(town):
    """Accepted at a window without a device."""
    a = town.accepted()
    worker.follow()
    return a


def link():
    return re.search(r"/r/[\w-]+", texts()[-1][1])[0]


def test_who_was_not_asked_at_the_window_is_asked_by_one_message_and_once_more(unseen, monday):
    assert later(monday, "2026-11-23 11:59") == []
    assert later(monday, "2026-11-23 12:00") == ["review_ask"]
    assert later(monday, "2026-11-26 16:59") == ["review_ask"]
    assert later(monday, "2026-11-26 17:00") == ["review_ask", "review_ask_again"]  # three working days on
    assert later(monday, "2026-12-08 10:00") == ["review_ask", "review_ask_again"]
    i = Invitation.objects.get()
    assert (i.state, i.asked, i.due_at, i.who) == ("silent", 2, None, "")


def test_the_texts_fit_into_one_message_and_say_nothing_but_the_matter(unseen, monday, settings):
    Application.objects.update(lang="en")
    later(monday, "2026-11-23 12:00")
    Application.objects.update(lang="zh-hans")
    later(monday, "2026-11-26 17:00")
    for (_template, body), words in zip(texts(), ("ow was our service?", "评不评由您"), strict=True):
        assert len(body) <= 70 and words in body and f"{settings.BASE_URL}/r/" in body
        assert not re.search(r"张三|1990000|239999|A2026", body)


def test_an_unanswered_question_on_the_device_is_followed_by_a_message_and_a_skipped_one_is_not(
    evaluator, town, monday
):
    town.accepted(n=1)
    prompt = evaluator.prompt()
    monday.move_to(at("2026-11-23 10:05"))
    assert evaluator.next().status_code == 204  # it has run out
    town.accepted(n=2)
    skipped = evaluator.prompt()
    evaluators.move_prompt(Prompt.objects.get(key=skipped["id"]), "declined", at("2026-11-23 10:06"))
    assert prompt["id"] != skipped["id"]
    assert later(monday, "2026-11-23 12:30") == ["review_ask"]
    assert [(i.state, i.asked) for i in Invitation.objects.order_by("id")] == [("sent", 1), ("spared", 0)]


def test_a_skip_that_comes_late_from_a_device_that_was_cut_off_ends_the_asking(evaluator, town, monday):
    town.accepted()
    prompt = Prompt.objects.get(key=evaluator.prompt()["id"])
    assert later(monday, "2026-11-23 12:30") == ["review_ask"]
    evaluators.move_prompt(prompt, "declined", at("2026-11-23 10:01"))
    assert later(monday, "2026-11-27 09:00") == ["review_ask"]
    assert Invitation.objects.get().state == "silent"


def test_who_has_rated_is_not_asked(unseen, monday):
    actions.review(unseen, "accepted", level=4)
    assert later(monday, "2026-11-23 12:00") == []
    assert Invitation.objects.get().state == "spared"


def test_who_rates_after_the_first_message_gets_no_second(unseen, monday):
    later(monday, "2026-11-23 12:00")
    actions.review(unseen, "accepted", level=4)
    assert later(monday, "2026-11-27 09:00") == ["review_ask"]
    assert Invitation.objects.get().state == "answered"


def test_what_ends_online_or_by_post_is_asked_about_once_at_its_end(town, monday):
    a = town.take_in(delivery_form="electronic")
    window.accept(a, by=town.li)
    Invitation.objects.all().delete()
    window.decide(a, by=town.wang, result="grant")
    window.deliver(a, by=town.li)
    worker.follow()
    assert [(i.touchpoint, i.place) for i in Invitation.objects.order_by("id")] == [
        ("accepted", "counter"),
        ("delivered", "online"),
    ]
    assert later(monday, "2026-11-23 12:00") == ["review_ask"]  # of two of one person the fresher one
    i = Invitation.objects.get(touchpoint="delivered")
    assert (i.asked, Invitation.objects.get(touchpoint="accepted").asked) == (1, 0)


def test_a_person_is_asked_once_a_day_and_three_times_a_week_however_many_matters(town, monday):
    for n in range(5):
        town.accepted(n=n + 1, applicant=town.applicant(n + 1) | {"mobile": "19900000001"})
    worker.follow()
    asked = []
    for day in ("11-23 12:00", "11-23 18:00", "11-24 09:00", "11-25 09:00", "11-26 09:00", "11-30 09:00"):
        asked.append(len(later(monday, f"2026-{day}")))
    assert asked == [1, 1, 2, 3, 3, 4]
    days = list(InvitationText.objects.values_list("who", "day"))
    assert len(days) == len(set(days)) == 4


def test_nobody_is_asked_at_night_nor_after_the_days_for_reviews(town, monday):
    monday.move_to(at("2026-11-23 20:00"))
    town.accepted()
    worker.follow()
    assert later(monday, "2026-11-23 22:00") == []
    assert later(monday, "2026-11-24 07:59") == []
    assert later(monday, "2026-11-24 08:00") == ["review_ask"]
    town.accepted(n=2)
    worker.follow()
    assert later(monday, "2026-12-09 08:01") == ["review_ask"]  # the worker was down for fifteen days
    assert [i.state for i in Invitation.objects.order_by("id")] == ["silent", "crowded"]


def test_without_a_number_nobody_is_asked_by_message(town, monday):
    a = town.accepted()
    Application.objects.filter(pk=a.pk).update(mobile="")
    worker.follow()
    assert later(monday, "2026-11-23 12:00") == []
    assert Invitation.objects.get().state == "no_way"


def test_the_link_opens_one_question_and_nothing_else_of_the_case(unseen, monday, client):
    later(monday, "2026-11-23 12:00")
    page = client.get(link()).content.decode()
    assert page.count('class="ow-face ') == 5
    assert unseen.track_token not in page and unseen.number not in page and "张三" not in page
    answer = client.post(link(), {"touchpoint": "accepted", "score": "2", "text": "慢"})
    assert answer.url == f"{link()}?thanks=1"
    assert [(r.level, r.channel) for r in Review.objects.all()] == [(2, 7)]
    done = client.get(answer.url).content.decode()
    assert "again=change" in done and unseen.track_token not in done
    client.post(f"{link()}?again=change", {"again": "change", "touchpoint": "accepted", "score": "3"})
    assert [r.level for r in Review.objects.order_by("id")] == [2, 3]


def test_a_wrong_or_old_link_opens_nothing(unseen, monday, client):
    later(monday, "2026-11-23 12:00")
    code = link()[3:]
    wrong = ("A" if code[0] != "A" else "B") + code[1:]
    assert [client.get(f"/r/{c}").status_code for c in (wrong, code + "1", "x", code)] == [404, 404, 404, 200]
    assert inviting.by_code(code[:11] + "0" + code[11:]) is None  # one row, one way to write it
    monday.move_to(at("2026-12-23 10:01"))
    assert client.get(f"/r/{code}").status_code == 404


def test_a_preview_of_a_chat_program_is_no_opening(unseen, monday, client):
    later(monday, "2026-11-23 12:00")
    client.head(link())
    client.get(link(), headers={"User-Agent": "TelegramBot (like TwitterBot)"})
    assert Invitation.objects.get().opened_at is None
    client.get(link(), headers={"User-Agent": "Mozilla/5.0 (Linux; Android 14) MicroMessenger"})
    assert Invitation.objects.get().opened_at == at("2026-11-23 12:00")


def test_who_wants_no_messages_gets_none_and_may_change_his_mind(unseen, town, monday, client):
    later(monday, "2026-11-23 12:00")
    client.post(f"{link()}/stop", {"stop": "1"})
    assert "恢复短信邀评" in client.get(link()).content.decode()
    assert later(monday, "2026-11-27 09:00") == ["review_ask"]
    assert Invitation.objects.get().state == "stopped"
    client.post(f"{link()}/stop", {"again": "1"})
    assert not InvitationStop.objects.exists()
    assert inviting.stop_by_text("19900000001", " TD ") and InvitationStop.objects.count() == 1
    assert not inviting.stop_by_text("19900000001", "2 太慢")


def test_a_worker_that_dies_while_asking_neither_loses_nor_doubles_the_message(unseen, monday, monkeypatch):
    monday.move_to(at("2026-11-23 12:00"))

    def dies(*args, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(inviting, "tell", dies)
        with pytest.raises(KeyboardInterrupt):
            rounds.go()
    i = Invitation.objects.get()
    assert (i.asked, InvitationText.objects.count(), texts()) == (0, 0, [])
    rounds.go()
    stale = i  # a second worker that had read the row before
    inviting.look(stale, at("2026-11-23 12:00"))
    assert [template for template, _body in texts()] == ["review_ask"]


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_ask_one_person_once(town, monday):
    for n in (1, 2):
        town.accepted(n=n, applicant=town.applicant(n) | {"mobile": "19900000001"})
    worker.follow()
    monday.move_to(at("2026-11-23 12:00"))
    rows, start = list(Invitation.objects.all()), threading.Barrier(2)

    def work(i):
        start.wait(timeout=60)
        inviting.look(i, at("2026-11-23 12:00"))
        connections.close_all()

    threads = [threading.Thread(target=work, args=(i,)) for i in rows]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert [template for template, _body in texts()] == ["review_ask"]
    assert sorted(Invitation.objects.values_list("asked", flat=True)) == [0, 1]


def test_the_funnel_counts_each_occasion_once_and_every_step_with_its_n(evaluator, town, monday, client):
    rated, skipped = town.accepted(n=1), town.accepted(n=2)
    worker.follow()
    Prompt.objects.filter(number=skipped.number).update(state="declined", shown_at=at("2026-11-23 10:01"))
    actions.review(rated, "accepted", level=5, channel=4, device=evaluator.device)
    for n in (3, 4, 5):
        town.accepted(n=n)
    later(monday, "2026-11-23 12:00")  # the worker was late: nobody stood at the window any more
    client.get(link())
    client.post(link(), {"touchpoint": "accepted", "score": "5"})
    silent = Invitation.objects.filter(state="sent").first()
    actions.review(
        Application.objects.get(number=silent.number), "accepted", level=3
    )  # by the case's own page
    rows, whole = askings.lines(town.bai, at("2026-11-23 00:00"), at("2026-11-24 00:00"))
    (line,) = rows
    told = {name: line.of(name) for name in askings.STEPS if line.of(name)}
    assert (line.hall, line.place, dict(whole.sums)) == (town.hall, "counter", dict(line.sums))
    assert told == {
        "n": 5, "put": 2, "shown": 1, "device": 1, "skipped": 1, "asked": 3, "opened": 1, "message": 1, "other": 1,
    }  # fmt: skip
    assert (line.answered, line.silent) == (3, 2)
    assert askings.lines(town.zhou, at("2026-11-23 00:00"), at("2026-11-24 00:00"))[1].of("n") == 5
    assert askings.lines(town.li, at("2026-11-23 00:00"), at("2026-11-24 00:00"))[1].of("n") == 0


def test_the_page_of_the_funnel_costs_the_same_for_one_hall_and_for_two(
    town, signed_in, django_assert_num_queries
):
    bureau = signed_in(town.bai)
    town.accepted(n=1)
    worker.follow()
    bureau.get("/desk/reviews/asking/")
    with django_assert_num_queries(6):
        assert "政务服务中心" in bureau.get("/desk/reviews/asking/?days=7").content.decode()
    window.accept(town.take_in(n=2, hall=town.hall2, counter=town.counter2, by=town.ma), by=town.ma)
    town.accepted(n=3)
    worker.follow()
    with django_assert_num_queries(6):
        assert "昌五镇" in bureau.get("/desk/reviews/asking/").content.decode()
    assert bureau.get("/desk/reviews/asking/export.xlsx").status_code == 200
    assert signed_in(town.wang).get("/desk/reviews/asking/").status_code == 403


def test_days_on_which_somebody_was_asked_are_forgotten(unseen, monday):
    later(monday, "2026-11-23 12:00")
    assert inviting.forget(at("2026-11-23 12:00")) == 0
    assert inviting.forget(at("2026-12-24 12:00")) == 1
