"""The protocol of the evaluators: asked after acceptance and handing over, sent again without harm, refused when revoked."""

import pytest

from onewindow.cases import worker
from onewindow.voice import actions, evaluators, placing
from onewindow.voice.device_models import DeviceEvent
from onewindow.voice.models import Device, DeviceBeat, Prompt, Review
from onewindow.window import actions as window
from onewindow.window import rate
from tests.town import at

pytestmark = pytest.mark.django_db


def test_acceptance_asks_on_the_device_of_the_window(town, evaluator):
    assert evaluator.prompt() is None
    a = town.accepted()
    prompt = evaluator.prompt()
    assert (prompt["touchpoint"], prompt["title"], prompt["title_en"], prompt["seconds_left"]) == (
        "accepted", "食品经营许可（新办）", "Food business licence (new)", 120,
    )  # fmt: skip
    event = evaluator.answer(prompt)
    told = evaluator.send().json()
    assert (told["results"], told["acked_seq"]) == (
        [{"id": event["id"], "seq": 1, "result": "accepted"}], 1,
    )  # fmt: skip
    r = Review.objects.get()
    assert (r.number, r.level, r.codes, r.channel, r.device, r.counter, r.clerk) == (
        a.number, 5, ["510"], 4, evaluator.device, town.counter, "li",
    )  # fmt: skip
    assert evaluator.prompt() is None


def test_nothing_personal_travels_to_the_device(town, evaluator):
    a = town.accepted()
    worker.follow()
    answer = evaluator.next().content.decode()
    for secret in (a.number, a.applicant_name, a.id_number, a.mobile, a.track_token, "李窗口"):
        assert secret not in answer


def test_handing_over_asks_at_the_window_of_the_clerk_who_hands_over(town, evaluator, pair):
    from onewindow.org.models import Counter

    other = Counter.objects.create(
        hall=town.hall, code="09", name="发证窗口", name_en="Handing-out window", kind="delivery"
    )
    there = pair(other, town.zhou)
    a = town.accepted()
    evaluator.answer(evaluator.prompt())
    evaluator.odp.flush()
    window.decide(a, by=town.wang, result="grant")
    town.li.counter = other
    town.li.save()
    window.deliver(a, by=town.li)
    assert evaluator.prompt() is None
    assert there.prompt()["touchpoint"] == "delivered"


def test_a_newer_question_takes_the_place_of_an_unanswered_one(town, evaluator):
    town.accepted(n=1)
    first = evaluator.prompt()
    town.accepted(n=2)
    second = evaluator.prompt()
    assert first["id"] != second["id"]
    assert [Prompt.objects.get(key=p["id"]).state for p in (first, second)] == ["superseded", "delivered"]


def test_nobody_is_asked_who_is_not_at_the_window(town, evaluator, monday):
    town.accepted(n=1, channel="api")
    assert evaluator.prompt() is None
    town.accepted(n=2)
    monday.shift(121)
    assert evaluator.prompt() is None
    assert not Prompt.objects.exists()


def test_a_question_ends_by_itself_but_a_late_answer_from_the_queue_still_counts(town, evaluator, monday):
    town.accepted()
    prompt = evaluator.prompt()
    monday.shift(119)
    assert evaluator.prompt()["id"] == prompt["id"]
    monday.shift(2)
    assert evaluator.prompt() is None
    assert Prompt.objects.get().state == "expired"
    monday.shift(-90)
    evaluator.answer(prompt, score=2, tags=["209"])
    monday.shift(86400 * 20)
    assert evaluator.result()["result"] == "accepted"
    r = Review.objects.get()
    assert (r.said_at, r.at) == (at("2026-11-23 10:00:31"), at("2026-12-13 10:00:31"))
    assert Prompt.objects.get().state == "answered"


def test_a_second_answer_to_one_question_is_told_so(town, evaluator):
    town.accepted()
    prompt = evaluator.prompt()
    evaluator.answer(prompt)
    evaluator.answer(prompt, score=1, tags=[])
    told = evaluator.send().json()
    assert [(r["result"], r.get("reason")) for r in told["results"]] == [
        ("accepted", None), ("rejected", "already_reviewed"),
    ]  # fmt: skip
    assert told["acked_seq"] == 2  # it has been heard, and is written down as said twice


def test_reasons_of_another_level_are_refused(town, evaluator):
    town.accepted()
    evaluator.answer(evaluator.prompt(), score=5, tags=["108"])
    told = evaluator.result()
    assert (told["result"], told["reason"]) == ("rejected", "bad_codes")
    assert not Review.objects.exists()


def test_skipping_is_an_answer_too(town, evaluator, monday):
    town.accepted()
    prompt = evaluator.prompt()
    for kind in ("shown", "touched", "declined", "shown"):
        evaluator.odp.note(kind, prompt["id"])
        monday.shift(2)
    assert [r["result"] for r in evaluator.send().json()["results"]] == ["accepted"] * 4
    found = Prompt.objects.get()
    assert (found.state, found.shown_at, found.touched_at) == (
        "declined", at("2026-11-23 10:00:00"), at("2026-11-23 10:00:02"),
    )  # fmt: skip
    assert evaluator.prompt() is None
    assert list(Prompt.objects.abandoned()) == [found]


def test_a_question_answered_by_phone_leaves_the_device(town, evaluator):
    a = town.accepted()
    assert evaluator.prompt()
    actions.review(a, "accepted", level=4)
    assert evaluator.prompt() is None


def test_a_device_can_not_answer_what_another_was_asked(town, evaluator, pair):
    other = pair(town.counter2, make_manager(town))
    town.accepted()
    other.answer(evaluator.prompt())
    told = other.result()
    assert (told["result"], told["reason"]) == ("rejected", "unknown_prompt")
    assert not Review.objects.exists()


def make_manager(town):
    import datetime as dt

    from onewindow.org.models import Person, Post

    yu = Person.objects.create_user("yu", password="a-lantern-by-the-river", name="于主任")
    Post.objects.create(
        person=yu, role="hall_manager", office=town.bureau, hall=town.hall2, starts_on=dt.date(2020, 1, 1)
    )
    return yu


@pytest.mark.parametrize("path", ["next", "events", "heartbeat", "secret"])
def test_a_revoked_or_unknown_device_is_refused(town, evaluator, client, path):
    def call():
        method = client.get if path == "next" else client.post
        return method(f"/api/device/v1/{path}", **evaluator.auth)

    placing.suspend(evaluator.device, by=town.zhou)
    assert (call().status_code, call().json()["code"]) == (403, "device_suspended")
    placing.reactivate(evaluator.device, by=town.zhou)
    placing.revoke(evaluator.device, by=town.zhou)
    assert (call().status_code, call().json()["code"]) == (401, "device_revoked")
    evaluator.secret = "guessed"
    assert (call().status_code, call().json()["code"]) == (401, "unknown_device")


def test_guessing_secrets_ends_in_a_locked_door_but_not_for_those_who_know_theirs(evaluator):
    mine, evaluator.secret = evaluator.secret, "guessed"
    for _ in range(99):
        rate.count("device", "127.0.0.1", seconds=600)
    assert [evaluator.next().status_code for _ in range(2)] == [401, 429]
    evaluator.secret = mine
    assert evaluator.next().status_code == 204


def test_a_revoked_device_is_asked_nothing_more(town, evaluator):
    town.accepted(n=1)
    worker.follow()
    placing.revoke(evaluator.device, by=town.zhou)
    assert Prompt.objects.get().state == "cancelled"
    town.accepted(n=2)
    worker.follow()
    assert Prompt.objects.count() == 1


def test_an_unchanged_question_is_not_sent_twice(town, evaluator):
    town.accepted()
    worker.follow()
    first = evaluator.next()
    assert (evaluator.next(**{"If-None-Match": first["ETag"]}).status_code, first["Cache-Control"]) == (
        304,
        "no-store",
    )


def test_the_end_of_a_shown_question_ends_the_wait_of_its_device(town, evaluator):
    """Nobody has to ask every few seconds whether somebody has answered on the phone meanwhile."""
    town.accepted()
    worker.follow()
    tag = evaluator.next()["ETag"]
    shown = Prompt.objects.get()
    held = evaluator.next(**{"If-None-Match": tag})
    assert held["X-Device-Hold"] == f"{evaluator.device.pk} 25 {shown.pk}"
    news = evaluators.News()
    news.look()  # the pairing itself was news
    for _look in range(news.SHOWN):
        assert news.look([shown.pk]) == set()
    Prompt.objects.update(state="answered")
    assert {evaluator.device.pk} in [news.look([shown.pk]) for _look in range(news.SHOWN)]


def test_a_poll_does_not_outlast_the_question_that_is_shown(town, evaluator, monday):
    town.accepted()
    worker.follow()
    tag = evaluator.next()["ETag"]
    monday.shift(115)
    held = evaluator.next(**{"If-None-Match": tag})
    assert held["X-Device-Hold"] == f"{evaluator.device.pk} 6 {Prompt.objects.get().pk}"


def test_an_idle_poll_reads_and_writes_nothing_more(town, evaluator, django_assert_num_queries):
    evaluator.next()
    with django_assert_num_queries(2):
        answer = evaluator.next()
    assert (answer.status_code, answer["Retry-After"]) == (204, "3")


def test_the_heartbeat_tells_the_window_and_how_the_device_is(town, evaluator):
    now = int(at("2026-11-23 10:00").timestamp() * 1000)
    told = evaluator.post("heartbeat", {
        "boot_id": "a" * 32, "chain_id": "b" * 32, "t_wall": now + 5000, "t_mono": 60_000, "waiting": 7, "head_seq": 9,
        "oldest_wall": now + 5000 - 14 * 60_000, "touched_wall": now, "battery": 80, "storage_mb": 512, "app_version": "2",
    }).json()  # fmt: skip
    assert told["counter"] == {
        "code": "03", "name": "综合受理窗口 03", "name_en": "Comprehensive window 03",
        "hall": "政务服务中心", "hall_en": "Government service hall",
    }  # fmt: skip
    assert (told["acked_seq"], told["roll"], told["assurance"], told["policy"]["queue_limit"]) == (
        0,
        False,
        "low",
        5000,
    )
    assert 50 <= told["interval"] <= 70
    b = DeviceBeat.objects.get()
    assert (b.waiting, b.head_seq, b.battery, b.storage_mb, b.offset_ms) == (7, 9, 80, 512, -5000)
    assert (b.oldest_at, b.touched_at) == (at("2026-11-23 09:46"), at("2026-11-23 09:59:55"))
    assert Device.objects.get().app_version == "2"


@pytest.mark.parametrize(
    "said", [{"waiting": -1}, {"waiting": True}, {"t_wall": "x"}, {"battery": 101}, {"boot_id": "A"}]
)
def test_a_malformed_heartbeat_is_refused(evaluator, said):
    assert evaluator.post("heartbeat", said).status_code == 422
    assert not DeviceBeat.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"\xff", b"null", b'{"events": 5}', b'{"events": [5]}', b'{"events": []}', b'{"events": [{"id": "x"}]}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_malformed_batch_is_a_clear_error(evaluator, body):
    answer = evaluator.client.post(
        "/api/device/v1/events", body, content_type="application/json", **evaluator.auth
    )
    assert (answer.status_code, answer["Content-Type"], answer.json()["code"]) == (
        422,
        "application/problem+json",
        "malformed",
    )


@pytest.mark.parametrize(
    "change",
    [
        {"batch_id": "x"}, {"chain_id": "x"}, {"boot_id": None}, {"t_wall": -1}, {"t_mono": 1.5}, {"oldest": 0}, {"oldest": 2},
        {"head": "0" * 64}, {"sig": 5}, {"sig": "x" * 121}, {"events": [{}] * 101},
    ],
)  # fmt: skip
def test_a_malformed_envelope_stores_nothing(town, evaluator, change):
    evaluator.odp.note("boot")
    assert evaluator.send(**change).status_code == 422
    assert not DeviceEvent.objects.exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"score": "5"}, "malformed"), ({"score": True}, "malformed"), ({"score": None}, "bad_level"),
        ({"score": 10**30}, "bad_level"), ({"score": 6}, "bad_level"), ({"tags": "510"}, "malformed"),
        ({"tags": [510]}, "malformed"), ({"tags": [["510"]]}, "malformed"), ({"text": 5}, "malformed"),
        ({"text": "字" * 501}, "too_long"), ({"text": "\ud800"}, "malformed"), ({"prompt_id": 5}, "malformed"),
        ({"prompt_id": "0" * 32}, "unknown_prompt"), ({"type": "deleted"}, "unknown_type"), ({"type": ["answered"]}, "malformed"),
        ({"t_wall": -1}, "malformed"), ({"boot_id": "x"}, "malformed"), ({"colour": "red"}, "malformed"),
        ({"t_wall": 10**15}, ""), ({"t_wall": 2**53 - 1, "boot_id": "c" * 32}, ""),
    ],
)  # fmt: skip
def test_a_malformed_event_is_rejected_alone_and_acknowledged(town, evaluator, change, reason):
    town.accepted()
    prompt = evaluator.prompt()
    bad = {"score": 5, "tags": [], "text": ""} | change
    event = evaluator.odp.note(bad.pop("type", "answered"), bad.pop("prompt_id", prompt["id"]), **bad)
    if "text" in change and "\ud800" in str(change["text"]):
        event["hash"] = evaluator.odp.head = "f" * 64
    evaluator.odp.note("shown", prompt["id"])
    told = evaluator.send()
    assert told.status_code == 200
    first, second = told.json()["results"]
    assert first.get("reason", "") == reason
    assert (second["result"], told.json()["acked_seq"]) == ("accepted", 2)
    assert Review.objects.exists() is not bool(reason)
