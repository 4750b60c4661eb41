"""A visit links tickets and applications; programs do what windows do; calls are spoken; what is old goes."""

import datetime as dt
import json

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction

from onewindow.cases import worker
from onewindow.hall import actions, speech, windows
from onewindow.hall.models import Announcement, Ticket, VisitCase
from onewindow.hall.reactions import meant
from onewindow.org.http import new_token
from tests.town import at

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


# --- visits ---------------------------------------------------------------------------------------------------


def test_what_is_done_at_the_window_belongs_to_the_visit_of_the_ticket(hall, town, clock):
    ticket = hall.take()
    hall.call()
    clock.shift(MINUTE)
    case = town.take_in()
    clock.shift(MINUTE)
    worker.follow()
    ticket.refresh_from_db()
    assert ticket.state == "serving"  # whoever hands papers in is there
    assert ticket.events.get(kind="arrived").at == case.received_at
    assert [(v.number, v.verb, v.visit_id) for v in VisitCase.objects.all()] == [
        (case.number, "receive", ticket.visit_id)
    ]
    assert meant(ticket) == "accepted"
    assert [t.pk for t in actions.of_case(case.number)] == [ticket.pk]
    assert actions.at_counter(hall.c03).pk == ticket.pk


def test_without_a_ticket_at_the_window_an_application_is_nobodys_visit(hall, town, clock):
    gone = hall.take()
    hall.served(hall.call())
    clock.shift(6 * MINUTE)
    town.take_in()
    worker.follow()
    assert not VisitCase.objects.exists()
    assert actions.at_counter(hall.c03) is None
    assert actions.at_counter(hall.c03, at=at("2026-11-23 10:00")).pk == gone.pk


def test_what_follows_a_finished_ticket_follows_in_the_same_transaction(hall, monkeypatch):
    monkeypatch.setattr(actions, "FOLLOWERS", [])
    seen = []

    @actions.on_finish
    def remember(ticket, by):
        seen.append((ticket.number, ticket.outcome, by.username))
        if ticket.outcome == "consulted":
            raise RuntimeError("what follows is not possible")

    hall.take(), hall.take()
    hall.served(hall.call())
    ticket = actions.arrive(hall.call(), by=hall.li)
    with pytest.raises(RuntimeError), transaction.atomic():
        actions.finish(ticket, by=hall.li, outcome="consulted")
    assert seen == [("A001", "accepted", "li"), ("A002", "consulted", "li")]
    assert Ticket.objects.get(number="A002").state == "serving"


# --- programs -------------------------------------------------------------------------------------------------


@pytest.fixture
def api(client):
    def ask(person, method, path, body=None, **headers):
        token = new_token(person)[1]
        return client.generic(
            method, f"/api/v1{path}", json.dumps(body or {}) if method == "POST" else "", content_type="application/json",
            headers={"Authorization": f"Bearer {token}"} | headers,
        )  # fmt: skip

    return ask


def test_a_visit_by_programs(hall, api):
    queue = api(hall.li, "GET", "/halls/H1/queue").json()["queues"]
    assert [(q["letter"], q["waiting"], q["open_windows"], q["wait_minutes"]) for q in queue] == [
        ("A", 0, 0, None),
        ("B", 0, 0, None),
    ]
    taken = api(hall.li, "POST", "/halls/H1/tickets", {"groups": ["A", "B"]})
    assert taken.status_code == 201
    key = taken.json()["items"][0]["key"]
    called = api(hall.li, "POST", "/halls/H1/counters/03/next")
    assert (called.status_code, called.json()["number"], called.json()["counter"]) == (200, "A001", "03")
    assert api(hall.li, "POST", "/halls/H1/counters/03/next").json()["reason"]["code"] == "busy"
    assert api(hall.li, "POST", f"/tickets/{key}/arrive").json()["state"] == "serving"
    bare = api(hall.li, "POST", f"/tickets/{key}/finish")
    assert (bare.status_code, bare.json()["errors"][0]["pointer"]) == (422, "#/outcome")
    ended = api(hall.li, "POST", f"/tickets/{key}/finish", {"outcome": "accepted"}).json()
    assert (ended["state"], ended["outcome"], ended["serve_seconds"]) == ("finished", "accepted", 0)
    assert api(hall.li, "POST", "/halls/H1/counters/03/next").status_code == 204  # B is not served at 03


def test_the_same_call_sent_twice_is_one_call(hall, api):
    hall.take(), hall.take()
    token = new_token(hall.li)[1]
    from django.test import Client

    client = Client(headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "once"})
    first, second = (
        client.post("/api/v1/halls/H1/counters/03/next", {}, content_type="application/json")
        for _ in range(2)
    )
    assert first.json() == second.json() and second["Idempotent-Replay"] == "true"


def test_programs_act_only_where_their_person_may(hall, api, town):
    ticket = hall.take()
    assert api(town.ma, "GET", f"/tickets/{ticket.key}").status_code == 404
    assert api(town.ma, "POST", "/halls/H1/tickets", {"groups": ["A"]}).status_code == 403
    assert api(town.ma, "POST", "/halls/H1/counters/03/next").status_code == 403
    assert api(town.bai, "POST", f"/tickets/{ticket.key}/leave").status_code == 403
    assert api(town.li, "GET", "/halls/H2/queue").status_code == 404
    assert api(town.li, "POST", "/halls/H1/tickets", {"groups": ["Z"]}).status_code == 422


def test_the_share_called_in_time_is_a_figure(hall, api, clock):
    hall.take(), hall.take()
    hall.served(hall.call())
    clock.shift(16 * MINUTE)
    hall.call()
    said = api(hall.zhou, "GET", "/stats/waits?by=hall").json()
    assert (said["numerator"], said["denominator"], said["rows"][0]["code"]) == (1, 2, "H1")


# --- aloud ----------------------------------------------------------------------------------------------------


def test_each_call_is_spoken_once_and_an_old_one_is_not(hall, clock):
    file = settings.DATA_DIR / "speech.jsonl"
    file.unlink(missing_ok=True)
    hall.take()
    ticket = hall.call()
    assert speech.speak() == 1 and speech.speak() == 0
    actions.recall(ticket, by=hall.li)
    clock.shift(3 * MINUTE)
    assert speech.speak() == 1
    said = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert said == [
        {
            "hall": "H1",
            "zh": "请 A 零 零 一 号到综合受理窗口 03办理",
            "en": "Ticket A 0 0 1, please go to Comprehensive window 03",
        }
    ]
    assert not Announcement.objects.filter(said_at__isnull=True).exists()


# --- attendance -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "state"),
    [
        ([], "absent"),
        ([("open", "08:28")], "present"),
        ([("open", "08:35")], "present"),
        ([("open", "08:36")], "late"),
        ([("open", "08:30"), ("suspended", "10:00"), ("open", "10:10")], "present"),
        ([("open", "08:30"), ("closed", "11:20")], "left_early"),
        ([("open", "08:30"), ("closed", "11:56")], "present"),
        ([("open", "08:30"), ("closed", "09:00"), ("open", "09:30")], "present"),
        ([("open", "07:00"), ("closed", "07:30")], "absent"),
        ([("open", "07:00"), ("closed", "07:30"), ("open", "09:00")], "late"),
    ],
)
def test_attendance_follows_from_the_record_of_the_window(hall, clock, story, state):
    clock.move_to(at("2026-11-23 07:00"))
    windows.plan(hall.c03, hall.li, at("2026-11-23 08:00").date(), "am", by=hall.zhou)
    (before,) = windows.attendance(hall.town.hall, *[at("2026-11-23 08:00").date()] * 2)
    assert before.state == "planned"
    for kind, moment in story:
        clock.move_to(at(f"2026-11-23 {moment}"))
        if kind == "open":
            windows.open_(hall.c03, by=hall.li)
        elif kind == "suspended":
            windows.suspend(hall.c03, by=hall.li, reason="meal")
        else:
            windows.close(hall.c03, by=hall.li)
    clock.move_to(at("2026-11-23 12:30"))
    (after,) = windows.attendance(hall.town.hall, *[at("2026-11-23 08:00").date()] * 2)
    assert after.state == state


def test_a_manager_who_acts_for_a_window_is_nobodys_attendance(hall, clock):
    day = at("2026-11-23 08:00").date()
    windows.plan(hall.c03, hall.li, day, "am", by=hall.zhou)
    windows.open_(hall.c03, by=hall.zhou)
    assert windows.attendance(hall.town.hall, day, day)[0].state == "absent"


# --- keeping --------------------------------------------------------------------------------------------------


def test_tickets_go_when_their_days_are_over_and_not_before(hall, clock):
    from onewindow.config.retention import purge

    clock.move_to(at("2023-11-20 10:00"))
    hall.take()
    hall.served(hall.call())
    clock.move_to(at("2026-11-23 10:00"))
    young = hall.take()
    gone = purge()
    assert (gone["tickets"], list(Ticket.objects.values_list("pk", flat=True))) == (1, [young.pk])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        young.events.all().delete()
