"""Reviews passed on by programs, the tokens' command, and the page that explains it all."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from onewindow.cases.flow import FLOWS
from onewindow.config.api import api, prose
from onewindow.org.models import ApiToken
from onewindow.voice import again
from onewindow.voice.models import Review
from onewindow.window import actions
from tests.api.conftest import Program

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivered(town):
    a = town.accepted()
    actions.decide(a, by=town.wang, result="grant")
    return actions.deliver(a, by=town.li, received_by="张三")


def said(a, **more):
    return {
        "number": a.number,
        "touchpoint": "delivered",
        "level": 4,
        "text": "很快",
        "channel": "hotline",
    } | more


def test_a_verdict_by_hotline_counts_once(town, program, delivered):
    bureau = program(town.bai)
    first = bureau.post("/reviews", said(delivered))
    assert (first.status_code, first.data["channel"], first.data["level"]) == (201, "hotline", 4), (
        first.content
    )
    again = bureau.post("/reviews", said(delivered, level=1))
    assert again.status_code == 409 and again.data["reason"]["code"] == "already_reviewed"
    assert Review.objects.get().channel == 6
    assert [r["number"] for r in bureau.get("/reviews").data["items"]] == [delivered.number]


def test_a_call_is_marked_as_entered_by_somebody_and_every_version_is_told(town, program, delivered):
    bureau = program(town.bai)
    assert bureau.post("/reviews", said(delivered, assisted_reason="不识字")).data["assisted"] is True
    again.change(delivered, "delivered", level=2)
    rows = bureau.get("/reviews").data["items"]
    assert [(r["level"], r["nth"], r["changes"], r["replaced"], r["excluded"]) for r in rows] == [
        (2, 1, True, False, False), (4, 1, False, True, False),
    ]  # fmt: skip
    assert Review.objects.order_by("pk").first().assisted_why == "不识字"


def test_an_answer_by_text_message_counts_once_and_one_that_says_nothing_is_told_so(town, program, delivered):
    bureau = program(town.bai)
    text = {"mobile": delivered.mobile, "text": "2 等了很久", "message_id": "m-1"}
    first = bureau.post("/reviews/text", text)
    assert (first.status_code, first.data["level"], first.data["channel"], first.data["text"]) == (
        201,
        2,
        "sms",
        "等了很久",
    )
    assert bureau.post("/reviews/text", text).status_code == 201 and Review.objects.count() == 1
    assert bureau.post("/reviews/text", text | {"text": "你好", "message_id": "m-2"}).status_code == 422
    nobody = bureau.post("/reviews/text", text | {"mobile": "19900009998", "message_id": "m-3"})
    assert nobody.status_code == 409 and nobody.data["reason"]["code"] == "nothing_open"
    assert program(town.zhou).post("/reviews/text", text).status_code == 403


def test_who_is_judged_passes_no_verdict_on_and_never_learns_whose_it_is(town, program, delivered):
    refused = program(town.li).post("/reviews", said(delivered))
    assert refused.status_code == 403 and refused.data["reason"]["code"] == "only_bureau"
    program(town.bai).post("/reviews", said(delivered))
    assert program(town.li).get("/reviews").data["items"] == []
    assert program(town.ma).get("/reviews").data["items"] == []
    manager = program(town.zhou).get("/reviews").data["items"]
    assert [r["number"] for r in manager] == [None] and delivered.number not in json.dumps(manager)
    assert program(town.zhou).get("/reviews", number=delivered.number).data["items"] == []


def test_a_wrong_reason_or_an_unknown_case_is_named(town, program, delivered):
    bureau = program(town.bai)
    wrong = bureau.post("/reviews", said(delivered, codes=["999"]))
    assert wrong.status_code == 422 and wrong.data["errors"][0]["pointer"] == "#/codes"
    assert bureau.post("/reviews", said(delivered, number="A000000000000X")).status_code == 404
    assert bureau.post("/reviews", said(delivered, level=6)).status_code == 422
    assert bureau.get("/reviews", level=9).status_code == 422


# --- tokens ------------------------------------------------------------------------------------------------


def test_a_token_is_printed_once_works_at_once_and_ends_at_once(town, capsys):
    call_command("token", "create", "--user", "li", "--scope", "cases:read", "--days", "30")
    token = capsys.readouterr().out.strip()
    row = ApiToken.objects.get()
    assert token not in str(row.__dict__) and row.scopes == ["cases:read"]
    assert Program(token).get("/cases").status_code == 200
    assert Program(token).get("/items").status_code == 403
    call_command("token", "list", "--json")
    told = json.loads(capsys.readouterr().out)
    assert [(t["user"], t["state"]) for t in told] == [("li", "valid")] and token not in str(told)
    call_command("token", "revoke", str(row.pk))
    assert Program(token).get("/cases").status_code == 401
    with pytest.raises(CommandError):
        call_command("token", "revoke", str(row.pk))


def test_a_token_for_nobody_is_refused(town):
    with pytest.raises(CommandError, match="no active user"):
        call_command("token", "create", "--user", "ghost")


# --- the document and its page -----------------------------------------------------------------------------


def test_the_page_lists_every_operation_and_needs_no_third_party(town):
    page = Client().get("/api/v1/docs?lang=en")
    text = page.content.decode()
    document = api.get_openapi_schema()
    for where, methods in document["paths"].items():
        assert where in text, where
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in text
    assert (
        page.status_code == 200
        and "http://" not in text.replace("http://localhost", "")
        and "cdn" not in text
    )


def test_the_document_names_every_error_as_a_problem():
    document = api.get_openapi_schema()
    assert document["openapi"].startswith("3.1")
    for methods in document["paths"].values():
        for operation in methods.values():
            assert {"401", "403", "422"} <= {str(s) for s in operation["responses"]}
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"]


def test_every_step_of_every_flow_can_be_taken_by_a_program():
    verbs = next(
        p["schema"]["enum"]
        for p in api.get_openapi_schema()["paths"]["/api/v1/cases/{number}/{verb}"]["post"]["parameters"]
        if p["name"] == "verb"
    )
    main = [
        "receive", "ask_correction", "correct", "accept", "refuse_acceptance", "suspend", "resume", "extend",
        "decide", "deliver", "withdraw", "void",
    ]  # fmt: skip
    every = {v for flow in FLOWS.values() for v, step in flow.steps.items() if not step.when}
    assert set(main) <= set(verbs) == every and len(verbs) == len(every)


def test_the_page_of_the_api_sets_code_and_lists_apart():
    said = prose("One `GET`\nof two.\n\nFields:\n- `a`: <b>\n- `c`")
    assert said == (
        "<p>One <code>GET</code> of two.</p>\n<p>Fields:</p>\n"
        "<ul><li><code>a</code>: &lt;b&gt;</li><li><code>c</code></li></ul>"
    )
