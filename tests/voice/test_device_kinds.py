"""Displays, ticket machines and feedback stands: paired like an evaluator, but of a hall and of no window."""

import csv
import io

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from onewindow.hall.models import MatterGroup, Ticket
from onewindow.voice import enrol, placing, stands, watch
from onewindow.voice.device_models import DeviceAlarm, HallVerdict, WindowVerdict
from onewindow.voice.models import Device, DeviceAssignment, Review
from tests.town import at
from tests.voice.conftest import Evaluator

pytestmark = pytest.mark.django_db


def offered(client, kind):
    said = {"kind": kind, "model": "screen"}
    return client.post("/api/device/v1/pair", said, content_type="application/json").json()


@pytest.fixture
def put(client, town):
    """Pairs a device of the hall, as its manager does by a slip."""

    def made(kind, place="入口左侧"):
        slip = enrol.print_for([enrol.Spot(kind, town.hall, None, place)], by=town.zhou)[0]
        device, secret = enrol.enrol(slip.token, kind=kind)
        return Evaluator(client, device, secret)

    return made


def test_a_device_says_what_it_is_and_its_manager_sees_that_before_confirming(town, client, signed_in):
    screen = offered(client, "signage")
    signed_in(town.zhou)
    said = {"code": screen["user_code"]}
    asks = client.post("/desk/devices/pair/?lang=en", said)
    assert (asks.status_code, Device.objects.count()) == (200, 0)
    assert "Display of the hall: where does it stand?" in asks.content.decode()
    said |= {"hall": town.hall.pk, "place": " 入口  左侧 "}
    numbers = client.post("/desk/devices/pair/?lang=en", said).content.decode()
    assert screen["check_number"] in numbers and "Does this device (Display of the hall) show" in numbers
    assert client.post("/desk/devices/pair/", said | {"confirm": "1"}).status_code == 302
    device = Device.objects.get()
    assert (device.kind, device.hall, device.counter, device.place) == (
        "signage",
        town.hall,
        None,
        "入口 左侧",
    )
    told = client.get(
        "/api/device/v1/pair/", headers={"Authorization": f"Pairing {screen['poll_token']}"}
    ).json()["device"]
    assert (told["kind"], told["counter"], told["hall"]["code"]) == ("signage", None, town.hall.code)


def test_an_evaluator_needs_a_window_and_a_hall_of_others_is_nobodys(town, client, signed_in):
    signed_in(town.zhou)
    page = client.post("/desk/devices/pair/", {"code": offered(client, "evaluator")["user_code"]})
    assert page.status_code == 422 and "这是评价器，请选择所在窗口。" in page.content.decode()
    code = offered(client, "kiosk")["user_code"]
    assert client.post("/desk/devices/pair/", {"code": code, "hall": town.hall2.pk}).status_code == 422
    assert not Device.objects.exists()


def test_a_kind_that_is_none_is_refused_and_a_slip_is_for_one_kind(town, client):
    answer = client.post("/api/device/v1/pair", {"kind": "toaster"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_kind")
    slip = enrol.print_for([enrol.Spot("kiosk", town.hall, None, "1")], by=town.zhou)[0]
    show = lambda **more: client.post(  # noqa: E731
        "/api/device/v1/enrol", {"token": slip.token} | more, content_type="application/json"
    )
    assert (show(kind="signage").status_code, show(kind="signage").json()["code"]) == (422, "bad_kind")
    assert show().json()["device"]["kind"] == "kiosk"


def test_slips_are_printed_for_places_of_a_hall_one_a_line(town, client, signed_in):
    signed_in(town.zhou)
    said = {
        "slips-kind": "feedback",
        "slips-hall": town.hall.code,
        "slips-places": "出口\n\n 二楼  电梯\n出口",
        "csv": "1",
    }
    answer = client.post("/desk/devices/slips/", said)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["kind"], row["window"], row["window_name"]) for row in rows] == [
        ("feedback", "", "出口"),
        ("feedback", "", "二楼 电梯"),
    ]
    assert "/device/feedback/#enrol=" in rows[0]["url"]
    assert client.post("/desk/devices/slips/", said | {"slips-places": " "}).status_code == 422


def test_a_window_has_one_evaluator_and_a_hall_many_displays(town, pair, put):
    first, second = pair(town.counter, town.zhou), pair(town.counter, town.zhou)
    put("signage", "东"), put("signage", "西")
    assert Device.objects.get(pk=first.device.pk).state == "revoked"
    assert Device.objects.filter(kind="signage", state="authorised").count() == 2
    assert Device.objects.at_window(town.counter.pk).get().pk == second.device.pk


def test_a_display_that_goes_dark_is_an_alarm_in_opening_hours_and_none_once_it_shines(town, put, monday):
    display = put("signage")
    beat = lambda **more: display.odp.heartbeat(**more) is not None  # noqa: E731
    assert beat(dark=True) and beat(dark=True)
    alarm = DeviceAlarm.objects.get()
    assert (alarm.kind, alarm.closed_at) == ("dark", None)
    assert Device.objects.get().beat.dark_since == alarm.opened_at
    assert beat(dark=False) and DeviceAlarm.objects.get().closed_at is not None
    monday.move_to(at("2026-11-23 22:00"))
    assert beat(dark=True) and not DeviceAlarm.objects.open().exists()
    assert display.post("heartbeat", {"dark": "very"}).status_code == 422


def test_a_display_that_is_switched_off_is_seen_like_any_device(town, put, monday, signed_in):
    display = put("signage")
    display.odp.heartbeat()
    monday.shift(660)
    watch.look(at("2026-11-23 10:11"))
    assert DeviceAlarm.objects.get().kind == "offline"
    page = signed_in(town.zhou).get("/desk/devices/?lang=en&kind=signage").content.decode()
    assert "Display of the hall 入口左侧" in page and "dvt-tile--offline" in page
    assert "Comprehensive window" not in page.split('id="tiles"')[1].split("</section>")[0]


def test_a_display_has_nothing_to_say(town, put):
    display = put("signage")
    assert display.next().status_code == 204
    display.odp.note("answered", None, score=5, tags=[], text="")
    assert display.send().json()["results"][0]["reason"] == "wrong_kind"
    assert not WindowVerdict.objects.exists() and not HallVerdict.objects.exists()


# -- the ticket machine --


@pytest.fixture
def queue(town):
    group = MatterGroup.objects.create(
        hall=town.hall, letter="A", name="许可", name_en="Licences", average_minutes=10
    )
    group.counters.set([town.counter])
    return f"/hall/{town.hall.code}/kiosk/"


def machine(client, device):
    """A browser in which the machine has shown its secret."""
    browser = Client()
    answer = browser.post("/device/kiosk/open", headers={"Authorization": f"Device {device.secret}"})
    return browser, answer


def test_only_a_paired_machine_prints_tickets_where_the_hall_has_paired_one(town, client, put, queue):
    said = {"group": ["A"], "priority": ""}
    assert client.post(queue, said).status_code == 302  # as long as none is paired
    paired = put("kiosk")
    browser, answer = machine(client, paired)
    assert answer.json()["next"] == queue
    assert browser.post(queue, said).status_code == 302
    refused = client.post(queue, said)
    assert refused.status_code == 403 and "请到取号机取号，或用手机取号" in refused.content.decode()
    assert client.post(f"/hall/{town.hall.code}/", said).status_code == 302  # a phone is a phone
    assert sorted(Ticket.objects.values_list("channel", flat=True)) == ["kiosk", "kiosk", "phone"]


def test_a_machine_that_is_suspended_or_of_another_hall_prints_nothing(town, client, put, queue, signed_in):
    said = {"group": ["A"], "priority": ""}
    paired, other = put("kiosk"), put("kiosk", "2")
    browser, _answer = machine(client, paired)
    placing.suspend(paired.device, by=town.zhou)
    assert browser.post(queue, said).status_code == 403
    assert machine(client, paired)[1].status_code == 403
    placing.reactivate(Device.objects.get(pk=paired.device.pk), by=town.zhou)
    assert browser.post(queue, said).status_code == 302
    Device.objects.filter(pk=paired.device.pk).update(hall=town.hall2)
    assert browser.post(queue, said).status_code == 403
    placing.revoke(other.device, by=town.zhou)
    assert client.post(queue, said).status_code == 302  # the hall has no paired machine any more


def test_the_mark_of_the_manager_is_worth_nothing_beside_a_paired_machine(
    town, client, put, queue, signed_in
):
    signed_in(town.zhou).post("/desk/hall/kiosk", {"hall": town.hall.code})
    marked = Client()
    marked.cookies["ow_kiosk"] = client.cookies["ow_kiosk"].value
    put("kiosk")
    assert marked.post(queue, {"group": ["A"], "priority": ""}).status_code == 403
    answer = client.post("/desk/hall/kiosk", {"hall": town.hall.code}, follow=True)
    assert "请在这台机器上打开 /device/kiosk/ 进行配对" in answer.content.decode()


def test_only_a_ticket_machine_gets_the_mark(town, client, put):
    assert machine(client, put("signage"))[1].status_code == 401
    assert Client().post("/device/kiosk/open").status_code == 401


# -- the stand --


def test_what_is_said_at_a_stand_counts_for_the_hall_and_for_nobody_in_it(town, put):
    stand = put("feedback")
    stand.odp.note("answered", None, score=2, tags=[], text="等了很久")
    assert stand.send().json()["results"][0]["result"] == "accepted"
    verdict = HallVerdict.objects.get()
    assert (verdict.hall, verdict.place, verdict.level, verdict.text) == (
        town.hall,
        "入口左侧",
        2,
        "等了很久",
    )
    assert not WindowVerdict.objects.exists() and not Review.objects.exists()
    assert stands.CHANNEL == 5
    for person, sees in ((town.bai, 1), (town.zhou, 1), (town.li, 0), (town.it, 0)):
        assert HallVerdict.objects.seen_by(person).count() == sees


def test_a_stand_counts_no_more_than_people_can_say_and_keeps_the_rest(town, put, monday):
    stand = put("feedback")
    for n in range(6):
        stand.odp.note("answered", None, score=1 if n > 3 else 5, tags=[], text="")
    stand.odp.flush()
    monday.shift(61)
    stand.odp.note("answered", None, score=3, tags=[], text="")
    stand.odp.flush()
    assert {r["result"] for r in stand.odp.results} == {"accepted"}
    said = stands.by_hall(HallVerdict.objects.all(), at("2026-11-23 00:00"))[0]
    assert (said.verdict.n, said.verdict.good, said.verdict.bad, said.surplus, said.stands) == (5, 5, 0, 2, 1)
    assert said.verdict.mean == pytest.approx(23 / 5)


def test_the_hall_sees_what_was_said_at_its_stands_beside_its_windows(town, put, signed_in):
    stand = put("feedback")
    stand.odp.note("answered", None, score=2, tags=[], text="")
    stand.odp.flush()
    page = signed_in(town.zhou).get("/desk/reviews/windows/?lang=en").content.decode()
    row = page.split("Said at the stands of the halls</caption>")[1].split("</tbody>")[0]
    assert row.count('class="ow-num">1</td>') == 3 and "0.0%" in row  # one stand, one verdict, one low mark


def test_verdicts_of_a_stand_that_was_cut_off_are_judged_by_when_they_were_said(town, put, monday):
    stand = put("feedback")
    stand.odp.heartbeat()
    for _n in range(6):
        stand.odp.note("answered", None, score=4, tags=[], text="")
        monday.shift(60)
    stand.odp.flush()
    assert HallVerdict.objects.counted().count() == 6


@pytest.mark.parametrize(
    "change", ["UPDATE voice_hallverdict SET level = 5", "DELETE FROM voice_hallverdict"]
)
def test_the_database_refuses_to_change_what_was_said_at_a_stand(town, put, change):
    stand = put("feedback")
    stand.odp.note("answered", None, score=1, tags=[], text="")
    stand.odp.flush()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        connection.cursor().execute(change)


def test_the_page_of_a_stand_says_what_was_said_there_and_where_it_stood(town, put, signed_in):
    stand = put("feedback")
    stand.odp.note("answered", None, score=5, tags=[], text="")
    stand.odp.flush()
    client = signed_in(town.zhou)
    address = f"/desk/devices/{stand.device.code}/?lang=en"
    page = client.get(address).content.decode()
    assert "Said at this stand, last 30 days" in page and "Questions at this window" not in page
    client.post(address, {"move": "1", "hall": town.hall.pk, "place": "出口"})
    stood = [(p.place, p.to_at is None) for p in DeviceAssignment.objects.order_by("id")]
    assert stood == [("入口左侧", False), ("出口", True)]


@pytest.mark.parametrize("kind", ["signage", "kiosk", "feedback"])
def test_each_kind_has_its_page_in_both_languages(client, kind):
    page = client.get(f"/device/{kind}/")
    assert f'data-kind="{kind}"' in page.content.decode() and page.status_code == 200
