"""Issues for programs: the same steps and forms as on the pages, and nobody's name."""

import json

import pytest

from onewindow.issues.models import Issue
from tests.api.conftest import program  # noqa: F401 – a program that calls in somebody's name

pytestmark = pytest.mark.django_db


def test_a_program_walks_an_issue_by_the_same_forms(town, life, program):  # noqa: F811
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


def test_a_program_of_somebody_kept_out_finds_nothing(town, life, program):  # noqa: F811
    i = life.review(text="态度差 19900000001")
    for person in (town.li, town.zhou):
        assert program(person).get(f"/cases/{i.number}").status_code == 404
        listed = program(person).get("/cases", kind="issue").data["items"]
        assert listed == []
    told = json.dumps(program(town.head).get(f"/cases/{i.number}").data, ensure_ascii=False)
    assert "张三" not in told and "19900000001" not in told and i.application not in told
