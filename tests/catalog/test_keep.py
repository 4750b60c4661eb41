"""What a county keeps is changed by draft, check and publication, and leaves and enters as one file."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from onewindow.cases import rungs
from onewindow.cases.flow import FLOWS
from onewindow.cases.instant import simulated
from onewindow.cases.models import Notice, Rung
from onewindow.catalog import drafts, exporting, impact, keep
from onewindow.catalog.actions import publish_version
from onewindow.catalog.bundles import import_bundles
from onewindow.catalog.importing import import_items
from onewindow.catalog.models import (
    Bundle,
    BundleStep,
    Change,
    Code,
    Item,
    ItemVersion,
    MaterialSpec,
    Wording,
)
from onewindow.config.management.commands.init import load_reference
from onewindow.exchange.actions import add_dataset, read_datasets
from onewindow.exchange.models import Dataset
from onewindow.issues.origins import ORIGINS
from onewindow.org import parameters
from onewindow.org.importing import import_table
from onewindow.org.models import (
    Counter,
    Hall,
    Office,
    Parameter,
    Region,
    forget_parameters,
    parameter,
)
from onewindow.window import wordings
from onewindow.window.models import Application, PaperKind
from tests.town import at

pytestmark = pytest.mark.django_db
DATA = Path(__file__).parent.parent.parent / "onewindow" / "data"
ITEMS = keep.SECTIONS["items"]


@pytest.fixture(autouse=True)
def fresh_parameters():
    forget_parameters()
    yield
    forget_parameters()


def wipe():
    """A database as ``onewindow init`` leaves it, without what a county has put in."""
    MaterialSpec.objects.all().delete()
    Item.objects.update(current=None)
    Office.objects.update(parent=None)
    Region.objects.update(parent=None)
    BundleStep.objects.all().delete()
    ItemVersion.objects.all().delete()
    for model in (Bundle, Item, Code, Rung, Counter, Hall, Dataset, Office, Region, Parameter):
        model.objects.all().delete()
    forget_parameters()
    rungs.forget()
    wordings.forget()


def test_every_default_survives_the_round_trip_byte_for_byte():
    load_reference()
    for kind in ("regions", "offices", "halls", "counters"):
        assert import_table(kind, DATA / f"{kind}.csv").errors == []
    files = {"materials": DATA / "materials.csv", "forms": DATA / "forms.json", "plans": DATA / "plans.csv"}
    assert import_items(DATA / "items.csv", **files, by="test").errors == []
    assert import_bundles(DATA / "bundles.csv").errors == []
    with open(DATA / "datasets.csv", encoding="utf-8", newline="") as file:
        for owner, facts in read_datasets(file):
            add_dataset(Office.objects.get(code=owner), facts)
    Parameter.objects.create(code="notice_limit", value="3wd")
    Rung.objects.create(
        kind="approval", code="red", measure="statute", after="1wd", roles=["head"], todo="说明原因"
    )
    forget_parameters()
    before = "".join(exporting.lines())
    told = {name: before.count(f'"section":"{name}"') for name in keep.SECTIONS}
    assert told == {
        "parameters": len(parameters.SPECS), "regions": 28, "offices": 69, "codes": Code.objects.values("list").distinct().count(),
        "items": 78, "ladders": len(FLOWS) + len(ORIGINS) + 2, "bundles": 5, "halls": 8, "counters": 113, "datasets": 10,
        "letters": len(PaperKind),
    }  # fmt: skip
    wipe()
    report = exporting.load(before.splitlines(), by="test")
    assert report.errors == []
    assert "".join(exporting.lines()) == before
    assert parameter("notice_limit") == "3wd" and Item.objects.published().count() == 78
    again = exporting.load(before.splitlines(), by="test")
    assert (again.count("created"), again.count("changed")) == (0, 0)
    assert ItemVersion.objects.count() == 78 and Wording.objects.count() == 0


def test_errors_of_a_file_name_line_and_field_and_nothing_is_written(town, tmp_path):
    lines = list(exporting.lines())
    n = next(n for n, line in enumerate(lines) if '"ZD-MSA-001"' in line)
    item = json.loads(lines[n]) | {"promised_limit": "11wd", "name": "改了名"}
    lines[n] = json.dumps(item) + "\n"
    wrong = next(n for n, line in enumerate(lines) if '"access_log_days"' in line)
    lines[wrong] = json.dumps({"section": "parameters", "code": "access_log_days", "value": "30"}) + "\n"
    lines.append("{not json\n")
    lines.append('{"section": "items", "code": "X"}\n')
    file = tmp_path / "c.jsonl"
    file.write_text("".join(lines), encoding="utf-8")
    out = StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("import_catalogue", str(file), stdout=out)
    said = out.getvalue()
    assert stopped.value.code == 1
    assert f"line {n + 1}, promised_limit: ZD-MSA-001: 承诺时限长于法定时限。" in said
    assert f"line {wrong + 1}, value: access_log_days" in said
    assert f"line {len(lines) - 1}, column" in said and "nothing was written" in said
    assert f"line {len(lines)}, case_kind: X" in said
    town.food.item.refresh_from_db()
    assert town.food.item.name == "食品经营许可（新办）" and not Parameter.objects.exists()


def test_the_commands_write_and_read_the_same_file(town, tmp_path):
    file = tmp_path / "c.jsonl"
    call_command("export_catalogue", str(file), stdout=StringIO())
    assert file.read_text(encoding="utf-8") == "".join(exporting.lines())
    out = StringIO()
    call_command("import_catalogue", str(file), "--dry-run", stdout=out)
    assert "would be: items: 3 same" in out.getvalue()


def edited(town, by, **changes):
    change = drafts.begin(ITEMS, "ZD-MSA-001", by=by)
    drafts.save(change, change.content | changes, by=by)
    return change


def test_an_open_application_keeps_its_version_when_the_item_changes(town):
    a = town.accepted()
    due = a.due_at
    change = edited(town, town.it, promised_limit="3wd")
    assert [(line.label, line.before, line.after) for line in drafts.diff(change.before, change.content)] == [
        ("承诺时限", "5 个工作日", "3 个工作日")
    ]
    assert Item.objects.get(code="ZD-MSA-001").current.promised_limit == "5wd"  # a draft changes nothing
    assert drafts.publish(change, by=town.it, reason="提速") == "changed"
    item = Item.objects.get(code="ZD-MSA-001")
    assert (item.current.version, item.current.promised_limit, item.current.published_by) == (2, "3wd", "it")
    a = Application.objects.get(pk=a.pk)
    assert (a.item_version.version, a.due_at) == (1, due)
    assert town.accepted(item.current, n=2).due_at < due
    row = Change.objects.get()
    assert (row.state, row.reason, row.before["promised_limit"]) == ("published", "提速", "5wd")


def test_what_the_law_forbids_is_never_published(town):
    """行政许可法 42: the promise may not be longer than the law, an extension no longer than ten working days."""
    for changes, rule in (
        ({"promised_limit": "11wd"}, "promise_beyond_law"),
        ({"legal_extension": "11wd"}, "extension_beyond_42"),
        ({"promised_limit": "soon"}, "field"),
        ({"has_fee": True}, "fee_without_basis"),
        ({"is_fully_online": True, "visit_count": 1}, "online_visit"),
        ({"consult_phone": "0455-1", "complaint_phone": "0455-1"}, "same_phone"),
    ):
        change = edited(town, town.it, **changes)
        assert rule in [f.rule for f in drafts.check(change)], changes
        with pytest.raises(drafts.NotPossible):
            drafts.publish(change, by=town.it)
        drafts.drop(change, by=town.it)
    assert ItemVersion.objects.filter(item__code="ZD-MSA-001").count() == 1
    hard = drafts.begin(keep.SECTIONS["parameters"], "notice_limit", by=town.it)
    drafts.save(hard, {"code": "notice_limit", "value": "6wd"}, by=town.it)
    with pytest.raises(drafts.NotPossible):  # 行政许可法 32(4)
        drafts.publish(hard, by=town.it)
    assert parameter("notice_limit") == "5wd"


def test_departments_in_sequence_fit_into_the_promise(town):
    plan = [
        {"stage": 1, "office": "MSA", "title": "初审", "title_en": "", "limit": "3wd", "legal_limit": "5wd"},
        {"stage": 1, "office": "HEALTH", "title": "会审", "title_en": "", "limit": "2wd", "legal_limit": ""},
        {"stage": 2, "office": "MSA", "title": "复审", "title_en": "", "limit": "3wd", "legal_limit": ""},
    ]
    change = edited(town, town.it, plan=plan)
    assert "plan_too_long" in [f.rule for f in drafts.check(change)]
    plan[2]["limit"] = "2wd"
    drafts.save(change, change.content | {"plan": plan}, by=town.it)
    assert keep.errors(drafts.check(change)) == []


def test_rights_follow_from_role_and_office(town):
    assert edited(town, town.head, promised_limit="4wd").edited_by == "head"
    for person, code in (
        (town.head, "ZD-HEALTH-009"),
        (town.li, "ZD-MSA-001"),
        (town.leader, "ZD-MSA-001"),
        (town.wang, "ZD-MSA-001"),
    ):
        with pytest.raises(drafts.NotPossible):
            drafts.begin(ITEMS, code, by=person)
    change = Change.objects.get()
    drafts.save(change, change.content | {"office": "HEALTH"}, by=town.it)
    with pytest.raises(drafts.NotPossible):  # it would leave his office: not his to publish
        drafts.publish(change, by=town.head)
    with pytest.raises(drafts.NotPossible):
        drafts.begin(keep.SECTIONS["parameters"], "notice_limit", by=town.head)


def test_with_four_eyes_another_person_publishes(town):
    Parameter.objects.create(code="four_eyes", value="1")
    forget_parameters()
    change = edited(town, town.it, promised_limit="4wd")
    drafts.submit(change, by=town.it, reason="提速")
    change.refresh_from_db()
    assert list(Notice.objects.values_list("person__username", "kind")) == [("bai", "catalogue.second_look")]
    with pytest.raises(drafts.NotPossible):
        drafts.publish(change, by=town.it)
    assert drafts.publish(change, by=town.bai) == "changed"
    change.refresh_from_db()
    assert (change.edited_by, change.published_by, change.reason) == ("it", "bai", "提速")


def test_a_draft_of_what_has_changed_meanwhile_is_stopped(town):
    change = edited(town, town.it, promised_limit="4wd")
    ITEMS.publish(change.before | {"fee_note": "x"}, by="import")
    assert "moved_on" in [f.rule for f in drafts.check(change)]


def test_going_back_is_a_new_version(town):
    drafts.publish(edited(town, town.it, promised_limit="3wd"), by=town.it)
    old = keep.document_of(drafts.versions("ZD-MSA-001")[-1])
    drafts.publish(drafts.begin(ITEMS, "ZD-MSA-001", by=town.it, content=old), by=town.it)
    now = Item.objects.get(code="ZD-MSA-001").current
    assert (now.version, now.promised_limit) == (3, "5wd")


def test_a_parameter_is_tried_on_the_open_clocks_and_nothing_is_written(town):
    with simulated(at("2026-11-23 10:00")):
        town.accepted()
    with simulated(at("2026-11-24 18:00")):
        assert impact.moves("amber_days", "5") == impact.Moves(1, 0, 1, False)
    assert not Parameter.objects.exists() and parameter("amber_days") == "1"


def test_an_item_that_is_closed_says_so_and_takes_nothing(client, town):
    change = edited(
        town, town.it, closing="suspended", closed_from="2020-01-01", closed_note="系统升级，请到二楼办理。"
    )
    drafts.publish(change, by=town.it)
    said = client.get("/items/ZD-MSA-001").content.decode()
    assert "暂停办理" in said and "系统升级，请到二楼办理。" in said
    assert not Item.objects.published().filter(code="ZD-MSA-001").exists()
    assert ItemVersion.objects.filter(item__code="ZD-MSA-001").count() == 1  # the version stays


def test_the_pages_from_draft_to_history(client, town):
    client.force_login(town.it)
    base = "/desk/catalogue/items/ZD-MSA-001/"
    assert client.get("/desk/catalogue/").status_code == 200
    assert client.get(base).status_code == 200
    assert client.post(f"{base}begin/").url == f"{base}edit/"
    page = client.get(f"{base}edit/")
    data = posted(page)
    data |= {"promised_limit": "3wd", "do": "add materials"}
    assert client.post(f"{base}edit/", data).status_code == 302
    data = posted(client.get(f"{base}edit/"))
    assert data["materials-count"] == "4" and data["promised_limit"] == "3wd"
    checked = client.post(f"{base}edit/", data | {"do": "check"}, follow=True).content.decode()
    assert "须改正" in checked and "4. 这个字段是必填项" in checked.replace(
        "该字段是必填项", "这个字段是必填项"
    )
    data |= {"materials-3-name": "经营场所证明", "materials-3-name_en": "Premises", "do": "up materials 3"}
    client.post(f"{base}edit/", data)
    data = posted(client.get(f"{base}edit/"))
    assert data["materials-2-name"] == "经营场所证明"
    assert client.post(f"{base}check/", {"do": "publish"}).status_code == 422  # no reason
    answer = client.post(f"{base}check/", {"do": "publish", "reason": "提速"}, follow=True)
    assert "已发布，即刻生效" in answer.content.decode()
    item = Item.objects.get(code="ZD-MSA-001")
    names = list(item.current.materials.order_by("no").values_list("no", "name"))
    assert names == [(1, "申请书"), (2, "平面图"), (3, "经营场所证明"), (4, "健康证明")]
    assert "经营场所证明" in client.get(f"{base}?a=1&b=2").content.decode()
    back = client.post(f"{base}begin/", {"version": "1"}, follow=True).content.decode()
    assert "已删除" in back


def posted(page):
    """What a browser would send back of the page's form."""
    from html.parser import HTMLParser

    class Fields(HTMLParser):
        def __init__(self):
            super().__init__()
            self.data, self.select, self.area = {}, None, None

        def handle_starttag(self, tag, attrs):
            a = dict(attrs)
            if tag == "input" and a.get("name"):
                if a.get("type") in ("checkbox", "radio"):
                    if "checked" in a:
                        self.data.setdefault(a["name"], []).append(a.get("value", "on"))
                else:
                    self.data[a["name"]] = a.get("value", "")
            elif tag == "select":
                self.select = a["name"]
            elif tag == "option" and self.select and "selected" in a:
                self.data[self.select] = a.get("value", "")
            elif tag == "textarea":
                self.area = a["name"]
                self.data[self.area] = ""

        def handle_data(self, text):
            if self.area:
                self.data[self.area] += text

        def handle_endtag(self, tag):
            if tag == "textarea":
                self.area = None
            elif tag == "select":
                self.select = None

    fields = Fields()
    fields.feed(page.content.decode())
    return fields.data


def test_heads_see_their_items_only_and_others_nothing(client, town):
    client.force_login(town.head)
    said = client.get("/desk/catalogue/").content.decode()
    assert "ZD-MSA-001" in said and "ZD-HEALTH-009" not in said
    assert client.get("/desk/catalogue/parameters/").status_code == 403
    assert client.get("/desk/catalogue/items/ZD-HEALTH-009/").status_code == 404
    assert client.get("/desk/catalogue/export.jsonl").status_code == 403
    client.force_login(town.li)
    assert client.get("/desk/catalogue/").status_code == 403


def test_lists_and_parameters_have_pages_too(client, town):
    client.force_login(town.bai)
    assert "中止计时的原因" in client.get("/desk/catalogue/codes/").content.decode()
    base = "/desk/catalogue/codes/stop_reason/"
    client.post(f"{base}begin/")
    data = posted(client.get(f"{base}edit/")) | {"codes-1-name": "专家评审会", "do": "check"}
    client.post(f"{base}edit/", data)
    client.post(f"{base}check/", {"do": "publish", "reason": "统一名称"})
    assert Code.objects.get(code="expert_review").name == "专家评审会"
    base = "/desk/catalogue/parameters/notice_limit/"
    client.post(f"{base}begin/")
    client.post(f"{base}edit/", {"value": "3wd", "do": "check"})
    said = client.get(f"{base}check/").content.decode()
    assert "沿用开始时的时限" in said
    client.post(f"{base}check/", {"do": "publish", "reason": "提速"})
    assert parameter("notice_limit") == "3wd"
    undo = Change.objects.get(key="notice_limit")
    client.post(f"{base}begin/", {"undo": str(undo.pk)})
    client.post(f"{base}check/", {"do": "publish", "reason": "恢复"})
    assert parameter("notice_limit") == "5wd"


def test_questions_come_and_go_through_the_page_unchanged(client, town):
    questions = [
        {
            "name": "business", "label": "经营什么？", "label_en": "What business?", "type": "choice",
            "options": [
                {"value": "sale", "label": "销售", "label_en": "Selling"},
                {"value": "catering", "label": "餐饮", "label_en": "Catering"},
            ],
        },
        {
            "name": "seats", "label": "座位数", "label_en": "Seats", "type": "number", "least": 1, "required": False,
            "show_if": {"business": ["sale", "catering"]},
        },
    ]  # fmt: skip
    change = edited(town, town.it, form=questions)
    assert keep.errors(drafts.check(change)) == []
    client.force_login(town.it)
    page = "/desk/catalogue/items/ZD-MSA-001/edit/"
    client.post(page, posted(client.get(page)) | {"do": "save"})
    change.refresh_from_db()
    assert change.content["form"] == questions
    wrong = [*reversed(questions)]
    drafts.save(change, change.content | {"form": wrong}, by=town.it)
    assert [f.rule for f in keep.errors(drafts.check(change))] == ["question_order"]
    drafts.save(change, change.content | {"form": questions}, by=town.it)
    drafts.publish(change, by=town.it)
    assert ITEMS.document("ZD-MSA-001")["form"] == questions


def test_a_list_from_a_file_does_not_wipe_out_what_it_does_not_know(town):
    faq = [{"q": "要多久？", "a": "三天", "q_en": "", "a_en": ""}]
    drafts.publish(edited(town, town.it, faq=faq, consult_phone="0455-7792345"), by=town.it)
    item = Item.objects.get(code="ZD-MSA-001")
    publish_version(item, {"promised_limit": "4wd"}, [{"no": 1, "name": "申请书", "name_en": ""}], by="file")
    now = Item.objects.get(code="ZD-MSA-001").current
    assert (now.version, now.promised_limit, now.faq, now.consult_phone) == (3, "4wd", faq, "0455-7792345")
