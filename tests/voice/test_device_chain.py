"""What a device sends lies on a chain: doubled, forked, cut off, forged or dated by a wrong clock, it is told and nothing is lost."""

import datetime as dt
import hashlib
import io
import json

import openpyxl
import pytest
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from onewindow.cases import worker
from onewindow.cases.append_only import protect, release
from onewindow.cases.models import Notice
from onewindow.hall.actions import finish
from onewindow.sim import evaluator as sim
from onewindow.voice import odp, tallies, watch
from onewindow.voice.device_models import DeviceAlarm, DeviceChain, DeviceEvent, WindowVerdict
from onewindow.voice.models import Conflict, Prompt, Review
from tests.hall.conftest import build_hall
from tests.town import at

pytestmark = pytest.mark.django_db


def alarmed():
    return {a.kind: a.count for a in DeviceAlarm.objects.open()}


def rehash(event):
    """As a device that writes something else over what it wrote."""
    return event | {"hash": sim.fingerprint(event)}


def test_an_event_is_hashed_as_the_published_text_says():
    """An oracle written out by hand: no code of ours makes the bytes."""
    event = {
        "id": "0" * 32, "seq": 1, "type": "answered", "boot_id": "b" * 32, "t_wall": 2, "t_mono": 1, "prompt_id": None,
        "score": 1, "tags": ["108"], "text": "等了\n一天", "prev_hash": "0" * 64, "hash": "",
    }  # fmt: skip
    digest = hashlib.sha256("等了\n一天".encode()).hexdigest()
    form = (
        '{"boot_id":"' + "b" * 32 + '","id":"' + "0" * 32 + '","prompt_id":null,"score":1,"seq":1,"t_mono":1,"t_wall":2,'
        '"tags":["108"],"text_hash":"' + digest + '","type":"answered"}'
    )  # fmt: skip
    expected = hashlib.sha256(("0" * 64 + form).encode()).hexdigest()
    assert odp.hashed_form(event) == form
    assert odp.link("0" * 64, form) == sim.fingerprint(event) == expected


def test_the_same_batch_again_gives_the_same_answer_and_one_review(town, evaluator):
    town.accepted()
    evaluator.answer(evaluator.prompt())
    batch = evaluator.odp.batch()
    first, again = (evaluator.post("events", batch).json() for _ in range(2))
    assert (first["results"][0]["result"], first["acked_seq"]) == ("accepted", 1)
    assert again["results"][0] | {"result": "accepted"} == first["results"][0] | {"first": "accepted"}
    assert (again["results"][0]["result"], again["acked_seq"]) == ("duplicate", 1)
    assert (Review.objects.count(), DeviceEvent.objects.count(), alarmed()) == (1, 1, {})


def test_a_duplicate_of_a_rejected_event_is_told_why_it_was_rejected(town, evaluator):
    evaluator.odp.note("shown", "0" * 32)
    evaluator.send()
    told = evaluator.result()
    assert (told["result"], told["first"], told["reason"]) == ("duplicate", "rejected", "unknown_prompt")


def test_another_body_under_the_same_id_is_a_conflict_put_aside_and_an_alarm(town, evaluator):
    town.accepted()
    event = evaluator.answer(evaluator.prompt(), score=1, tags=[], text="等了一天")
    evaluator.send()
    other = rehash(event | {"score": 5, "text": "很好"})
    for _ in range(2):
        assert evaluator.send(other).json()["results"][0] == {
            "id": event["id"], "seq": 1, "result": "conflict",
        }  # fmt: skip
    kept = Conflict.objects.get()
    assert (kept.body["score"], kept.text, kept.device) == (5, "很好", evaluator.device)
    assert (Review.objects.get().level, alarmed()) == (1, {"conflict": 1})


def test_another_event_under_the_same_number_is_a_conflict_too(town, evaluator):
    first = evaluator.odp.note("boot")
    evaluator.send()
    other = rehash(first | {"id": "f" * 32})
    assert evaluator.send(other).json()["results"][0]["result"] == "conflict"
    assert (DeviceEvent.objects.count(), Conflict.objects.count(), alarmed()) == (1, 1, {"conflict": 1})


def test_an_event_that_was_changed_on_its_way_is_rejected(town, evaluator):
    town.accepted()
    event = evaluator.answer(evaluator.prompt(), score=1, tags=[])
    told = evaluator.send(event | {"score": 5}).json()["results"][0]
    assert (told["result"], told["reason"]) == ("rejected", "bad_hash")
    assert not Review.objects.exists()


def test_a_second_branch_of_the_chain_is_taken_and_alarmed(town, evaluator):
    evaluator.odp.note("boot")
    evaluator.odp.flush()
    town.accepted()
    evaluator.odp.head = "e" * 64  # what a copy of the storage would have gone on from
    evaluator.answer(evaluator.prompt())
    assert evaluator.result()["result"] == "accepted"
    assert alarmed() == {"fork": 1}


def test_batches_in_the_wrong_order_lose_nothing_and_alarm_nobody(evaluator):
    events = [evaluator.odp.note("boot") for _ in range(6)]
    order = [events[4:6], events[0:2], events[2:4]]
    acked = [evaluator.send(*some).json()["acked_seq"] for some in order]
    assert (acked, alarmed(), DeviceEvent.objects.count()) == ([0, 2, 6], {}, 6)


def test_a_hole_in_the_storage_is_reported_with_the_number_that_is_missing(evaluator):
    for _ in range(9):
        evaluator.odp.note("boot")
    del evaluator.odp.queue[:4]  # never sent, and gone
    assert evaluator.odp.flush()
    chain = DeviceChain.objects.get()
    assert (chain.acked_seq, chain.missing, chain.head, alarmed()) == (9, 4, evaluator.odp.head, {"gap": 4})
    evaluator.odp.note("boot")
    evaluator.odp.flush()
    assert (alarmed(), DeviceChain.objects.get().missing) == ({"gap": 4}, 4)


def test_a_wiped_device_begins_another_chain_and_what_it_had_not_sent_is_reported(town, evaluator, signed_in):
    evaluator.odp.note("boot")
    evaluator.odp.flush()
    for _ in range(3):
        evaluator.odp.note("boot")
    evaluator.odp.heartbeat()
    assert evaluator.odp.wipe() == 3
    evaluator.odp.note("boot")
    evaluator.odp.flush()
    assert alarmed() == {"wiped": 3}
    assert [(c.acked_seq, c.missing, c.ended_at is None) for c in DeviceChain.objects.order_by("id")] == [
        (1, 3, False), (1, 0, True),
    ]  # fmt: skip
    assert [n.kind for n in Notice.objects.filter(person=town.zhou)] == ["device.alarm"]


def test_a_replaced_device_that_still_held_answers_is_reported(town, evaluator, pair):
    evaluator.odp.note("boot")
    evaluator.odp.heartbeat()
    pair(town.counter, town.zhou)
    assert alarmed() == {"gap": 1}


def test_a_device_with_a_key_must_sign(town, pair):
    device = pair(town.counter, town.zhou, signs=True)
    device.odp.note("boot")
    forged = sim.Signer()
    for sig in ("", "x" * 86, forged.sign("ODP/1\n"), device.odp.signer.sign("ODP/1\nanother\nhead")):
        refused = device.send(sig=sig)
        assert (refused.status_code, refused.json()["code"]) == (403, "bad_signature")
    assert (DeviceEvent.objects.count(), alarmed()) == (0, {"signature": 4})
    assert device.odp.flush() and DeviceEvent.objects.count() == 1
    assert (device.device.assurance, device.odp.heartbeat()["assurance"]) == ("high", "high")


@pytest.mark.parametrize("key", ["x", "A" * 87, 5, "BA" + "A" * 85])
def test_a_key_that_is_none_is_refused(client, db, key):
    answer = client.post("/api/device/v1/pair", {"pubkey": key}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_key")


# -- clocks --


class Clocks:
    """A device whose wall clock is wrong by so many seconds, and whose other one counts from its start."""

    def __init__(self, evaluator, monday, wrong):
        self.monday, self.odp, self.wrong, self.mono = monday, evaluator.odp, wrong, 1_000
        self.odp.wall = lambda: (
            int(__import__("onewindow.cases.instant", fromlist=["now"]).now().timestamp() * 1000)
            + wrong * 1000
        )
        self.odp.mono = lambda: self.mono

    def wait(self, seconds):
        self.monday.shift(seconds)
        self.mono += seconds * 1000


@pytest.mark.parametrize("wrong", [0, 86_400, -86_400, 10**9])
def test_within_one_run_the_time_of_an_event_is_exact_however_wrong_the_clock(town, evaluator, monday, wrong):
    clocks = Clocks(evaluator, monday, wrong)
    town.accepted()
    prompt = evaluator.prompt()
    clocks.wait(20)
    evaluator.answer(prompt)
    clocks.wait(7200)
    evaluator.odp.flush()
    event, review = DeviceEvent.objects.get(), Review.objects.get()
    assert (event.event_at, event.time_quality) == (at("2026-11-23 10:00:20"), "exact")
    assert (review.said_at, review.at) == (at("2026-11-23 10:00:20"), at("2026-11-23 12:00:20"))
    assert ("clock" in alarmed()) is (wrong != 0)


def test_a_batch_that_was_held_up_on_its_way_dates_nothing_wrong(town, evaluator, monday):
    clocks = Clocks(evaluator, monday, 0)
    town.accepted()
    prompt = evaluator.prompt()
    clocks.wait(20)
    evaluator.answer(prompt)
    held_up = evaluator.odp.batch()
    clocks.wait(60)
    evaluator.odp.heartbeat()
    clocks.wait(600)
    evaluator.post("events", held_up)  # sent eleven minutes ago
    event = DeviceEvent.objects.get()
    late = (event.event_at - at("2026-11-23 10:00:20")).total_seconds()
    assert (late, event.time_quality) == (0.12, "exact")  # what its clock may run slow in ten minutes
    evaluator.odp.heartbeat()
    assert alarmed() == {}


def test_after_a_reboot_the_time_is_estimated_by_the_last_known_error(town, evaluator, monday):
    clocks = Clocks(evaluator, monday, 86_400)
    evaluator.odp.heartbeat()
    town.accepted()
    prompt = evaluator.prompt()
    clocks.wait(20)
    evaluator.answer(prompt)
    clocks.wait(600)
    evaluator.odp.reboot()
    clocks.mono = 500
    evaluator.odp.flush()
    event = DeviceEvent.objects.get()
    assert (event.event_at, event.time_quality) == (at("2026-11-23 10:00:20"), "estimated")


def test_an_impossible_time_is_clamped_between_the_question_and_now(town, evaluator, monday):
    clocks = Clocks(evaluator, monday, -86_400)
    town.accepted()
    prompt = evaluator.prompt()
    clocks.wait(20)
    evaluator.answer(prompt)
    clocks.wrong = 0
    evaluator.odp.reboot()  # of the run in which it happened nothing was ever heard
    evaluator.odp.wall = lambda: int(at("2026-11-23 10:00:20").timestamp() * 1000)
    clocks.mono = 500
    evaluator.odp.flush()
    event = DeviceEvent.objects.get()
    assert (event.event_at, event.time_quality) == (at("2026-11-23 10:00"), "clamped")
    assert Prompt.objects.get().state == "answered"


def test_a_clock_that_is_right_again_ends_the_alarm(evaluator, monday):
    clocks = Clocks(evaluator, monday, 121)
    evaluator.odp.heartbeat()
    assert alarmed() == {"clock": 1}
    clocks.odp.wall = lambda: int(at("2026-11-23 10:00").timestamp() * 1000)
    evaluator.odp.heartbeat()
    assert alarmed() == {}


# -- the end of a ticket --


@pytest.mark.parametrize(("late", "before", "after"), [(0, 1, 1), (130, 0, 1)])
def test_the_end_of_a_ticket_asks_what_was_not_asked_in_time_and_nothing_twice(
    town, evaluator, monday, late, before, after
):
    hall = build_hall(town)
    ticket = hall.take()
    hall.call()
    a = town.accepted()
    monday.shift(dt.timedelta(seconds=late))
    worker.follow()
    assert Prompt.objects.count() == before
    ticket.refresh_from_db()
    finish(ticket, by=hall.li, outcome="accepted")
    worker.follow()
    asked = Prompt.objects.values_list("number", "touchpoint", "counter_id", "attempt")
    assert list(asked) == [(a.number, "accepted", town.counter.pk, 1)] * after


# -- what nobody asked --


def test_a_verdict_without_a_question_counts_for_the_window_and_for_nobody_else(town, evaluator):
    said = {"score": 2, "tags": ["209"], "text": "排了一上午", "ticket": "A012"}
    evaluator.odp.note("answered", None, **said)
    evaluator.odp.note("answered", None, **said | {"tags": ["108"]})
    told = evaluator.send().json()["results"]
    assert [(r["result"], r.get("reason")) for r in told] == [("accepted", None), ("rejected", "bad_codes")]
    v = WindowVerdict.objects.get()
    assert (v.counter, v.hall, v.level, v.codes, v.text, v.ticket) == (
        town.counter, town.hall, 2, ["209"], "排了一上午", "A012",
    )  # fmt: skip
    assert not Review.objects.exists()
    seen = {
        p.username: WindowVerdict.objects.seen_by(p).count() for p in (town.bai, town.zhou, town.li, town.it)
    }
    assert seen == {"bai": 1, "zhou": 1, "li": 0, "it": 0}


@pytest.mark.parametrize(
    ("minutes", "typed", "is_bound"),
    [(0, "", True), (4, "", True), (6, "", False), (0, "a001", True), (0, "A002", False)],
)
def test_a_verdict_without_a_question_belongs_to_the_ticket_that_was_at_the_window(
    town, evaluator, monday, minutes, typed, is_bound
):
    hall = build_hall(town)
    ticket = hall.take()
    hall.served(hall.call())
    monday.shift(dt.timedelta(minutes=minutes))
    evaluator.odp.note("answered", None, score=4, tags=[], ticket=typed)
    evaluator.send()
    assert ticket.number == "A001"
    assert WindowVerdict.objects.get().visit_ticket == (ticket.key if is_bound else "")


def test_verdicts_without_a_question_stand_beside_the_reviews_of_the_window_with_their_own_n(
    town, evaluator, signed_in, monday
):
    for score in (5, 4, 2):
        evaluator.odp.note("answered", None, score=score, tags=[])
    evaluator.send()
    monday.move_to(at("2026-11-24 08:00"))
    tallies.bring_up_to_date()
    bai = signed_in(town.bai)
    page = bai.get("/desk/reviews/windows/").content.decode()
    assert 'data-label="未经邀请的评价" class="ow-num">3 <' in page and "66.7%" in page
    book = bai.get("/desk/reviews/windows/export.xlsx")
    lines = list(openpyxl.load_workbook(io.BytesIO(b"".join(book))).active.iter_rows(values_only=True))
    assert (lines[-1][2], lines[-1][-7:-4]) == (0, (3, 2, 1))


# -- the record --


def test_what_people_wrote_stands_in_the_chain_only_as_a_digest(town, evaluator):
    town.accepted()
    evaluator.answer(evaluator.prompt(), text="我叫张三")
    evaluator.send()
    body = DeviceEvent.objects.get().body
    assert body["text_hash"] == hashlib.sha256("我叫张三".encode()).hexdigest()
    assert "张三" not in json.dumps(body, ensure_ascii=False)


def test_the_record_proves_itself_and_can_not_be_changed(town, evaluator):
    town.accepted()
    prompt = evaluator.prompt()
    for kind in ("shown", "touched"):
        evaluator.odp.note(kind, prompt["id"])
    evaluator.answer(prompt, text="好")
    evaluator.odp.flush()
    head = odp.ZERO
    for event in DeviceEvent.objects.order_by("seq"):
        head = odp.link(head, odp.canonical(event.body))
        assert event.hash == head
    assert DeviceChain.objects.get().head == head
    for act in (lambda: DeviceEvent.objects.update(result="x"), lambda: DeviceEvent.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


# -- alarms --


def test_nobody_is_alarmed_about_a_silent_device_outside_opening_hours(town, evaluator, monday):
    evaluator.odp.heartbeat()
    health = lambda when: evaluator.device.__class__.objects.with_places().get().health(at(when))  # noqa: E731
    assert [health(w) for w in ("2026-11-23 10:02:59", "2026-11-23 10:03", "2026-11-23 10:10")] == [
        "online", "late", "offline",
    ]  # fmt: skip
    assert [health(w) for w in ("2026-11-23 17:00", "2026-11-24 08:29", "2026-11-28 10:00", "2026-10-01 10:00")] == [
        "closed", "closed", "closed", "online",
    ]  # fmt: skip
    assert [health(w) for w in ("2026-11-24 08:30", "2026-11-24 08:33", "2026-11-24 08:40")] == [
        "online", "late", "offline",
    ]  # fmt: skip
    changed = {
        w: watch.look(at(w))
        for w in ("2026-11-23 22:00", "2026-11-24 08:39", "2026-11-24 08:41", "2026-11-24 08:42")
    }
    assert list(changed.values()) == [0, 0, 1, 0]
    assert [n.kind for n in Notice.objects.filter(person=town.zhou)] == ["device.offline"]
    monday.move_to(at("2026-11-24 09:00"))
    evaluator.odp.heartbeat()
    assert (watch.look(at("2026-11-24 09:00:30")), alarmed()) == (1, {})


def test_a_full_queue_is_an_alarm_until_it_is_sent(evaluator):
    evaluator.post("heartbeat", {"waiting": 5000})
    assert alarmed() == {"full": 1}
    evaluator.post("heartbeat", {"waiting": 4999})
    assert alarmed() == {}


def test_the_worker_looks_once_a_minute(town, evaluator, monday):
    evaluator.odp.heartbeat()
    worker.turn()
    monday.shift(59)
    assert watch.look_who_is_silent(200) == 0
    monday.shift(541)
    assert watch.look_who_is_silent(200) == 1


# -- proof --


@pytest.fixture
def unprotected():
    """What a database administrator could do: the triggers are taken away for a moment."""
    with connection.schema_editor() as editor:
        release(editor, "voice_deviceevent")
    yield
    with connection.schema_editor() as editor:
        protect(editor, "voice_deviceevent")


def proved(capsys):
    try:
        call_command("verify_devices", json=True)
        code = 0
    except SystemExit as end:
        code = end.code
    told = json.loads(capsys.readouterr().out)
    return code, [(f["seq"], f["fault"].split(":")[0]) for f in told["broken"]], told["missing"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (lambda events: None, []),
        (lambda events: events.filter(seq=3).update(body={"id": "0" * 32, "seq": 3}), [(3, "changed")]),
        (lambda events: events.filter(seq=3).update(hash="f" * 64), [(3, "changed"), (4, "does not continue the event before it")]),
        (lambda events: events.filter(seq=3).delete(), [(6, "1 events were taken out")]),
        (lambda events: events.filter(seq=6).delete(), [(6, "cut off")]),
    ],
)  # fmt: skip
def test_whatever_is_done_to_the_record_is_found(town, evaluator, unprotected, capsys, tamper, found):
    for _ in range(3):
        evaluator.odp.note("boot")
    evaluator.odp.flush()
    evaluator.odp.note("deleted")  # rejected, and part of the record all the same
    evaluator.odp.note("shown", "0" * 32)
    evaluator.odp.note("boot")
    evaluator.odp.flush()
    tamper(DeviceEvent.objects.all())
    assert proved(capsys) == (1 if found else 0, found, 0)


def test_a_reported_gap_is_no_break(evaluator, capsys):
    for _ in range(5):
        evaluator.odp.note("boot")
    del evaluator.odp.queue[1:3]
    del evaluator.odp.queue[0]
    evaluator.odp.flush()
    assert proved(capsys) == (0, [], 3)
