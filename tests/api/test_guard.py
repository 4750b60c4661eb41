"""What every call shares: tokens, scopes, problems, unknown fields, versions, idempotency."""

import datetime as dt

import pytest
from django.db import DatabaseError

from onewindow.cases import flow
from onewindow.cases.models import Event
from onewindow.org.models import FirstAnswer
from onewindow.window.models import Application, Paper
from tests.api.conftest import MONDAY, Program

pytestmark = pytest.mark.django_db


def problem(response, status, code):
    """The answer is that problem; returns it."""
    assert (response.status_code, response.data["code"]) == (status, code), response.content.decode()
    assert response["Content-Type"] == "application/problem+json" and response.data["status"] == status
    return response.data


# --- who calls ---------------------------------------------------------------------------------------------


def test_without_a_valid_token_nothing_is_told(town, program):
    hour = dt.timedelta(hours=1)
    for caller in (
        program(None),
        Program("ow_made_up"),
        program(town.li, expires_at=MONDAY - hour),
        program(town.li, revoked_at=MONDAY - hour),
    ):
        answer = caller.get("/items")
        problem(answer, 401, "unauthorized")
        assert answer["WWW-Authenticate"].startswith("Bearer")
    assert program(town.li, expires_at=MONDAY + hour).get("/items").status_code == 200


def test_the_token_of_somebody_who_left_is_worth_nothing(town, program):
    caller = program(town.li)
    type(town.li).objects.filter(pk=town.li.pk).update(is_active=False)
    problem(caller.get("/cases"), 401, "unauthorized")


def test_a_token_does_no_more_than_its_scopes(town, program, body):
    reader = program(town.li, ("cases:read",))
    assert reader.get("/cases").status_code == 200
    problem(reader.post("/applications", body()), 403, "out_of_scope")
    problem(reader.get("/items"), 403, "out_of_scope")
    assert Application.objects.count() == 0


def test_another_halls_clerk_finds_nothing(town, program):
    a = town.accepted()
    other = program(town.ma)
    for path in ("", "/events", "/clock"):
        problem(other.get(f"/cases/{a.number}{path}"), 404, "not_found")
    problem(other.post(f"/cases/{a.number}/withdraw", {"reason": "x"}), 404, "not_found")
    assert other.get("/cases").data["items"] == []
    assert [c["number"] for c in program(town.li).get("/cases").data["items"]] == [a.number]


def test_a_number_is_found_as_people_write_it(town, program):
    a = town.take_in()
    written = f"{a.number[:7]}-{a.number[7:13]}-{a.number[13:].lower()}"
    assert program(town.li).get(f"/cases/{written}").data["number"] == a.number


# --- what is refused ---------------------------------------------------------------------------------------


def test_an_unknown_field_is_named(town, program, body):
    clerk = program(town.li)
    said = problem(clerk.post("/applications", body(colour="red")), 422, "bad_input")
    assert [(e["pointer"], e["code"]) for e in said["errors"]] == [("#/colour", "unknown_field")]
    deep = body()
    deep["applicant"]["nickname"] = "x"
    said = problem(clerk.post("/applications", deep), 422, "bad_input")
    assert said["errors"][0]["pointer"] == "#/applicant/nickname"
    number = town.accepted().number
    wang = program(town.wang)
    said = problem(
        wang.post(f"/cases/{number}/decide", {"result": "grant", "mood": "good"}), 422, "bad_input"
    )
    assert [(e["pointer"], e["code"]) for e in said["errors"]] == [("#/mood", "unknown_field")]
    said = problem(wang.get("/cases", colour="red"), 422, "bad_input")
    assert said["errors"][0]["pointer"] == "colour"


def test_a_missing_field_is_named_and_nothing_moves(town, program):
    a = town.accepted()
    wang = program(town.wang)
    said = problem(wang.post(f"/cases/{a.number}/decide", {}), 422, "bad_input")
    assert [(e["pointer"], e["code"]) for e in said["errors"]] == [("#/result", "missing")]
    said = problem(wang.post(f"/cases/{a.number}/decide", {"result": "refuse"}), 422, "bad_input")
    assert {e["pointer"] for e in said["errors"]} == {"#/reason", "#/reason_code"}
    a.refresh_from_db()
    assert (a.status, a.version) == ("examining", 2)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"id_number": "239999198001010011"}, "#/applicant/id_number", "bad_check"),
        ({"id_number": "2399991980"}, "#/applicant/id_number", "too_short"),
        ({"mobile": "29900000001"}, "#/applicant/mobile", "bad_form"),
        ({"kind": "enterprise"}, "#/applicant/id_type", "wrong_type"),
        ({"name": " \u3000 "}, "#/applicant/name", "missing"),
    ],
)
def test_identifiers_are_checked_as_at_the_counter(town, program, body, change, pointer, code):
    given = body(applicant=town.applicant() | change)
    said = problem(program(town.li).post("/applications", given), 422, "bad_input")
    assert (pointer, code) in {(e["pointer"], e["code"]) for e in said["errors"]}
    assert Application.objects.count() == 0


def test_materials_come_only_as_the_item_allows(town, program, body):
    materials = [
        {"spec": 1, "form": "deferred"},
        {"spec": 9, "form": "paper"},
        {"spec": 2, "form": "paper"},
    ] * 1
    materials.append({"spec": 2, "form": "paper"})
    said = problem(program(town.li).post("/applications", body(materials=materials)), 422, "bad_input")
    assert [(e["pointer"], e["code"]) for e in said["errors"]] == [
        ("#/materials/0/form", "not_possible"),
        ("#/materials/1/spec", "unknown_material"),
        ("#/materials/3/spec", "repeated"),
    ]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[1", b'{"a": NaN}', b"[" * 100_000, b'{"a": "\xff"}', b"9" * 5000]
)
def test_what_is_not_json_is_said_to_be_so(town, program, raw):
    a = town.accepted()
    answer = program(town.wang).post(f"/cases/{a.number}/decide", raw=raw)
    assert answer.status_code in (400, 422) and answer.data["code"] in ("bad_json", "bad_input")


@pytest.mark.parametrize("text", ["a\u0000b", "\ud800", "𠮷\u202e野家\u0000"])
def test_a_text_that_no_database_keeps_is_refused(town, program, body, text):
    caller = program(town.li)
    problem(caller.post("/applications", body(applicant=town.applicant() | {"name": text})), 422, "bad_input")
    a = town.accepted()
    answer = program(town.wang).post(f"/cases/{a.number}/decide", {"result": "grant", "reason": text})
    problem(answer, 422, "bad_input")


def test_a_body_that_is_too_large_is_refused(town, program, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    caller = program(town.li)
    problem(caller.post("/applications", raw=b" " * 2000), 413, "too_large")
    problem(caller.post("/applications", raw=b" " * 2000, key="k"), 413, "too_large")


def test_a_step_that_is_not_yours_or_not_now_says_why(town, program):
    a = town.accepted()
    said = problem(
        program(town.li).post(f"/cases/{a.number}/decide", {"result": "grant"}), 403, "not_allowed"
    )
    assert said["reason"]["code"] == "only_department" and said["detail"] == said["reason"]["text"]
    said = problem(program(town.li).post(f"/cases/{a.number}/accept"), 409, "not_possible")
    assert said["reason"]["code"] == "wrong_status"
    problem(program(town.li).post(f"/cases/{a.number}/dance"), 404, "unknown_step")
    problem(program(town.li).post(f"/cases/{a.number}/deem_accepted"), 404, "unknown_step")


def test_an_address_that_does_not_exist_is_a_problem_too(town, program):
    problem(program(town.li).get("/nothing"), 404, "not_found")


def test_only_a_clerk_of_the_hall_takes_in(town, program, body):
    problem(program(town.ma).post("/applications", body()), 403, "not_allowed")
    problem(program(town.wang).post("/applications", body()), 403, "not_allowed")
    said = problem(program(town.li).post("/applications", body(hall="H9")), 422, "bad_input")
    assert said["errors"][0]["pointer"] == "#/hall"
    said = problem(program(town.li).post("/applications", body(counter="99")), 422, "bad_input")
    assert said["errors"][0]["pointer"] == "#/counter"


def test_an_enterprise_applies_online_for_itself_alone(town, program, body):
    firm = town.firm
    firm.uscc = "91239999MA1A00001Y"  # the town's own has no valid check digit
    firm.save()
    them = {
        "kind": "enterprise",
        "name": "满口香餐饮",
        "id_type": "uscc",
        "id_number": firm.uscc,
        "mobile": "19900000009",
    }
    caller = program(firm)
    mine = body(applicant=them, channel="online", counter="")
    problem(caller.post("/applications", mine | {"channel": "counter"}), 403, "not_allowed")
    problem(caller.post("/applications", body(channel="online", counter="")), 403, "not_allowed")
    made = caller.post("/applications", mine)
    assert (made.status_code, made.data["status"]) == (201, "submitted"), made.content
    assert caller.get("/cases").data["items"][0]["number"] == made.data["number"]


def test_a_duplicate_that_is_open_is_named(town, program, body):
    clerk = program(town.li)
    first = clerk.post("/applications", body()).data["number"]
    assert problem(clerk.post("/applications", body()), 409, "duplicate")["number"] == first
    assert clerk.post("/applications", body(allow_duplicate=True)).status_code == 201


# --- versions ----------------------------------------------------------------------------------------------


def test_a_version_that_is_no_longer_the_last_is_refused(town, program):
    a = town.accepted()
    wang = program(town.wang)
    read = wang.get(f"/cases/{a.number}")
    assert read["ETag"] == '"2"' and read.data["version"] == 2
    problem(wang.post(f"/cases/{a.number}/decide", {"result": "grant"}, match='"1"'), 412, "stale")
    problem(wang.post(f"/cases/{a.number}/decide", {"result": "grant"}, match="nonsense"), 412, "stale")
    done = wang.post(f"/cases/{a.number}/decide", {"result": "grant"}, match='"1", "2"')
    assert (done.status_code, done["ETag"]) == (200, '"3"')


# --- sent again --------------------------------------------------------------------------------------------


def test_the_same_call_again_gets_the_first_answer_and_has_no_second_effect(town, program, body):
    clerk = program(town.li)
    first = clerk.post("/applications", body(), key="k-1")
    again = clerk.post("/applications", body(), key="k-1")
    assert again["Idempotent-Replay"] == "true" and "Idempotent-Replay" not in first
    assert (again.status_code, again.content, again["ETag"]) == (201, first.content, first["ETag"])
    assert again["Location"] == first["Location"] and Application.objects.count() == 1
    number = first.data["number"]
    for _ in range(2):
        answer = clerk.post(f"/cases/{number}/accept", key="k-2")
        assert (answer.status_code, answer.data["status"]) == (200, "examining")
    assert Event.objects.of(number).count() == 2 and Paper.objects.count() == 1


def test_the_same_key_with_another_body_is_a_conflict(town, program, body):
    clerk = program(town.li)
    clerk.post("/applications", body(1), key="k")
    problem(clerk.post("/applications", body(2), key="k"), 409, "idempotency_conflict")
    number = Application.objects.get().number
    problem(clerk.post(f"/cases/{number}/accept", key="k"), 409, "idempotency_conflict")


def test_a_key_belongs_to_one_token(town, program, body):
    assert program(town.li).post("/applications", body(), key="k").status_code == 201
    problem(program(town.ma).post("/applications", body(), key="k"), 403, "not_allowed")


def test_the_answer_kept_for_a_key_is_sealed(town, program, body):
    clerk = program(town.li)
    track = clerk.post("/applications", body(), key="k").data["track_url"].rpartition("/")[2]
    kept = FirstAnswer.objects.get()
    assert kept.status == 201 and track not in kept.body and kept.body.startswith("aesgcm1:")


def test_a_key_that_is_none_is_refused(town, program, body):
    said = problem(
        program(town.li).post("/applications", body(), key="钥匙".encode().decode("latin-1")),
        422,
        "bad_input",
    )
    assert said["errors"][0]["pointer"] == "Idempotency-Key"


def test_a_crash_leaves_neither_the_effect_nor_the_answer(town, program, body, monkeypatch):
    clerk = program(town.li)

    def broken(*args, **kwargs):
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(flow.chain, "append", broken)
        clerk.client.raise_request_exception = False
        problem(clerk.post("/applications", body(), key="k"), 500, "internal")
    assert (Application.objects.count(), Event.objects.count(), FirstAnswer.objects.count()) == (0, 0, 0)
    assert clerk.post("/applications", body(), key="k").status_code == 201


def test_no_two_schemas_share_a_name():
    """The document knows each by its name alone: of two the second would describe both."""
    from collections import Counter
    from importlib import import_module
    from inspect import getmembers, isclass

    from django.apps import apps
    from django.utils.module_loading import module_has_submodule
    from ninja import Schema

    found = {
        schema
        for app in apps.get_app_configs()
        if app.name.startswith("onewindow.") and module_has_submodule(app.module, "api")
        for _name, schema in getmembers(import_module(f"{app.name}.api"), isclass)
        if issubclass(schema, Schema)
    }
    assert [name for name, n in Counter(s.__name__ for s in found).items() if n > 1] == []
