"""A program can do what people do: an application from the window to the applicant."""

import pytest

from onewindow.cases import chain
from onewindow.cases.models import Event
from tests.town import at

pytestmark = pytest.mark.django_db


def test_an_application_runs_from_the_window_to_the_applicant(town, program, body, monday):
    clerk, department = program(town.li), program(town.wang)
    made = clerk.post("/applications", body())
    assert made.status_code == 201, made.content
    number = made.data["number"]
    assert (made.data["status"], made.data["light"], made.data["version"]) == ("received", "green", 1)
    assert made.data["due_at"] == "2026-11-30T17:00:00+08:00"
    assert "/t/" in made.data["track_url"]
    assert made["Location"] == f"/api/v1/cases/{number}" and made["ETag"] == '"1"'

    accepted = clerk.post(f"/cases/{number}/accept", match='"1"')
    assert accepted.status_code == 200, accepted.content
    assert (accepted.data["status"], accepted["ETag"]) == ("examining", '"2"')
    assert accepted.data["legal_due_at"] == "2026-12-07T17:00:00+08:00"

    monday.move_to(at("2026-11-25 09:00"))
    told = department.get(f"/cases/{number}").data
    steps = {s["verb"]: s for s in told["steps"]}
    assert steps["decide"]["open"] and steps["decide"]["needs"] == ["result", "reason", "reason_code"]
    assert steps["extend"]["reason"]["code"] == "only_head"
    decided = department.post(f"/cases/{number}/decide", {"result": "grant"})
    assert decided.status_code == 200 and decided.data["facts"]["result"] == "grant"

    delivered = clerk.post(f"/cases/{number}/deliver", {"received_by": "张三1"})
    assert delivered.data["status"] == "delivered"
    told = clerk.get(f"/cases/{number}/events")
    assert told.status_code == 200, told.content
    events = told.data["items"]
    assert [e["kind"].partition(".")[2] for e in events] == ["receive", "accept", "decide", "deliver"]
    assert list(chain.breaks(Event.objects.of(number))) == []


def test_an_item_decided_on_the_spot_is_decided_by_the_clerk(town, program, body):
    clerk = program(town.li)
    number = clerk.post(
        "/applications", body(item="ZD-HRSS-073", materials=[{"spec": 1, "form": "paper"}])
    ).data["number"]
    assert clerk.post(f"/cases/{number}/accept").status_code == 200
    assert clerk.post(f"/cases/{number}/decide", {"result": "grant"}).data["status"] == "decided"


def test_the_one_notice_of_corrections_and_what_follows(town, program, body):
    clerk = program(town.li)
    number = clerk.post("/applications", body(materials=[{"spec": 1, "form": "paper"}])).data["number"]
    blocked = clerk.post(f"/cases/{number}/accept")
    assert blocked.status_code == 409 and blocked.data["reason"]["code"] == "materials_missing"
    asked = clerk.post(f"/cases/{number}/ask_correction", {"materials": {"2": "请提供平面图"}})
    assert asked.status_code == 200 and asked.data["status"] == "correcting", asked.content
    supplied = clerk.post(f"/cases/{number}/correct", {"materials": {"2": "paper"}})
    assert supplied.data["status"] == "received"
    assert clerk.post(f"/cases/{number}/accept").data["status"] == "examining"


def test_a_stopped_clock_is_explained_day_by_day(town, program, body, monday):
    a = town.accepted()
    department = program(town.wang)
    said = {"reason": "expert_review", "notice": "专家评审", "days": 2}
    monday.move_to(at("2026-11-24 09:00"))
    assert department.post(f"/cases/{a.number}/suspend", said).data["due_at"] is None
    monday.move_to(at("2026-11-26 09:00"))
    assert department.post(f"/cases/{a.number}/resume").data["due_at"] == "2026-12-02T17:00:00+08:00"
    clock = department.get(f"/cases/{a.number}/clock").data
    assert (
        clock["promised"]["limits"] == ["5wd"] and clock["promised"]["due_at"] == "2026-12-02T17:00:00+08:00"
    )
    assert [d["day"] for d in clock["promised"]["days"] if d["counted"]] == [
        "2026-11-26", "2026-11-27", "2026-11-30", "2026-12-01", "2026-12-02",
    ]  # fmt: skip
    assert clock["promised"]["stops"][0]["reason"] == "expert_review"
