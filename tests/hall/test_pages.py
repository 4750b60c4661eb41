"""The pages of the hall: what they say, whom they let in, and what they ask of the database."""

import datetime as dt
import re

import pytest
from django.test import Client

from onewindow.hall import actions, booking, windows
from onewindow.hall.models import Appointment, MatterGroup, Ticket, Visit, Window
from onewindow.org.models import Hall, Post
from onewindow.org.roles import Role
from onewindow.voice.models import Device
from tests.hall.conftest import MORNING
from tests.town import at

pytestmark = pytest.mark.django_db
DO = "/desk/hall/queue/do"
MINUTE = dt.timedelta(minutes=1)


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


# --- ticket machine and phone ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "channel", "goes"), [("/hall/H1/", "phone", ""), ("/hall/H1/kiosk/", "kiosk", "slip")]
)
def test_a_ticket_is_taken_and_followed_without_saying_who_one_is(hall, client, page, channel, goes):
    for _ in range(2):
        hall.take()
    actions.call_next(hall.c03, by=hall.li)
    answer = client.post(page, {"group": ["A"], "priority": ""})
    ticket = Ticket.objects.order_by("-id").first()
    assert answer["Location"] == f"/hall/t/{ticket.visit.key}/{goes}"
    assert (ticket.number, ticket.channel) == ("A003", channel)
    followed = client.get(f"/hall/t/{ticket.visit.key}/")
    assert "前面还有 1 人" in text(followed) and "A003" in text(followed)
    assert "no-store" in followed["Cache-Control"]


@pytest.mark.parametrize("page", ["/", "/items/ZD-MSA-001", "/hall/", "/hall/H1/"])
def test_an_english_page_gives_the_english_address_of_a_hall_and_else_the_chinese_one(hall, client, page):
    Hall.objects.filter(code="H1").update(address="政务路1号", address_en="1 Zhengwu Road")
    Hall.objects.filter(code="H2").update(address="便民街1号")
    chinese = text(client.get(page, follow=True))
    assert "政务路1号" in chinese and "Zhengwu" not in chinese
    client.cookies["ow_lang"] = "en"
    english = text(client.get(page, follow=True))
    assert "1 Zhengwu Road" in english and "政务路" not in english
    assert ("便民街1号" in english) == ("便民街1号" in chinese)  # nobody gave it in English


def test_several_matters_are_one_visit(hall, client):
    client.post("/hall/H1/kiosk/", {"group": ["A", "B"], "priority": "disabled"})
    assert Visit.objects.count() == 1
    assert sorted(Ticket.objects.values_list("number", "priority")) == [
        ("A001", "disabled"),
        ("B001", "disabled"),
    ]


def test_what_is_missing_or_closed_is_said_where_it_is(hall, client, clock):
    answer = client.post("/hall/H1/", {"group": []})
    assert answer.status_code == 422 and "请选择您要办的业务" in text(answer)
    clock.move_to(at("2026-11-23 17:30"))
    answer = client.get("/hall/H1/")
    assert "今天已停止取号：大厅 17:00 下班，请预约。" in text(answer)
    assert client.post("/hall/H1/", {"group": ["A"]}).status_code == 422
    assert not Ticket.objects.exists()


def test_a_phone_network_is_limited_and_the_machine_of_the_hall_is_not(hall, client, signed_in):
    for _ in range(30):
        assert client.post("/hall/H1/", {"group": ["B"]}).status_code == 302
    answer = client.post("/hall/H1/kiosk/", {"group": ["B"]})
    assert answer.status_code == 429 and "请到大厅取号机取号" in text(answer)
    machine = signed_in(hall.zhou)
    assert machine.post("/desk/hall/kiosk", {"hall": "H1"})["Location"] == "/hall/H1/kiosk/"
    machine = Client()
    machine.cookies["ow_kiosk"] = client.cookies["ow_kiosk"].value
    assert machine.post("/hall/H1/kiosk/", {"group": ["B"]}).status_code == 302
    assert Ticket.objects.count() == 31


def test_a_ticket_is_given_back_and_come_back_to_on_the_phone(hall, client):
    ticket = hall.take()
    page = f"/hall/t/{ticket.visit.key}/"
    called = hall.call()
    for _ in range(2):
        actions.recall(called, by=hall.li)
    actions.pass_(called, by=hall.li)
    assert "您已过号" in text(client.get(page))
    client.post(page, {"ticket": ticket.key, "act": "return"})
    assert (
        client.post(page, {"ticket": ticket.key, "act": "return"}).status_code == 422
    )  # it is waiting already
    client.post(page, {"ticket": ticket.key, "act": "leave"})
    ticket.refresh_from_db()
    assert ticket.state == "left"
    assert (
        client.post(page, {"ticket": hall.take().key, "act": "leave"}).status_code == 404
    )  # of another visit


def test_an_unknown_key_or_hall_is_not_found(hall, client, town):
    for page in (
        "/hall/t/nothing/",
        "/hall/b/nothing/",
        "/hall/H9/",
        "/hall/H2/board/",
        "/hall/H1/window/99/",
    ):
        assert client.get(page).status_code == 404, page


# --- appointments ---------------------------------------------------------------------------------------------


@pytest.fixture
def bookable(hall):
    hall.a.slot_capacity = 2
    hall.a.save()
    return hall


def test_a_time_is_booked_without_a_name_and_checked_in_by_its_code(bookable, client, clock):
    slot = at("2026-11-23 14:00")
    answer = client.post("/hall/H1/book/", {"group": "A", "starts_at": slot.isoformat()})
    appointment = Appointment.objects.get()
    assert answer["Location"] == f"/hall/b/{appointment.key}/"
    page = client.get(answer["Location"])
    assert f"{appointment.code[:3]} {appointment.code[3:]}" in text(page)
    answer = client.post("/hall/H1/kiosk/", {"code": appointment.code})
    assert "您的预约时段 14:00 开始，可提前 15 分钟签到。" in text(answer)
    clock.move_to(at("2026-11-23 14:05"))
    bookable.take(), bookable.take()
    answer = client.post("/hall/H1/kiosk/", {"code": appointment.code})
    assert answer.status_code == 302
    assert bookable.call().appointment == appointment
    assert client.post("/hall/H1/kiosk/", {"code": appointment.code}).status_code == 422


@pytest.mark.parametrize(
    ("arrives", "order"),
    [
        ("13:50", ["A003", "A001", "A002"]),  # early: waits like the others, ahead once the slot has begun
        ("14:29", ["A003", "A001", "A002"]),
        ("14:40", ["A003", "A001", "A002"]),  # within the grace
        ("14:41", ["A001", "A002", "A003"]),  # late: like everybody else
    ],
)
def test_within_its_slot_an_appointment_goes_ahead_without_queuing_again(bookable, clock, arrives, order):
    appointment = booking.book(bookable.a, at("2026-11-23 14:00"))
    clock.move_to(at("2026-11-23 13:45"))
    bookable.take(), bookable.take(priority="elderly")
    clock.move_to(at(f"2026-11-23 {arrives}"))
    booking.check_in(appointment)
    clock.move_to(at("2026-11-23 14:45"))
    expected = [
        "A002" if n == "A001" else "A001" if n == "A002" else n for n in order
    ]  # the elder has a head start
    assert [bookable.served(bookable.call()).number for _ in range(3)] == expected


def test_before_its_slot_an_appointment_passes_nobody(bookable, clock):
    appointment = booking.book(bookable.a, at("2026-11-23 14:00"))
    clock.move_to(at("2026-11-23 13:50"))
    bookable.take()
    booking.check_in(appointment)
    assert bookable.call().number == "A001"


def test_a_slot_holds_as_many_as_it_should_and_a_cancelled_place_is_free(bookable, client):
    slot = at("2026-11-24 09:00")
    first, _second = booking.book(bookable.a, slot), booking.book(bookable.a, slot)
    answer = client.post("/hall/H1/book/", {"group": "A", "starts_at": slot.isoformat()})
    assert answer.status_code == 422 and "该时段刚刚约满" in text(answer)
    client.post(f"/hall/b/{first.key}/", {"act": "cancel"})
    assert client.post("/hall/H1/book/", {"group": "A", "starts_at": slot.isoformat()}).status_code == 302
    assert Appointment.objects.filter(state="booked").count() == 2


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "soon",
        "2026-11-24T09:07:00+08:00",
        "2026-11-22T09:00:00+08:00",
        "2027-11-24T09:00:00+08:00",
        "2026-11-24T09:00:00",
    ],
)
def test_only_offered_times_can_be_booked(bookable, client, wrong):
    assert client.post("/hall/H1/book/", {"group": "A", "starts_at": wrong}).status_code == 422
    assert not Appointment.objects.exists()


def test_who_does_not_come_is_noted_the_day_after(bookable, clock):
    appointment = booking.book(bookable.a, at("2026-11-23 14:00"))
    clock.move_to(at("2026-11-23 23:00"))
    assert booking.close_slots() == 0
    clock.move_to(at("2026-11-24 08:00"))
    assert booking.close_slots() == 1
    appointment.refresh_from_db()
    assert appointment.state == "missed"


# --- the clerk ------------------------------------------------------------------------------------------------


def test_the_queue_stands_in_the_top_bar_of_the_counter(hall, signed_in):
    client = signed_in(hall.li)
    hall.take()
    for page in (
        "/desk/counter/",
        "/desk/counter/today/",
        "/desk/counter/handouts/",
        "/desk/counter/together/",
    ):
        assert "呼叫下一位 F2" in text(client.get(page)), page
    answer = client.post(DO, {"act": "next", "next": "/desk/counter/"})
    assert answer["Location"] == "/desk/counter/"
    assert "A001" in text(client.get("/desk/counter/"))


def test_a_hall_without_queues_shows_none(town, clock, signed_in):
    client = signed_in(town.li)
    assert "呼叫下一位" not in text(client.get("/desk/counter/"))
    assert "没有排队业务" in text(client.get("/desk/hall/queue/"))
    assert client.post(DO, {"act": "next"}).status_code == 404


def test_the_way_of_a_ticket_through_the_clerks_buttons(hall, signed_in):
    client = signed_in(hall.li)
    one, two, three = hall.take(), hall.take(), hall.take()
    script = {"headers": {"HX-Request": "true"}}
    assert "A001" in text(client.post(DO, {"act": "next"}, **script))
    assert "须叫满 3 次" in text(client.post(DO, {"act": "pass"}, **script))
    client.post(DO, {"act": "recall"}), client.post(DO, {"act": "recall"})
    client.post(DO, {"act": "pass", "then": "next"})
    client.post(DO, {"act": "arrive"})
    assert "请写明未能办成的原因" in text(
        client.post(DO, {"act": "finish", "outcome": "could_not"}, **script)
    )
    client.post(DO, {"act": "hold", "reason": "复印"})
    client.post(DO, {"act": "resume", "ticket": two.key})
    client.post(DO, {"act": "also", "group": hall.b.pk, "priority": ""})
    client.post(DO, {"act": "finish", "outcome": "consulted", "then": "next"})
    client.post(DO, {"act": "arrive"})
    client.post(DO, {"act": "transfer", "group": hall.b.pk, "reason": "取错"})
    client.post(DO, {"act": "return", "ticket": one.key})
    client.post(DO, {"act": "call", "ticket": one.key, "reason": "老人不适"})
    states = {t.number: (t.state, t.group.letter, t.outcome) for t in Ticket.objects.select_related("group")}
    assert states == {
        "A001": ("called", "A", ""),
        "A002": ("finished", "A", "consulted"),
        "A003": ("waiting", "B", ""),
        "B001": ("waiting", "B", ""),
    }
    assert three.events.filter(kind="transferred").get().reason == "取错"


def test_a_clerk_acts_only_at_the_own_window(hall, signed_in):
    hall.take()
    ticket = hall.call(hall.c04, hall.sun)
    client = signed_in(hall.li)
    client.post(DO, {"act": "arrive", "ticket": ticket.key})
    ticket.refresh_from_db()
    assert ticket.state == "called"
    other = signed_in(hall.town.ma)  # of another hall, which has no queue
    assert other.post(DO, {"act": "arrive", "ticket": ticket.key}).status_code == 404


def test_back_only_to_a_page_of_ours(hall, signed_in):
    answer = signed_in(hall.li).post(DO, {"act": "next", "next": "https://elsewhere.example/"})
    assert answer["Location"] == "/desk/hall/queue/"


def test_the_sign_of_a_window_says_why_and_until_when(hall, signed_in, client):
    signed_in(hall.li).post(DO, {"act": "suspend", "reason": "meal", "minutes": "30"})
    assert "用餐，预计 10:30 恢复" in text(client.get("/hall/H1/window/03/"))
    board = text(client.get("/hall/H1/board/"))
    assert "综合受理窗口 03 用餐 至 10:30" in board
    assert client.post(DO, {"act": "suspend", "reason": ""}).status_code == 422
    client.post(DO, {"act": "open"})
    assert Window.objects.get().state == "open"


# --- display --------------------------------------------------------------------------------------------------


def test_the_display_shows_calls_and_the_log_with_the_reason_of_a_call_out_of_order(hall, client):
    hall.take(), hall.take()
    other = hall.take()
    hall.call()
    actions.call(other, hall.c04, by=hall.sun, reason="急救")
    shown = text(client.get("/hall/H1/board/now"))
    assert "A001 综合受理窗口 03" in shown and "A003 综合受理窗口 04" in shown
    assert "特别叫号：急救" in shown and "李窗口" not in shown


def test_the_display_asks_the_same_of_the_database_for_one_and_for_many(
    hall, client, django_assert_num_queries
):
    for more in (1, 9):
        for _ in range(more):
            hall.take()
        if more == 1:
            client.get("/hall/H1/board/now")
        with django_assert_num_queries(8):
            client.get("/hall/H1/board/now")


# --- the manager ----------------------------------------------------------------------------------------------


def test_the_manager_sees_waits_windows_and_where_to_open_another(hall, signed_in, clock):
    client = signed_in(hall.zhou)
    hall.take()
    hall.call()
    for _ in range(3):
        hall.take()
    clock.shift(3 * MINUTE)
    page = text(client.get("/desk/hall/"))
    assert "现在取号预计等候约 37 分钟，超过 15 分钟" in page
    assert "建议增开综合受理窗口 04，增开后约 17 分钟" in page


def test_two_queues_that_one_window_helps_are_one_advice_with_the_longer_wait(hall, signed_in):
    hall.a.counters.set([hall.c04])
    hall.take()
    hall.take(hall.b)
    page = signed_in(hall.zhou).get("/desk/hall/")
    (advice,) = page.context["seen"].advice
    assert (advice.groups, advice.counter, advice.wait, advice.wait_then) == (
        (hall.a, hall.b), hall.c04, None, 14 * 60,
    )  # fmt: skip
    assert page.content.decode().count("hl-advice") == 1


def test_lists_ask_the_same_of_the_database_for_one_row_and_for_many(
    hall, signed_in, django_assert_num_queries
):
    client = signed_in(hall.zhou)
    client.get("/desk/hall/")  # the menu, the parameters and lengths are kept
    for more in (1, 3):
        for _ in range(more):
            hall.take()
        with django_assert_num_queries(18):  # one of them: are the ticket machines paired
            client.get("/desk/hall/")
        with django_assert_num_queries(11):
            assert client.get("/desk/hall/tickets/").status_code == 200


def test_tickets_are_found_by_what_is_striking_and_exported(hall, signed_in):
    client = signed_in(hall.zhou)
    first, second = hall.take(), hall.take()
    actions.call(second, hall.c03, by=hall.li, reason="急")
    hall.served(Ticket.objects.get(pk=second.pk))

    def found(**query):
        return re.findall(
            r'<b class="ow-num">(A\d+)</b>', client.get("/desk/hall/tickets/", query).content.decode()
        )

    assert found() == ["A002", "A001"]
    assert found(odd="over") == ["A001"]
    assert found(odd="order") == ["A002"]
    assert found(odd="unlinked") == ["A002"]
    assert found(odd="stuck") == []
    assert found(state="waiting") == [first.number]
    assert found(q="a002") == ["A002"]
    assert found(group="nonsense", since="never") == ["A002", "A001"]
    assert client.get("/desk/hall/tickets/export.xlsx")["Content-Type"].endswith("sheet")


def test_queues_are_kept_by_the_manager_of_the_hall_alone(hall, signed_in):
    given = {
        "letter": "c", "name": "婚姻登记", "name_en": "Marriage", "is_open": "on", "counters": [hall.c04.pk], "items": [],
        "average_minutes": 15, "daily_limit": 40, "holder_limit": 0, "cut_off_minutes": 20, "slot_capacity": 1, "slot_minutes": 20,
    }  # fmt: skip
    client = signed_in(hall.zhou)
    assert client.post("/desk/hall/groups/new/?hall=H1", given).status_code == 302
    assert MatterGroup.objects.get(letter="C").hall == hall.town.hall
    twice = client.post("/desk/hall/groups/new/?hall=H1", given | {"average_minutes": 0, "slot_minutes": 1})
    assert twice.status_code == 422
    for said in ("本大厅另一项排队业务已使用该字母", "请填 1 至 240 之间的数", "请填 5 至 240 之间的数"):
        assert said in text(twice)
    foreign = client.post(
        "/desk/hall/groups/A/?hall=H1", given | {"letter": "A", "counters": [hall.town.counter2.pk]}
    )
    assert foreign.status_code == 422
    for who in (hall.town.bai, hall.town.leader, hall.li):
        assert signed_in(who).post("/desk/hall/groups/A/?hall=H1", given | {"letter": "A"}).status_code == 403
    assert signed_in(hall.zhou).get("/desk/hall/groups/?hall=H2").status_code == 404


def test_a_shift_is_planned_judged_by_the_windows_record_and_taken_over(hall, signed_in, clock):
    client = signed_in(hall.zhou)
    given = {
        "hall": "H1",
        "day": "2026-11-23",
        "counter": hall.c03.pk,
        "half": ["am", "pm"],
        "person": hall.li.pk,
    }
    assert client.post("/desk/hall/shifts/", given).status_code == 302
    clash = client.post("/desk/hall/shifts/", given | {"counter": hall.c04.pk})
    assert clash.status_code == 422 and "该时段已排在其他窗口" in text(clash)
    assert "缺勤" in text(client.get("/desk/hall/shifts/?day=2026-11-23"))
    hall.take(), hall.call()  # opens the window at 10:00: an hour and a half late
    assert "迟到" in text(client.get("/desk/hall/shifts/?day=2026-11-23"))
    client.post("/desk/hall/shifts/", {"hall": "H1", "day": "2026-11-24", "copy": "1"})
    assert "李窗口" in text(client.get("/desk/hall/shifts/?day=2026-11-24"))
    assert client.get("/desk/hall/shifts/export.xlsx?day=2026-11-24").status_code == 200
    assert client.get("/desk/hall/shifts/?day=2026-99-99").status_code == 200


def test_waits_by_hall_and_hour_with_the_error_of_the_prediction(hall, signed_in, clock):
    client = signed_in(hall.zhou)
    hall.call()  # opens the window: from now on a wait can be told
    for _ in range(4):
        hall.take()
    for _ in range(4):
        hall.served(hall.call())
        clock.shift(6 * MINUTE)
    page = text(client.get("/desk/hall/waits/?days=1"))
    assert "6.0 / 18.0" in page  # 0, 6, 12, 18 minutes
    assert "近 30 天 4 个号，实际等候与告知相差 6.0 分钟（中位数）" in page  # told 0, 10, 20, 30


def test_the_bureau_sees_every_hall_and_a_manager_only_the_own(hall, signed_in, town):
    ma_hall = Post.objects.create(
        person=town.ma, role=Role.HALL_MANAGER, office=town.bureau, hall=town.hall2, starts_on=MORNING.date()
    )
    hall.take()
    assert signed_in(town.bai).get("/desk/hall/?hall=H1").status_code == 200
    assert signed_in(town.ma).get("/desk/hall/?hall=H1").status_code == 404
    assert "A001" not in text(signed_in(town.ma).get("/desk/hall/tickets/"))
    assert ma_hall.hall_id == town.hall2.pk


def test_an_ending_without_its_reason_keeps_what_was_chosen_and_says_where(hall, signed_in):
    ticket = hall.take()
    hall.call()
    actions.arrive(Ticket.objects.get(pk=ticket.pk), by=hall.li)
    answer = signed_in(hall.li).post(DO, {"act": "finish", "outcome": "could_not", "then": "next"})
    page = answer.content.decode()
    assert (answer.status_code, Ticket.objects.get(pk=ticket.pk).state) == (422, "serving")
    assert re.search(r'value="could_not"[^>]* checked', page)
    assert re.search(r'name="reason"[^>]*data-focus', page)
    assert "请写明未能办成的原因" in page


def test_a_transfer_without_its_reason_is_answered_where_it_was_asked_for(hall, signed_in):
    hall.take()
    hall.call()
    page = signed_in(hall.li).post(DO, {"act": "transfer", "group": hall.b.pk, "reason": ""}).content.decode()
    part = re.search(r'<details class="ow-more" open>.*?</details>', page, re.S)
    assert part and re.search(r'id="t_reason"[^>]*data-focus|data-focus[^>]*id="t_reason"', part[0])
    assert "ow-err" in part[0]


def test_an_appointment_is_not_cancelled_by_one_tap(bookable, client):
    a = booking.book(bookable.a, at("2026-11-23 14:00"))
    page = client.get(f"/hall/b/{a.key}/").content.decode()
    asked = re.search(r"<details[^>]*>(.*?)</details>", page, re.S)[1]
    assert page.count('value="cancel"') == asked.count('value="cancel"') == 1


def test_shifts_taken_over_twice_are_not_said_to_be_so_again(hall, signed_in):
    windows.plan(hall.c03, hall.li, at("2026-11-20 09:00").date(), "am", by=hall.zhou)
    client = signed_in(hall.zhou)
    first, second = (client.post("/desk/hall/shifts/", {"copy": "1"}, follow=True) for _ in range(2))
    assert "已沿用 1 个班次" in text(first)
    assert "没有可沿用的班次" in text(second) and "已沿用" not in text(second)


def test_a_slip_of_the_thumb_does_not_give_a_place_away(hall, client):
    visit = hall.take().visit
    page = client.get(f"/hall/t/{visit.key}/").content.decode()
    asked = re.search(r"<details[^>]*>(.*?)</details>", page, re.S)[1]
    assert page.count('value="leave"') == asked.count('value="leave"') == 1
    assert "放弃 A001" in re.sub(r"<[^>]+>", "", asked)


DEEDS = (
    "next", "recall", "arrive", "pass", "hold", "resume", "return", "finish", "transfer", "also", "call", "take",
    "check_in", "open", "close", "suspend", "nonsense",
)  # fmt: skip


@pytest.mark.parametrize("said", ["\0", "x" * 5000, "‮𠀀<b>", "9" * 30])
def test_no_deed_at_a_window_falls_over_what_is_sent(hall, signed_in, said):
    hall.take()
    ticket = hall.call()
    names = ("reason", "group", "outcome", "code", "minutes", "priority", "then", "next")
    client = signed_in(hall.li)
    for act in DEEDS:
        for key in (ticket.key, said):
            answer = client.post(DO, {"act": act, "ticket": key} | dict.fromkeys(names, said))
            assert answer.status_code in (302, 422), (act, answer.status_code)


def test_a_hall_with_paired_machines_offers_no_mark_that_is_worth_nothing(hall, signed_in):
    client = signed_in(hall.zhou)
    assert "设本机为取号机" in text(client.get("/desk/hall/"))
    Device.objects.create(code="K1", kind="kiosk", hall=hall.town.hall, state="active", paired_at=MORNING)
    assert "设本机为取号机" not in text(client.get("/desk/hall/"))
