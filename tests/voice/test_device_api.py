"""The protocol of the evaluators: asked after acceptance and handing over, sent again without harm, refused when revoked."""

import pytest

from onewindow.cases import worker
from onewindow.voice import actions
from onewindow.voice.models import Conflict, DeviceBeat, Prompt, Review
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
    assert evaluator.send(evaluator.answered(prompt)).json()["results"] == [
        {"id": "0190aaaa-0000-7000-8000-000000000001", "result": "accepted"}
    ]
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
    evaluator.send(evaluator.answered(evaluator.prompt()))
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
    monday.shift(86400 * 20)
    assert (
        evaluator.send(
            evaluator.answered(prompt, level=2, codes=["209"], seconds_ago=86400 * 20 + 100)
        ).status_code
        == 200
    )
    r = Review.objects.get()
    assert (r.said_at, r.at) == (at("2026-11-23 10:00:21"), at("2026-12-13 10:02:01"))


def test_a_device_with_a_wrong_clock_can_not_speak_before_it_was_asked(town, evaluator, monday):
    town.accepted()
    prompt = evaluator.prompt()
    monday.shift(30)
    evaluator.send(evaluator.answered(prompt, seconds_ago=7 * 86400))
    assert Review.objects.get().said_at == at("2026-11-23 10:00")


def test_the_same_answer_again_gives_the_same_result_and_one_review(town, evaluator):
    town.accepted()
    answer = evaluator.answered(evaluator.prompt())
    first, again = evaluator.send(answer), evaluator.send(answer, answer)
    assert first.json()["results"][0] == again.json()["results"][0] == again.json()["results"][1]
    assert again.json()["acked"] == [answer["id"]] * 2
    assert Review.objects.count() == 1


def test_another_body_under_the_same_id_is_a_conflict_and_put_aside(town, evaluator):
    town.accepted()
    prompt = evaluator.prompt()
    evaluator.send(evaluator.answered(prompt, level=1, codes=[]))
    for _ in range(2):
        refused = evaluator.send(evaluator.answered(prompt, level=5, codes=[]))
        assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
        assert (refused.json()["code"], refused.json()["results"][0]["result"]) == ("conflict", "conflict")
    assert Review.objects.get().level == 1
    assert Conflict.objects.count() == 1


def test_a_second_answer_to_one_question_is_told_so(town, evaluator):
    town.accepted()
    prompt = evaluator.prompt()
    evaluator.send(evaluator.answered(prompt))
    second = evaluator.send(
        evaluator.answered(prompt, level=1, codes=[], id="0190aaaa-0000-7000-8000-000000000002")
    )
    assert second.json()["results"][0]["reason"] == "already_reviewed"
    assert second.json()["acked"] == ["0190aaaa-0000-7000-8000-000000000002"]


def test_reasons_of_another_level_are_refused(town, evaluator):
    town.accepted()
    told = evaluator.send(evaluator.answered(evaluator.prompt(), level=5, codes=["108"])).json()["results"][0]
    assert (told["result"], told["reason"], told["codes"]) == ("rejected", "bad_codes", ["108"])
    assert not Review.objects.exists()


def test_skipping_is_an_answer_too(town, evaluator):
    town.accepted()
    prompt = evaluator.prompt()
    for n, kind in enumerate(("shown", "touched", "declined", "shown")):
        event = {"id": f"0190bbbb-000{n}", "type": kind, "prompt": prompt["id"]}
        assert evaluator.send(event).json()["results"][0]["result"] == "accepted"
    assert Prompt.objects.get().state == "declined"
    assert evaluator.prompt() is None


def test_a_question_answered_by_phone_leaves_the_device(town, evaluator):
    a = town.accepted()
    assert evaluator.prompt()
    actions.review(a, "accepted", level=4)
    assert evaluator.prompt() is None


def test_a_device_can_not_answer_what_another_was_asked(town, evaluator, pair):
    other = pair(town.counter2, make_manager(town))
    town.accepted()
    told = other.send(other.answered(evaluator.prompt())).json()["results"][0]
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


@pytest.mark.parametrize("path", ["next", "events", "heartbeat"])
def test_a_revoked_or_unknown_device_is_refused(town, evaluator, client, path):
    def call():
        method = client.get if path == "next" else client.post
        return method(f"/api/device/v1/{path}", **evaluator.auth)

    actions.suspend(evaluator.device, by=town.zhou)
    assert (call().status_code, call().json()["code"]) == (403, "device_suspended")
    actions.reactivate(evaluator.device, by=town.zhou)
    actions.revoke(evaluator.device, by=town.zhou)
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
    actions.revoke(evaluator.device, by=town.zhou)
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


def test_an_idle_poll_reads_and_writes_nothing_more(town, evaluator, django_assert_num_queries):
    evaluator.next()
    with django_assert_num_queries(2):
        answer = evaluator.next()
    assert (answer.status_code, answer["Retry-After"]) == (204, "3")


def test_the_heartbeat_tells_the_window_and_how_much_waits(town, evaluator):
    told = evaluator.client.post(
        "/api/device/v1/heartbeat", {"waiting": 7}, content_type="application/json", **evaluator.auth
    ).json()
    assert told["counter"] == {
        "code": "03", "name": "综合受理窗口 03", "name_en": "Comprehensive window 03",
        "hall": "政务服务中心", "hall_en": "Government service hall",
    }  # fmt: skip
    assert DeviceBeat.objects.get().waiting == 7


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"\xff", b"null", b'{"events": 5}', b'{"events": [5]}', b'{"events": [{}]}', b'{"events": [{"id": "x"}]}',
        b'{"events": [{"id": "' + b"9" * 41 + b'"}]}', b"[" * 100_000,
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
        {"level": "5"}, {"level": True}, {"level": None}, {"level": 10**30}, {"level": 6}, {"codes": "510"}, {"codes": [510]},
        {"codes": [["510"]]}, {"text": 5}, {"text": "字" * 501}, {"prompt": None}, {"prompt": "x" * 32}, {"prompt": "0" * 32},
        {"type": "deleted"}, {"type": ["answered"]},
    ],
)  # fmt: skip
def test_a_malformed_event_is_rejected_alone(town, evaluator, change):
    town.accepted()
    prompt = evaluator.prompt()
    good = {"id": "0190cccc-0001", "type": "shown", "prompt": prompt["id"]}
    told = evaluator.send(evaluator.answered(prompt) | change, good)
    assert told.status_code == 200
    assert [r["result"] for r in told.json()["results"]] == ["rejected", "accepted"]
    assert not Review.objects.exists()
