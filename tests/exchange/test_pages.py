"""The counter, the pages of shared data, the calls of programs and the figures."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from onewindow.cases.figures import ask as figure
from onewindow.exchange import actions
from onewindow.exchange.models import Call, Given, Grant, Material, Reuse
from onewindow.org.http import token_digest
from onewindow.org.models import AccessLog, ApiToken
from onewindow.window import actions as window
from onewindow.window.models import Application, Document, Draft
from tests.exchange.test_calls import ask
from tests.exchange.test_library import a_file, earlier
from tests.town import citizen_id
from tests.window.test_intake import COUNTER, form, text


def program(client, person, *scopes):
    ApiToken.objects.create(person=person, digest=token_digest("t"), hint="t", scopes=list(scopes))
    return {"HTTP_AUTHORIZATION": "Bearer t", "content_type": "application/json"}


# --- the counter -------------------------------------------------------------------------------------------


def test_the_counter_fetches_under_the_number_that_the_application_will_have(shared, enter):
    li = enter(shared.li)
    page = text(li.post(COUNTER, form(shared.health, do="refresh", m3="missing")))
    assert "居民身份信息核验" in page
    page = li.post(COUNTER, form(shared.health, do="fetch", m3="missing")).content.decode()
    assert re.search(r'name="m3" value="reused"[^>]* checked', page)
    call, draft = Call.objects.get(), Draft.objects.get()
    assert (call.number, call.outcome, call.by) == (draft.number, "found", "li")
    assert not Application.objects.exists()
    link = re.search(r'href="(/desk/counter/held/[^"]+)"', page)[1]
    shown = text(li.get(link))
    assert "姓名与号码一致" in shown and "自查询以来未被改动" in shown and citizen_id(7) not in shown
    assert AccessLog.objects.get().field == "material: identity"
    li.post(COUNTER, form(shared.health, m3="reused"))
    a = Application.objects.get()
    assert (a.number, a.status) == (call.number, "examining")
    assert Reuse.objects.get().number == a.number
    assert enter(shared.ma).get(link).status_code == 404  # another clerk's sitting


def test_a_silent_register_is_owed_and_the_applicant_goes_home(shared, enter, settings):
    settings.REGISTERS_FAULTS = 100
    li = enter(shared.li)
    page = li.post(COUNTER, form(shared.health, do="fetch", m3="missing"))
    assert "接口未响应" in text(page)
    assert re.search(r'name="m3" value="owed"[^>]* checked', page.content.decode())
    li.post(COUNTER, form(shared.health, m3="owed"))
    a = Application.objects.get()
    assert (a.status, Document.objects.get(application=a, spec__no=3).form) == ("examining", "owed")
    settings.REGISTERS_FAULTS = 0
    assert "已调取：居民身份证" in text(li.post(f"/desk/{a.number}/fetch/", follow=True))
    assert Document.objects.get(application=a, spec__no=3).form == "reused"


def test_a_paper_of_an_earlier_visit_is_offered_with_origin_and_end_and_needs_a_word(town, enter, monday):
    earlier(town, n=7)
    li = enter(town.li)
    page = li.post(COUNTER, form(town.health, do="refresh", m2="missing"))
    assert "以前提交：食品经营许可（新办） 2026-11-23 有效期至 2029-11-23" in text(page).replace("\xa0", " ")
    assert 'name="m2" value="reused"' in page.content.decode()
    assert "请当面征得申请人同意" in text(li.post(COUNTER, form(town.health, m2="reused")))
    assert Application.objects.count() == 1
    li.post(COUNTER, form(town.health, m2="reused", consent="on"))
    assert (Reuse.objects.get().given, Reuse.objects.get().by) == ("counter", "li")
    assert "以前提交" not in text(li.post(COUNTER, form(town.health, do="refresh", id_number=citizen_id(8))))


def test_what_expired_since_the_page_was_shown_is_refused_at_its_material(town, enter, monday):
    earlier(town, n=7)
    m = Material.objects.get()
    Material.objects.update(valid_until=dt.date(2026, 11, 22))
    page = enter(town.li).post(COUNTER, form(town.health, m2="reused", l2=m.key, consent="on"))
    assert "“平面图”已于 2026-11-22 到期" in text(page)
    assert Application.objects.count() == 1


# --- pages -------------------------------------------------------------------------------------------------


def test_the_owner_approves_and_revokes_on_one_page(shared, enter):
    Grant.objects.all().delete()
    head = enter(shared.qhead)
    asked = {
        "ask": "1", "office": shared.health_office.pk, "purpose": "核验身份", "legal_basis": "政务数据共享条例",
        "wanted": ["match"], "starts_on": "2026-11-23", "until": "2027-11-22",
    }  # fmt: skip
    assert head.post("/desk/data/IDENTITY/", asked | {"until": "2026-01-01"}).status_code == 422
    assert head.post("/desk/data/IDENTITY/", asked).status_code == 302
    grant = Grant.objects.get()
    assert (grant.state, grant.fields, grant.until) == ("asked", ["match"], dt.date(2027, 11, 22))
    assert head.post("/desk/data/IDENTITY/", {"grant": grant.pk, "approve": "1"}).status_code in (403, 422)
    owner = enter(shared.head)
    assert "等待您答复" in text(owner.get("/desk/data/"))
    assert owner.post("/desk/data/IDENTITY/", {"grant": grant.pk, "refuse": "1"}).status_code == 422
    wanted = {"grant": grant.pk, "approve": "1", f"g{grant.pk}-wanted": ["match"]}
    assert owner.post("/desk/data/IDENTITY/", wanted).status_code == 302
    assert (
        owner.post(
            "/desk/data/IDENTITY/", {"grant": grant.pk, "revoke": "1", "reason": "不再需要"}
        ).status_code
        == 302
    )
    grant.refresh_from_db()
    assert grant.state == "revoked"


def test_the_log_is_masked_filtered_and_exported(shared, enter):
    case = shared.take_in(shared.health)
    ask(shared, case)
    with pytest.raises(actions.NotPossible):
        ask(shared, case, by=shared.bai)
    bai = enter(shared.bai)
    page = text(bai.get("/desk/data/calls/"))
    assert "办理卫生许可核验申请人身份" in page and "非本人承办" in page
    assert citizen_id(1) not in page and case.id_digest not in page
    assert "共 1 条" in text(bai.get("/desk/data/calls/?outcome=refused&dataset=IDENTITY"))
    for q in ("?outcome=nonsense&since=yesterday", "?cursor=x~y", "?number=%00"):
        assert bai.get(f"/desk/data/calls/{q}").status_code == 200
    assert bai.get("/desk/data/calls/export.xlsx").status_code == 200


def test_everybody_can_read_what_is_shared_and_on_which_basis(shared, client):
    page = text(client.get("/data/"))
    assert "居民身份信息核验" in page and "居民身份证法 13" in page and "卫生健康局" in page


# --- programs ----------------------------------------------------------------------------------------------


def test_a_program_asks_for_an_open_case_with_purpose_and_scope(shared, client):
    case = shared.take_in(shared.health)
    call = program(client, shared.qian, "data:query", "catalog:read")
    assert client.get("/api/v1/datasets", **call).json()["items"][0]["legal_basis"] == "居民身份证法 13"
    body = {"number": case.number, "purpose": "核验身份"}
    answer = client.post("/api/v1/datasets/IDENTITY/query", body, **call)
    assert answer.status_code == 200
    assert answer.json()["facts"] == {"match": "姓名与号码一致", "status": "有效"}
    assert Call.objects.get().purpose == "核验身份"
    body = {"number": "A261123999999X", "purpose": "好奇"}
    refused = client.post("/api/v1/datasets/IDENTITY/query", body, **call)
    assert (refused.status_code, refused.json()["reason"]["code"]) == (403, "no_case")
    assert client.post("/api/v1/datasets/IDENTITY/query", {"number": case.number}, **call).status_code == 422
    assert client.post("/api/v1/datasets/NONE/query", body, **call).status_code == 404
    ApiToken.objects.update(scopes=["cases:read"])
    assert client.post("/api/v1/datasets/IDENTITY/query", body, **call).json()["code"] == "out_of_scope"


# --- figures -----------------------------------------------------------------------------------------------


def test_papers_and_trips_are_counted_from_facts(shared):
    """Two papers not asked for, one of them from another office: one trip; a visit beyond the guide takes it back."""
    first = earlier(shared)
    plan = Material.objects.get(origin="handed_in")
    case = shared.take_in(shared.health, n=9)  # a number of its own, for the extract
    del case
    number = window.numbers.new("A")
    from onewindow.window import reuse

    need = reuse.need_for(number, shared.health, "person", citizen_id(1), "张三1", hall="", is_open=True)
    _call, extract = actions.query(shared.identity, need, by=shared.li)
    papers = {1: ("paper", None), 2: ("reused", plan), 3: ("reused", extract)}
    a = shared.take_in(shared.health, materials=papers, number=number, consent=Given.COUNTER)
    window.decide(window.accept(a, by=shared.li), by=shared.qian, result="grant")
    day = dt.date(2026, 11, 23)

    def value(code, person=shared.bai, **more):
        said = figure(code, person, day, day, **more)
        return said.total.numerator, [(r.code, r.numerator) for r in said.rows]

    assert value("papers_saved") == (2, [])
    assert value("papers_saved", by="office") == (2, [("HEALTH", 2)])
    assert value("papers_saved", shared.wang) == (0, [])  # not his department's cases
    assert value("trips_saved", by="item") == (1, [("ZD-HEALTH-009", 1)])
    assert first.number != a.number


def test_the_board_shows_the_cases_behind_the_number(shared, enter):
    plan_case = earlier(shared)
    shared.take_in(
        shared.health,
        n=1,
        materials={1: ("paper", None), 2: ("reused", Material.objects.get())},
        consent="counter",
    )
    leader = enter(shared.leader)
    assert "免交材料 1 份" in text(leader.get("/board/"))
    page = text(leader.get("/desk/search/?show=all&kept=spared"))
    assert "公共场所卫生许可" in page
    assert plan_case.item.name not in page.split("公共场所卫生许可", 1)[0][-200:]
    assert a_file().key
