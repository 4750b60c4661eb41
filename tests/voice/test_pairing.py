"""A device is paired by a code on its screen and a number on both, once; its secret is nowhere but on it."""

import datetime as dt

import pytest

from onewindow.org.models import Counter, Person, Post
from onewindow.org.roles import Role
from onewindow.voice.models import LETTERS, Device, DeviceAssignment, Pairing, secret_digest
from onewindow.window import rate

pytestmark = pytest.mark.django_db


@pytest.fixture
def screen(client):
    """A device that has just been switched on."""
    return client.post("/api/device/v1/pair", {"model": "tablet"}, content_type="application/json").json()


def asked(client, screen):
    return client.get("/api/device/v1/pair/", headers={"Authorization": f"Pairing {screen['poll_token']}"})


def type_in(client, screen, counter, **more):
    return client.post(
        "/desk/devices/pair/", {"code": screen["user_code"].lower(), "counter": counter.pk} | more
    )


def test_a_device_is_paired_by_its_code_and_a_number_on_both_screens(town, client, signed_in, screen):
    assert set(screen["user_code"].replace("-", "")) <= set(LETTERS) and len(screen["user_code"]) == 9
    assert asked(client, screen).json()["state"] == "waiting"
    signed_in(town.zhou)
    page = type_in(client, screen, town.counter)
    assert screen["check_number"] in page.content.decode()
    assert Device.objects.get().state == "pending" and asked(client, screen).json()["state"] == "waiting"
    assert type_in(client, screen, town.counter, confirm="1").status_code == 302
    told = asked(client, screen).json()
    device = Device.objects.get()
    assert (told["state"], device.counter, device.paired_by) == ("paired", town.counter, "zhou")
    assert device.secret_digest == secret_digest(told["secret"]) and told["secret"] not in str(vars(device))
    assert (
        client.get("/api/device/v1/next", headers={"Authorization": f"Device {told['secret']}"}).status_code
        == 204
    )


def test_the_secret_is_given_again_only_until_it_is_first_used(town, client, signed_in, screen):
    signed_in(town.zhou)
    type_in(client, screen, town.counter, confirm="1")
    asked(client, screen)
    secret = asked(client, screen).json()["secret"]
    client.get("/api/device/v1/next", headers={"Authorization": f"Device {secret}"})
    assert asked(client, screen).status_code == 410
    assert client.get("/api/device/v1/next", headers={"Authorization": f"Device {secret}"}).status_code == 204


def test_a_code_works_for_ten_minutes(town, client, signed_in, screen, monday):
    monday.shift(601)
    signed_in(town.zhou)
    assert type_in(client, screen, town.counter).status_code == 422
    assert (asked(client, screen).status_code, asked(client, screen).json()["code"]) == (410, "expired")


def test_five_wrong_codes_lock_the_door_for_a_quarter_of_an_hour(town, client, signed_in, screen, monday):
    signed_in(town.zhou)
    wrong = {"user_code": "ZZZZ-ZZZZ"}
    assert [type_in(client, wrong, town.counter).status_code for _ in range(5)] == [422] * 5
    assert type_in(client, screen, town.counter, confirm="1").status_code == 429
    assert not Device.objects.exists()


def wrong(client, town, times, **more):
    code = {"code": "ZZZZ-ZZZZ", "counter": town.counter.pk}
    return [client.post("/desk/devices/pair/", code, **more).status_code for _ in range(times)]


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.9"])
@pytest.mark.parametrize("who", ["zhou", "second"])
def test_wrong_codes_are_counted_for_the_person_and_for_the_address(
    town, client, signed_in, screen, who, address
):
    """Somebody who guesses changes the account, or the place; neither helps."""
    second = Person.objects.create_user("second", password="x", name="第二负责人")
    Post.objects.create(
        person=second, role=Role.HALL_MANAGER, office=town.bureau, hall=town.hall,
        starts_on=town.zhou.posts.get().starts_on,
    )  # fmt: skip
    signed_in(town.zhou)
    assert wrong(client, town, 5) == [422] * 5
    signed_in({"zhou": town.zhou, "second": second}[who])
    code = {"code": screen["user_code"], "counter": town.counter.pk, "confirm": "1"}
    is_shut = who == "zhou" or address == "127.0.0.1"
    answer = client.post("/desk/devices/pair/", code, REMOTE_ADDR=address)
    assert (answer.status_code, Device.objects.exists()) == ((429, False) if is_shut else (302, True))


def test_a_locked_door_says_until_when_and_what_can_be_done_meanwhile(
    town, client, signed_in, screen, monday
):
    signed_in(town.zhou)
    wrong(client, town, 5)
    monday.shift(300)
    shut = client.post(
        "/desk/devices/pair/?lang=en", {"code": screen["user_code"], "counter": town.counter.pk}
    )
    assert (shut.status_code, shut["Retry-After"]) == (429, "600")
    assert "locked for 10 more minutes. Slips can be printed meanwhile" in shut.content.decode()
    monday.shift(601)
    assert wrong(client, town, 1) == [422]


def test_wrong_codes_spread_over_more_than_a_minute_lock_nothing(town, client, signed_in, monday):
    signed_in(town.zhou)
    assert wrong(client, town, 4) == [422] * 4
    monday.shift(60)
    assert wrong(client, town, 4) == [422] * 4


def test_only_the_manager_of_the_hall_pairs(town, client, signed_in, screen):
    for person, status in [
        (town.li, 403),
        (town.bai, 403),
        (town.it, 403),
        (town.nobody, 403),
        (town.firm, 403),
    ]:
        signed_in(person)
        assert type_in(client, screen, town.counter, confirm="1").status_code == status
    signed_in(town.zhou)
    assert type_in(client, screen, town.counter2, confirm="1").status_code == 422
    assert not Device.objects.exists()


def test_a_replacement_is_a_new_device_and_the_old_one_is_revoked(town, pair):
    old = pair(town.counter, town.zhou)
    new = pair(town.counter, town.zhou)
    assert (old.next().json()["code"], new.next().status_code) == ("device_revoked", 204)
    places = DeviceAssignment.objects.filter(counter=town.counter).order_by("id")
    assert [(p.device_id, p.to_at is None) for p in places] == [(old.device.pk, False), (new.device.pk, True)]


def test_a_moved_device_keeps_the_history_of_where_it_stood(town, pair, signed_in, monday):
    one = pair(town.counter, town.zhou)
    other = Counter.objects.create(
        hall=town.hall, code="04", name="窗口 04", name_en="Window 04", kind="comprehensive"
    )
    monday.shift(3600)
    page = signed_in(town.zhou).post(
        f"/desk/devices/{one.device.code}/", {"move": "1", "counter": other.pk}, follow=True
    )
    assert page.status_code == 200
    stood = [(p.counter.code, p.from_at, p.to_at) for p in DeviceAssignment.objects.order_by("id")]
    start, moved = stood[0][1], stood[1][1]
    assert stood == [("03", start, moved), ("04", moved, None)] and moved - start == dt.timedelta(hours=1)


def test_a_device_is_not_moved_to_a_taken_window_or_another_hall(town, pair, signed_in):
    other = Counter.objects.create(
        hall=town.hall, code="04", name="窗口 04", name_en="Window 04", kind="comprehensive"
    )
    one, _two = pair(town.counter, town.zhou), pair(other, town.zhou)
    client = signed_in(town.zhou)
    page = client.post(f"/desk/devices/{one.device.code}/", {"move": "1", "counter": other.pk})
    assert "该窗口已有在用的评价器" in page.content.decode()
    assert (
        client.post(
            f"/desk/devices/{one.device.code}/", {"move": "1", "counter": town.counter2.pk}
        ).status_code
        == 422
    )
    assert Device.objects.get(pk=one.device.pk).counter == town.counter


def test_the_list_shows_a_hall_its_own_devices_only(town, pair, signed_in, monday):
    mine = pair(town.counter, town.zhou)
    mine.next()
    page = signed_in(town.zhou).get("/desk/devices/").content.decode()
    assert mine.device.code in page and "在线" in page and town.counter2.name not in page
    monday.shift(200)
    assert "超过 3 分钟无响应" in signed_in(town.zhou).get("/desk/devices/").content.decode()
    monday.shift(600)
    assert "离线" in signed_in(town.zhou).get("/desk/devices/").content.decode()
    assert signed_in(town.li).get("/desk/devices/").status_code == 403
    assert signed_in(town.bai).get(f"/desk/devices/{mine.device.code}/").status_code == 200
    assert signed_in(town.bai).post(f"/desk/devices/{mine.device.code}/", {"revoke": "1"}).status_code == 403


def test_a_flood_of_new_devices_is_stopped(client, db):
    for _ in range(199):
        rate.count("pairing", "127.0.0.1", seconds=600)
    assert [
        client.post("/api/device/v1/pair", content_type="application/json").status_code for _ in range(2)
    ] == [201, 429]
    assert Pairing.objects.count() == 1


def test_other_methods_are_refused(client, db):
    refused = client.get("/api/device/v1/pair")
    assert (refused.status_code, refused["Allow"], refused.json()["code"]) == (
        405,
        "POST",
        "method_not_allowed",
    )
