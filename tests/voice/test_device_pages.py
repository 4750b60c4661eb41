"""What managers and clerks do with evaluators: tiles of the hall, printed slips, new secrets, asking once more, seeing to alarms."""

import csv
import io

import openpyxl
import pytest

from onewindow.org.models import Counter
from onewindow.voice import alarms, device_board, evaluators, placing
from onewindow.voice.device_models import AlarmKind, DeviceAlarm, EnrolToken
from onewindow.voice.models import Device, DeviceAssignment, Prompt, Review, secret_digest
from onewindow.window import rate
from tests.town import at

pytestmark = pytest.mark.django_db


def window(town, n):
    return Counter.objects.create(
        hall=town.hall,
        code=f"1{n}",
        name=f"窗口 1{n}",
        name_en=f"Window 1{n}",
        kind="comprehensive",
        has_device=True,
    )


def states(person, now="2026-11-23 10:00", **asked):
    return {t.counter.code: t.state for t in device_board.board(person, asked, at(now)).tiles}


# -- tiles --


def test_each_window_of_the_hall_is_a_tile_and_what_needs_somebody_stands_first(town, pair, monday):
    a, b = window(town, 1), window(town, 2)
    one, two = pair(a, town.zhou), pair(b, town.zhou)
    monday.move_to(at("2026-11-23 09:45"))
    one.odp.heartbeat()
    monday.move_to(at("2026-11-23 10:00"))
    two.odp.note("boot")
    two.odp.heartbeat()
    alarms.sound(two.device, AlarmKind.CONFLICT)
    assert states(town.zhou) == {"11": "offline", "12": "online", "03": "unpaired"}
    found = device_board.board(town.zhou, {}, at("2026-11-23 10:14"))
    assert (found.used, found.waiting, found.oldest_minutes) == (2, 1, 14)
    ((hall, tiles),) = found.halls
    assert (hall, [t.counter.code for t in tiles]) == (town.hall, ["12", "11", "03"])
    assert states(town.zhou, "2026-11-23 20:00") == {"11": "closed", "12": "closed", "03": "unpaired"}


def test_tiles_are_found_by_hall_state_alarm_and_words(town, pair):
    pair(town.counter, town.zhou).odp.heartbeat()
    alarms.sound(Device.objects.get(), AlarmKind.GAP)
    assert states(town.bai) == {"03": "online", "01": "unpaired"}
    assert states(town.bai, hall="H2") == {"01": "unpaired"}
    assert states(town.bai, state="alarm") == states(town.bai, state="online") == {"03": "online"}
    assert states(town.bai, q="window 03") == {"03": "online"} and states(town.bai, q="none such") == {}
    assert states(town.li) == {}


@pytest.mark.parametrize("many", [1, 3])
def test_the_tiles_ask_the_same_few_questions_however_many(
    town, pair, signed_in, django_assert_num_queries, many
):
    for n in range(many):
        device = pair(window(town, n), town.zhou)
        alarms.sound(device.device, AlarmKind.GAP)
    client = signed_in(town.zhou)
    with django_assert_num_queries(13):
        page = client.get("/desk/devices/").content.decode()
    assert page.count("dvt-tile--alarm") == many


def test_the_page_says_how_the_devices_are_and_exports_them(town, pair, signed_in):
    device = pair(town.counter, town.zhou)
    device.odp.note("boot")
    device.odp.heartbeat()
    client = signed_in(town.zhou)
    page = client.get("/desk/devices/?lang=en").content.decode()
    assert "1 of 1 online" in page and "1 answer waits" in page and "Low assurance" in page
    book = openpyxl.load_workbook(io.BytesIO(b"".join(client.get("/desk/devices/export.xlsx"))))
    head, row = list(book.active.values)
    assert (row[1], row[2], row[4], row[6]) == (
        "Comprehensive window 03", "Evaluator at a window", device.device.code, 1,
    )  # fmt: skip
    assert len(head) == len(row) == 16
    assert signed_in(town.li).get("/desk/devices/export.xlsx").status_code == 403


# -- slips --


def printed(client, **more):
    answer = client.post("/desk/devices/slips/", {"slips-hall": "", "csv": "1"} | more)
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    return {row["window"]: row["url"].split("#enrol=")[1] for row in rows}


def show(client, token, **more):
    return client.post("/api/device/v1/enrol", {"token": token} | more, content_type="application/json")


def test_a_printed_slip_pairs_the_device_that_shows_it_with_its_window_once(town, client, signed_in):
    signed_in(town.zhou)
    tokens = printed(client)
    assert set(tokens) == {"03"} and len(tokens["03"]) == 32
    assert EnrolToken.objects.get().digest == secret_digest(tokens["03"])
    told = show(client, tokens["03"], model="tablet").json()
    device = Device.objects.get()
    assert (told["device"]["counter"]["code"], device.counter, device.paired_by, device.model) == (
        "03", town.counter, "zhou", "tablet",
    )  # fmt: skip
    again = show(client, tokens["03"]).json()  # the answer was lost on the way
    auth = {"headers": {"Authorization": f"Device {again['secret']}"}}
    assert client.get("/api/device/v1/next", **auth).status_code == 204
    assert (show(client, tokens["03"]).status_code, Device.objects.count()) == (410, 1)


def test_a_slip_is_void_after_fourteen_days_or_when_new_ones_are_printed(town, client, signed_in, monday):
    signed_in(town.zhou)
    first, second = printed(client)["03"], printed(client)["03"]
    assert [show(client, token).status_code for token in (first, "0" * 32)] == [410, 410]
    monday.shift(14 * 86_400)
    assert show(client, second).status_code == 410
    assert not Device.objects.exists()


@pytest.mark.parametrize("token", ["", "x" * 32, 5, None, "0" * 31])
def test_a_token_that_is_none_is_malformed(client, db, token):
    assert show(client, token).status_code == 422


def test_guessing_slips_ends_in_a_locked_door(client, db):
    for _ in range(99):
        rate.count("device", "127.0.0.1", seconds=600)
    assert [show(client, "0" * 32).status_code for _ in range(2)] == [410, 429]


def test_slips_are_printed_for_ones_own_windows_without_a_device_unless_asked(town, client, signed_in, pair):
    signed_in(town.zhou)
    pair(town.counter, town.zhou)
    other = window(town, 1)
    assert set(printed(client)) == {"11"}
    assert set(printed(client, **{"slips-all": "1"})) == {"03", "11"}
    page = client.post("/desk/devices/slips/", {"slips-hall": "H1", "print": "1"}).content.decode()
    assert page.count("data:image/svg+xml") == 1 and other.name in page
    assert client.post("/desk/devices/slips/", {"slips-hall": "H2"}).status_code == 422
    for person in (town.li, town.bai, town.it):
        assert signed_in(person).post("/desk/devices/slips/", {"slips-hall": ""}).status_code == 403


def test_a_slip_replaces_the_device_in_use_and_keeps_the_windows_history(town, client, signed_in, pair):
    old = pair(town.counter, town.zhou)
    signed_in(town.zhou)
    show(client, printed(client, **{"slips-all": "1"})["03"])
    assert old.next().json()["code"] == "device_revoked"
    places = DeviceAssignment.objects.filter(counter=town.counter).order_by("id")
    assert [p.to_at is None for p in places] == [False, True]


# -- secrets --


def test_a_secret_is_rolled_when_the_device_next_beats_and_the_old_one_lives_until_the_new_one_is_used(
    town, evaluator, signed_in
):
    first = evaluator.secret
    assert evaluator.post("secret", {}).status_code == 409
    signed_in(town.zhou).post(f"/desk/devices/{evaluator.device.code}/", {"roll": "1"})
    evaluator.odp.heartbeat()
    lost, fresh = (
        evaluator.odp.secret,
        evaluator.post("secret", {}).json()["secret"],
    )  # the first answer was lost

    def tried(secret):
        auth = {"Authorization": f"Device {secret}"}
        return evaluator.client.get("/api/device/v1/next", headers=auth).status_code

    assert [tried(s) for s in (first, lost, fresh, first)] == [204, 401, 204, 401]
    assert Device.objects.get().roll_asked_at is None
    evaluator.odp.secret = fresh
    assert evaluator.odp.heartbeat()["roll"] is False


def test_a_revoked_device_is_told_to_wipe_itself(town, evaluator):
    placing.revoke(evaluator.device, by=town.zhou)
    evaluator.odp.heartbeat()
    assert (evaluator.odp.stopped, evaluator.odp.secret) == ("device_revoked", "")


# -- once more --


def test_a_clerk_may_have_an_unanswered_question_put_once_more_and_it_is_written_down(
    town, evaluator, signed_in, monday
):
    town.accepted()
    first = evaluator.prompt()
    client = signed_in(town.li)
    client.post("/desk/devices/ask-again/")
    assert Prompt.objects.count() == 1  # it still stands on the screen
    monday.shift(130)
    assert "再请一次" in client.get("/desk/counter/today/").content.decode()
    client.post("/desk/devices/ask-again/")
    second = evaluator.prompt()
    assert (second["attempt"], second["id"] != first["id"]) == (2, True)
    assert [(p.attempt, p.asked_by, p.clerk) for p in Prompt.objects.order_by("id")] == [
        (1, "", "li"), (2, "li", "li"),
    ]  # fmt: skip
    monday.shift(130)
    page = client.post("/desk/devices/ask-again/", follow=True).content.decode()
    assert "本窗口近十分钟内没有未答复的评价邀请" in page and Prompt.objects.count() == 2
    assert device_board.questions([town.counter.pk])[town.counter.pk].again == 1


@pytest.mark.parametrize("ending", ["declined", "answered"])
def test_whoever_answered_or_skipped_is_not_asked_again(town, evaluator, monday, ending):
    town.accepted()
    prompt = evaluator.prompt()
    said = {"score": 4, "tags": [], "text": ""} if ending == "answered" else {}
    evaluator.odp.note(ending, prompt["id"], **said)
    evaluator.odp.flush()
    monday.shift(130)
    assert evaluators.to_ask_again(town.counter.pk) is None
    assert Review.objects.exists() is (ending == "answered")


def test_after_ten_minutes_nobody_is_asked_again_nor_by_another_window(town, evaluator, monday):
    town.accepted()
    evaluator.prompt()
    monday.shift(200)
    assert evaluators.to_ask_again(town.counter2.pk) is None
    assert evaluators.to_ask_again(town.counter.pk) is not None
    monday.shift(600)
    assert evaluators.to_ask_again(town.counter.pk) is None


# -- counts and alarms --


def test_what_was_touched_and_not_submitted_is_counted_by_window_without_what_was_touched(
    town, evaluator, monday
):
    for n, kinds in enumerate(
        [("shown", "touched"), ("shown", "touched", "answered"), ("shown",), ("touched", "declined")]
    ):
        town.accepted(n=n + 1)
        prompt = evaluator.prompt()
        for kind in kinds:
            said = {"score": 5, "tags": [], "text": ""} if kind == "answered" else {}
            evaluator.odp.note(kind, prompt["id"], **said)
        evaluator.odp.flush()
        monday.shift(130)
        evaluator.next()
    said = device_board.questions([town.counter.pk])[town.counter.pk]
    assert (said.asked, said.answered, said.declined, said.abandoned) == (4, 1, 1, 2)
    assert said.abandon_rate == pytest.approx(2 / 3)


def test_an_alarm_is_seen_to_by_the_manager_of_the_hall_and_stays_in_the_history(town, evaluator, signed_in):
    alarms.sound(evaluator.device, AlarmKind.GAP, count=4)
    path = f"/desk/devices/{evaluator.device.code}/"
    assert signed_in(town.bai).post(path, {"seen": "gap"}).status_code == 403
    page = signed_in(town.zhou).get(path).content.decode()
    assert "记录缺失" in page and "缺失 4 条记录" in page
    signed_in(town.zhou).post(path, {"seen": "gap"})
    alarm = DeviceAlarm.objects.get()
    assert (alarm.closed_by, alarm.closed_at) == ("zhou", at("2026-11-23 10:00"))
    alarms.sound(evaluator.device, AlarmKind.GAP)
    assert DeviceAlarm.objects.count() == 2
