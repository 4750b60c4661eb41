"""Issues for programs: the same steps and forms as on the pages, and nobody's name."""

import json

import pytest

from onewindow.cases import worker
from onewindow.issues import actions, links
from onewindow.issues.models import Issue
from tests.issues.conftest import CAUSE
from tests.town import at

pytestmark = pytest.mark.django_db


def test_a_program_walks_an_issue_by_the_same_forms(town, life, program):
    i = life.stuck(text="打我电话 19900000001")
    unit = program(town.wang)
    facts = unit.get(f"/cases/{i.number}").data["facts"]
    assert (facts["origin"], facts["grade"], facts["item"]) == ("stuck", "simple", "ZD-MSA-001")
    bad = unit.post(f"/cases/{i.number}/contact", {"how": "phone", "note": ""})
    assert bad.status_code == 422 and bad.data["errors"][0]["pointer"].endswith("note")
    assert unit.post(f"/cases/{i.number}/contact", {"how": "phone", "note": "已联系"}).status_code == 200
    same = unit.post(f"/cases/{i.number}/verify", {"founded": "yes", "finding": "属实", "grade": "simple"})
    assert (same.status_code, same.data["reason"]["code"]) == (403, "only_second")
    head = program(town.head)
    assert (
        head.post(
            f"/cases/{i.number}/verify", {"founded": "yes", "finding": "属实", "grade": "simple"}
        ).status_code
        == 200
    )
    empty = unit.post(f"/cases/{i.number}/reply", {"proposal": "solved", "answer": "已办", "cause": "guide",
                                                   "prevention": "guide", "prevention_note": "已修订指南"})  # fmt: skip
    assert {e["pointer"] for e in empty.data["errors"]} == {"#/prevention_item", "#/done_case"}
    assert Issue.objects.get().status == "working"


def test_a_program_of_somebody_kept_out_finds_nothing(town, life, program):
    i = life.review(text="态度差 19900000001")
    for person in (town.li, town.zhou):
        assert program(person).get(f"/cases/{i.number}").status_code == 404
        listed = program(person).get("/cases", kind="issue").data["items"]
        assert listed == []
    told = json.dumps(program(town.head).get(f"/cases/{i.number}").data, ensure_ascii=False)
    assert "张三" not in told and "19900000001" not in told and i.application not in told


# --- another system reports and follows ---------------------------------------------------------------------

ORDER = {
    "origin": "hotline", "own_number": "SH-20261123-0007", "text": "地址变更跑了三次，窗口都说不行", "item": "ZD-MSA-001",
    "reporter": {"name": "张三", "mobile": "19900000001"},
}  # fmt: skip


@pytest.fixture
def hotline(town, program):
    return program(town.bai, scopes=("issues:read", "issues:write"))


def test_an_order_of_12345_becomes_an_issue_with_clocks_of_its_own(town, hotline, monday):
    first = hotline.post("/issues", ORDER, key="k1")
    assert first.status_code == 201, first.content
    told = first.data
    i = Issue.objects.with_facts().get()
    assert (told["number"], told["status"], told["due_at"], told["link"]) == (
        i.number, "assigned", "2026-11-24T17:00:00+08:00", None,
    )  # fmt: skip
    assert (i.origin, i.source, i.office, i.agrees) == ("hotline", "SH-20261123-0007", town.msa, True)
    i = actions.contact(i, by=town.wang, how="phone", note="已联系")
    assert i.due_at == at("2026-11-30 17:00")  # five working days from the order
    i = actions.verify(i, by=town.head, founded="yes", finding="属实", grade="simple")
    i = actions.plan(
        i, by=town.head, plan="…", plan_owner="王", plan_due=at("2026-12-07 00:00").date(), reason="特别复杂"
    )
    assert i.due_at == at("2026-12-07 17:00")  # and five more where the head says why
    again = hotline.post("/issues", ORDER, key="k1")
    assert (again.data["number"], again["Idempotent-Replay"]) == (i.number, "true")
    twice = hotline.post("/issues", ORDER, key="k2")
    assert (twice.status_code, twice.data["code"], twice.data["number"]) == (409, "duplicate", i.number)
    assert Issue.objects.count() == 1


def test_the_wrong_unit_returns_an_order_within_24_hours_or_not_at_all(town, hotline, monday):
    for n, later in enumerate(("2026-11-24 09:59", "2026-11-24 10:01")):
        monday.move_to(at("2026-11-23 10:00"))
        hotline.post("/issues", ORDER | {"own_number": f"N{n}"})
        monday.move_to(at(later))
        i = Issue.objects.with_facts().latest("pk")
        reason = i.flow.why_not("send_back", i, town.wang)
        assert (reason and reason.code) == (None, "too_late_to_return")[n]
    i = actions.dispatch(i, by=town.bai, office=town.health_office, grade="simple")
    assert i.flow.why_not("send_back", i, town.qian) is None  # 24 hours again from being sent to another unit


def test_a_system_sees_its_own_issues_as_their_reporters_do_and_nothing_else(
    town, life, hotline, program, monday
):
    life.stuck()
    number = hotline.post("/issues", ORDER).data["number"]
    i = Issue.objects.with_facts().get(number=number)
    i = life.working(i)
    hidden = hotline.get(f"/issues/{number}").data
    assert "属实" not in json.dumps(hidden, ensure_ascii=False) and hidden["answer"] == ""
    i = actions.reply(i, by=town.wang, proposal="explained", answer="已按规定办理", **CAUSE)
    seen = hotline.get(f"/issues/{number}").data
    assert (seen["status"], seen["answer"], seen["outcome"]) == ("replied", "已按规定办理", "")
    whole = json.dumps(seen, ensure_ascii=False)
    assert not any(word in whole for word in ("张三", "19900000001", "wang", town.wang.name, "部门之间"))
    for other in Issue.objects.exclude(number=number).values_list("number", flat=True):
        assert hotline.get(f"/issues/{other}").status_code == 404
    assert program(town.lu).get(f"/issues/{number}").status_code == 404  # another account's
    assert hotline.get(f"/cases/{number}").status_code == 403  # outside the scope


def test_what_changed_since_a_cursor_is_told_once_and_nothing_is_stepped_over(town, life, hotline, monday):
    numbers = [hotline.post("/issues", ORDER | {"own_number": f"N{n}"}).data["number"] for n in range(3)]
    assert hotline.get("/issues").data["items"] == []  # still being written
    while worker.follow():
        pass
    monday.move_to(at("2026-11-23 10:01"))
    page = hotline.get("/issues", limit=2).data
    rest = hotline.get("/issues", limit=2, cursor=page["next"]).data
    assert [r["number"] for r in page["items"] + rest["items"]] == numbers and rest["next"] is None
    resume = rest["resume"]
    assert hotline.get("/issues", cursor=resume).data == {"items": [], "next": None, "resume": resume}
    actions.contact(Issue.objects.with_facts().get(number=numbers[0]), by=town.wang, how="phone", note="…")
    while worker.follow():
        pass
    monday.move_to(at("2026-11-23 10:02"))
    news = hotline.get("/issues", cursor=resume).data["items"]
    assert [(r["number"], r["status"]) for r in news] == [(numbers[0], "contacted")]
    assert hotline.get("/issues", cursor="rubbish").status_code == 422


def test_the_reporter_s_words_are_added_and_answer_what_was_asked(town, life, hotline, monday):
    number = hotline.post("/issues", ORDER).data["number"]
    added = hotline.post(f"/issues/{number}/words", {"text": "还有一次是周五"})
    assert [s["text"] for s in added.data["said"]] == ["还有一次是周五"]
    i = life.working(Issue.objects.with_facts().get(number=number))
    actions.ask_reporter(i, by=town.wang, notice="哪一天？", days=2)
    answered = hotline.post(f"/issues/{number}/words", {"text": "二十日"}).data
    assert (answered["status"], answered["said"][-1]) == (
        "working", {"at": "2026-11-23T10:00:00+08:00", "by": "reporter", "text": "二十日"},
    )  # fmt: skip
    i = Issue.objects.with_facts().get(number=number)
    actions.take_back(i, by=links.reporter_of(i))
    over = hotline.post(f"/issues/{number}/words", {"text": "x"})
    assert (over.status_code, over.data["reason"]["code"]) == (409, "ended")


def test_who_may_report_and_what_is_wrong_is_said_at_once(town, hotline, program, monday):
    assert program(town.li).post("/issues", ORDER).data["reason"]["code"] == "only_bureau"
    assert program(town.bai, scopes=("cases:write",)).post("/issues", ORDER).data["code"] == "out_of_scope"
    wrong = ORDER | {"item": "X", "office": "GOV", "hall": "H9", "kind": "x", "application": "A1", "own_number": " ",
                     "reporter": {"mobile": "123"}}  # fmt: skip
    said = hotline.post("/issues", wrong)
    assert said.status_code == 422 and {e["pointer"] for e in said.data["errors"]} == {
        "#/item", "#/office", "#/hall", "#/kind", "#/application", "#/own_number", "#/reporter/mobile",
    }  # fmt: skip
    nobody = hotline.post("/issues", {"origin": "mailbox", "own_number": "M1", "text": "办事难"}).data
    assert (
        nobody["status"] == "registered" and "/i/" in nobody["link"]
    )  # anonymous: told here and nowhere else
    assert hotline.get(f"/issues/{nobody['number']}").data["link"] is None


def test_a_reporter_who_wants_it_so_is_not_known_to_the_unit(town, hotline, program, monday):
    number = hotline.post("/issues", ORDER | {"confidential": True, "text": "请打 19900000001"}).data[
        "number"
    ]
    told = json.dumps(program(town.wang).get(f"/cases/{number}").data, ensure_ascii=False)
    assert "19900000001" not in told and "张三" not in told
    assert Issue.objects.get(number=number).agrees is False


def test_of_a_joined_issue_the_news_of_the_main_one_are_told(town, life, hotline, monday):
    main = life.stuck()
    number = hotline.post("/issues", ORDER).data["number"]
    actions.merge(Issue.objects.with_facts().get(number=number), by=town.lu, main=main)
    while worker.follow():
        pass
    monday.move_to(at("2026-11-23 10:01"))
    resume = hotline.get("/issues").data["resume"]
    assert hotline.get("/issues", cursor=resume).data["items"] == []
    actions.contact(Issue.objects.with_facts().get(pk=main.pk), by=town.wang, how="phone", note="…")
    while worker.follow():
        pass
    monday.move_to(at("2026-11-23 10:02"))
    (news,) = hotline.get("/issues", cursor=resume).data["items"]
    assert (news["number"], news["status"]) == (number, "contacted")
    assert hotline.get(f"/issues/{number}").data["joined_with"] is True


def test_staff_find_an_order_by_the_number_of_the_hotline(town, hotline, signed_in):
    number = hotline.post("/issues", ORDER).data["number"]
    client = signed_in(town.wang)
    page = client.get("/desk/search/", {"q": ORDER["own_number"]}, follow=True)
    assert number in page.content.decode().replace("-", "")
    assert ORDER["own_number"] in client.get(f"/desk/{number}/").content.decode()
