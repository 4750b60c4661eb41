"""Ladders, letters and bundles are changed in pages too: draft, check, publication – and what has been issued stays."""

import datetime as dt
import io

import openpyxl
import pytest
import time_machine
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from onewindow.cases import rungs
from onewindow.cases.models import Card, Notice, Rung
from onewindow.cases.worker import follow, turn, wake
from onewindow.catalog import drafts, impact, keep
from onewindow.catalog.models import Bundle, Change, Item, ItemPace, Wording
from onewindow.org.models import Parameter, forget_parameters
from onewindow.window import letters, wordings
from onewindow.window.models import Application, Paper, PaperKind
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
LADDERS, LETTERS, BUNDLES, PARAMETERS = (
    keep.SECTIONS[n] for n in ("ladders", "letters", "bundles", "parameters")
)


@pytest.fixture(autouse=True)
def monday():
    """food: 5 working days promised (until 30 November, 17:00), 10 by law (until 7 December)."""
    for forget in (rungs.forget, wordings.forget, forget_parameters):
        forget()
    with time_machine.travel(at("2026-11-23 10:00"), tick=False) as clock:
        yield clock
    for forget in (rungs.forget, wordings.forget, forget_parameters):
        forget()


def work():
    while wake() + follow():
        pass


def draft(section, key, by, **changes):
    change = drafts.begin(section, key, by=by)
    drafts.save(change, change.content | changes, by=by)
    return change


def rules(change):
    return [f.rule for f in drafts.check(change)]


# --- ladders -----------------------------------------------------------------------------------------------


def rung(code, measure, after, *roles):
    return {
        "code": code, "measure": measure, "after": after, "roles": list(roles), "todo": "说明原因", "todo_en": "",
    }  # fmt: skip


SHORT = [rung("yellow", "promise", "0wd", "approver"), rung("red", "statute", "0wd", "head", "bureau")]


def test_a_ladder_is_tried_on_the_cases_that_are_late_and_climbed_from_its_publication_on(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-12-02 10:00"))
    work()
    assert [c.code for c in Card.objects.of(a.number)] == ["yellow", "supervise"]
    steep = [rung("transfer", "promise", "1wd", "leader"), SHORT[1]]
    change = draft(LADDERS, "all", town.bai, rungs=steep)
    assert impact.of(change) == [
        "以目前超期的 1 件办件试算：发布后将立即发出 1 张牌（函）。",
        "已经发出的牌（函）保持不变。",
    ]
    work()
    assert Card.objects.of(a.number).count() == 2  # a draft sends nothing
    assert drafts.publish(change, by=town.bai, reason="会议纪要") == "changed"
    work()
    assert [c.code for c in Card.objects.of(a.number)] == ["yellow", "supervise", "transfer"]
    assert list(Rung.objects.values_list("kind", "code")) == [("", "transfer"), ("", "red")]


def test_one_kind_of_case_may_climb_its_own_ladder_and_go_back_to_that_of_all(town, monday):
    town.accepted()
    assert LADDERS.document("application") == {"code": "application", "rungs": []}
    drafts.publish(draft(LADDERS, "application", town.it, rungs=SHORT), by=town.it)
    assert [r.code for r in rungs.of("application")] == ["yellow", "red"]
    assert [r.code for r in rungs.of("approval")] == [r.code for r in rungs.DEFAULTS]
    back = draft(LADDERS, "application", town.it, rungs=[])
    assert impact.of(back) == ["目前没有超期办件；今后超期的办件适用新阶梯。"]
    drafts.publish(back, by=town.it)
    assert [r.code for r in rungs.of("application")] == [r.code for r in rungs.DEFAULTS]


def test_a_ladder_that_comes_with_its_kind_stays_when_that_of_all_is_changed(town):
    shipped = [r.code for r in rungs.SHIPPED["issue"]]
    assert [row["code"] for row in LADDERS.document("issue")["rungs"]] == shipped
    drafts.publish(draft(LADDERS, "all", town.it, rungs=SHORT), by=town.it)
    assert [r.code for r in rungs.of("issue.review")] == shipped
    assert [r.code for r in rungs.of("application")] == ["yellow", "red"]
    assert LADDERS.summary(LADDERS.document("issue.review")) == "适用以下阶梯：问题整改"
    one = draft(LADDERS, "issue.review", town.it, rungs=[rung("notice", "promise", "1wd", "bureau")])
    assert drafts.check(one) == []  # an issue has no lawful limit
    drafts.publish(one, by=town.it)
    assert [r.code for r in rungs.of("issue.review")] == ["notice"]
    assert [r.code for r in rungs.of("issue.stuck")] == shipped


def test_a_ladder_on_which_nobody_would_be_told_is_found_out_before(town):
    for rows, severity, rule in (
        ([], "error", "no_rung"),
        ([SHORT[0], SHORT[0], SHORT[1]], "error", "card_twice"),
        ([rung("red", "statute", "1mo", "head")], "error", "field"),
        ([rung("red", "statute", "0wd")], "error", "field"),
        ([SHORT[0]], "warning", "no_statute"),
        ([rung("transfer", "promise", "0wd", "leader"), rung("yellow", "promise", "2wd", "approver"), SHORT[1]],
         "warning", "card_order"),
        ([*SHORT, rung("notice", "promise", "0wd", "bureau")], "warning", "same_moment"),
    ):  # fmt: skip
        change = draft(LADDERS, "all", town.it, rungs=rows)
        assert (severity, rule) in [(f.severity, f.rule) for f in drafts.check(change)], rows
        drafts.drop(change, by=town.it)
    town.leader.posts.update(ends_on="2026-11-01")
    change = draft(LADDERS, "all", town.it, rungs=[rung("transfer", "promise", "5wd", "leader"), SHORT[1]])
    assert rules(change) == ["nobody"]


def test_lights_turn_by_themselves_after_their_parameter_was_published(town, monday):
    a = town.accepted()
    monday.move_to(at("2026-11-25 10:00"))
    change = draft(PARAMETERS, "amber_days", town.it, value="5")
    assert impact.of(change)[0] == "试算 1 件正在计时的办件：0 个期限、1 个红绿灯会变化。"
    drafts.publish(change, by=town.it)
    work()
    assert Application.objects.get(pk=a.pk).light == "amber"


# --- letters -----------------------------------------------------------------------------------------------


REFUSAL = """经审查，“**{{ item }}**”不符合条件。{% if facts.reason %}理由：{{ facts.reason }}{% endif %}

{% if licence %}本机关决定**不予行政许可**。{% else %}本机关决定不予办理。{% endif %}
---
{% include "window/letters/remedies.txt" %}"""


def refused(town, n):
    from onewindow.window import actions

    a = town.accepted(n=n)
    actions.decide(
        a, by=town.wang, result="refuse", reason_code="conditions_not_met", reason="距离 < 10 米 & {{ x }}"
    )
    return Paper.objects.get(application=a, kind="refusal")


def words(letter):
    parts = [letter.paragraphs, letter.after]
    return [["".join(text for text, _bold in runs) for runs in part] for part in parts]


def test_a_new_wording_is_said_by_new_letters_and_an_issued_one_keeps_its_own(town):
    old = refused(town, 1)
    before = letters.compose(old)
    change = draft(LETTERS, "refusal", town.bai, heading="不予许可决定书", seal="审批专用章", text=REFUSAL)
    assert drafts.check(change) == []
    assert impact.of(change)[0] == "已制发 1 份此类文书，其纸质和电子文本均保持原样。"
    lines = {line.label: (line.before, line.after) for line in drafts.diff(change.before, change.content)}
    assert lines["印章名称"] == ("行政许可专用章", "审批专用章")
    assert lines["文书正文"][1] == "\n".join(line for line in REFUSAL.splitlines()[:3] if line)
    assert drafts.publish(change, by=town.bai, reason="法制审核") == "changed"
    new = refused(town, 2)
    assert (old.wording, new.wording) == (1, 1001)
    assert letters.compose(Paper.objects.get(pk=old.pk)) == before
    letter = letters.compose(new)
    assert (letter.heading, letter.seal_name) == ("不予许可决定书", "审批专用章")
    assert words(letter)[0] == [
        "经审查，“食品经营许可（新办）”不符合条件。理由：距离 < 10 米 & {{ x }}",
        "本机关决定不予行政许可。",
    ]
    assert words(letter)[1] == words(before)[1]
    drafts.publish(draft(LETTERS, "refusal", town.bai, text=REFUSAL + "\n\n特此决定。"), by=town.bai)
    assert refused(town, 3).wording == 1002 and letters.compose(new) == letter


def test_a_published_wording_can_be_neither_changed_nor_deleted(town):
    drafts.publish(draft(LETTERS, "refusal", town.bai, text=REFUSAL), by=town.bai)
    for sql in ("UPDATE catalog_wording SET text = 'x'", "DELETE FROM catalog_wording"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert Wording.objects.get().text == REFUSAL


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (REFUSAL.replace("{{ facts.reason }}", "见附件").replace("{% if facts.reason %}", "{% if item %}"), "needed"),  # 行政许可法 38
        (REFUSAL.replace('{% include "window/letters/remedies.txt" %}', "可以申请行政复议。"), "needed"),
        (REFUSAL + "{{ applicant_id }}", "unknown_name"),
        (REFUSAL + "{{ facts.staff }}", "unknown_name"),  # a fact of other letters
        (REFUSAL + "{% if licence %}", "syntax"),
        (REFUSAL + "{% load static %}", "syntax"),
        (REFUSAL + "{% debug %}", "syntax"),
        (REFUSAL + '{% include "registration/secret.txt" %}', "syntax"),
        (REFUSAL + '{{ item|pprint }}', "syntax"),
        (REFUSAL + "\n**", "bold"),
        (REFUSAL + "\n---\n又一段", "parts"),
        ("{% if licence %}" + REFUSAL + "{% endif %}", "empty"),
        ("", "field"),
    ],
)  # fmt: skip
def test_a_letter_that_leaves_out_what_the_law_wants_or_can_t_be_read_is_not_published(town, text, rule):
    change = draft(LETTERS, "refusal", town.bai, text=text)
    assert rule in rules(change)
    with pytest.raises(drafts.NotPossible):
        drafts.publish(change, by=town.bai)
    assert not Wording.objects.exists()


@pytest.mark.parametrize("kind", PaperKind.values)
def test_the_text_that_the_product_brings_passes_its_own_check_and_reads_the_same_in_a_county_s_engine(kind):
    document, newest = LETTERS.document(kind), wordings.newest_file(kind)
    assert LETTERS.check(document) == [] and LETTERS.normal(document) == document
    assert wordings.known(kind) <= set(wordings.FIELDS)
    for licence in (True, False):
        facts = wordings.sample(kind, licence=licence)
        assert wordings.fill(document["text"], facts).strip() == wordings.render(kind, newest, facts).strip()


def test_what_is_typed_is_kept_in_one_form_and_nothing_hangs_behind_the_table():
    document = LETTERS.document("refusal")
    typed = document | {"text": document["text"].partition("---")[0].replace("\n", "\r\n") + "\r\n---\r\n"}
    assert LETTERS.normal(typed)["text"] == document["text"].partition("\n---")[0]


def test_the_names_in_a_text_are_those_of_fields_only():
    text = '{% for a, b in owed %}{{ a }}{{ forloop.last }}{% endfor %}{% if not x and facts.y == "z q" %}{{ w|default:"v" }}{% elif u %}{% endif %}'
    assert wordings.names(text) == {"owed", "x", "facts.y", "w", "u"}


# --- bundles -----------------------------------------------------------------------------------------------


def step(stage, item="", external="", **more):
    return {
        "stage": stage, "item": item, "external": external, "external_en": "", "office": "", "condition": "",
        "condition_en": "",
    } | more  # fmt: skip


def test_a_bundle_is_begun_checked_and_offered(client, town):
    names = {"name": "开餐饮店", "name_en": "Opening a restaurant", "service_object": "P/E"}
    change = drafts.begin(BUNDLES, "YJS-9", by=town.bai, content=BUNDLES.blank("YJS-9", "") | names)
    assert "too_few" in rules(change)
    steps = [step(1, external="营业执照", office="MSA"), step(2, "ZD-MSA-001"), step(2, "ZD-HEALTH-009")]
    for wrong, rule in (
        ([*steps, step(2)], "field"),
        ([*steps, step(2, "ZD-MSA-001")], "item_twice"),
        (list(reversed(steps)), "stage_order"),
        ([step(1, external="营业执照"), steps[1]], "where"),
    ):
        drafts.save(change, change.content | {"steps": wrong}, by=town.bai)
        assert rule in rules(change), rule
    drafts.save(change, change.content | {"steps": steps}, by=town.bai)
    assert drafts.check(change) == []
    assert client.get("/bundles/YJS-9").status_code == 404
    assert drafts.publish(change, by=town.bai) == "created"
    ItemPace.objects.create(
        item=town.food.item, until="2026-11-22", decided_count=10, within_count=9, median_days=3, p90_days=6
    )
    guide = client.get("/bundles/YJS-9").content.decode()
    assert "营业执照" in guide and "实际半数 3 个工作日，九成 6 个工作日" in guide
    assert [(s.no, s.stage, s.name) for s in Bundle.objects.get().steps.all()] == [
        (1, 1, "营业执照"), (2, 2, "食品经营许可（新办）"), (3, 2, Item.objects.get(code="ZD-HEALTH-009").name),
    ]  # fmt: skip
    drafts.publish(draft(BUNDLES, "YJS-9", town.it, is_active=False), by=town.it)
    assert client.get("/bundles/YJS-9").status_code == 404


# --- in force from a day -----------------------------------------------------------------------------------


ITEMS = keep.SECTIONS["items"]


def promised():
    return Item.objects.get(code="ZD-MSA-001").current.promised_limit


def test_what_was_approved_for_a_day_comes_into_force_on_it_by_itself_and_once(town, monday):
    change = draft(ITEMS, "ZD-MSA-001", town.bai, promised_limit="3wd")
    assert drafts.publish(change, by=town.bai, reason="提速", from_on=dt.date(2026, 12, 1)) == "scheduled"
    monday.move_to(at("2026-11-30 23:59"))
    assert (turn(), promised()) == (0, "5wd")
    monday.move_to(at("2026-12-01 00:01"))
    assert (turn(), promised()) == (1, "3wd")
    row = Change.objects.get()
    assert (row.state, row.published_by, row.reason, row.published_at) == (
        "published", "bai", "提速", at("2026-12-01 00:01"),
    )  # fmt: skip
    assert turn() == 0 and Item.objects.get(code="ZD-MSA-001").current.version == 2


def test_whoever_edits_it_again_takes_the_approval_back(town, monday):
    Parameter.objects.create(code="four_eyes", value="1")
    forget_parameters()
    change = draft(ITEMS, "ZD-MSA-001", town.it, promised_limit="3wd")
    drafts.submit(change, by=town.it, reason="提速")
    drafts.publish(change, by=town.bai, from_on=dt.date(2026, 12, 1))
    drafts.save(change, change.content | {"promised_limit": "2wd"}, by=town.it)
    monday.move_to(at("2026-12-02 10:00"))
    turn()
    assert promised() == "5wd" and Change.objects.get().state == "draft"


def test_what_does_not_fit_any_more_on_its_day_is_a_draft_again_and_said(town, monday):
    change = draft(ITEMS, "ZD-MSA-001", town.it, promised_limit="3wd")
    drafts.publish(change, by=town.it, from_on=dt.date(2026, 12, 1))
    ITEMS.publish(change.before | {"fee_note": "x"}, by="import")
    monday.move_to(at("2026-12-01 08:00"))
    turn()
    assert (promised(), Change.objects.get().state) == ("5wd", "draft")
    assert set(Notice.objects.values_list("kind", "person__username")) == {
        ("catalogue.not_in_force", "it"), ("catalogue.not_in_force", "bai"),
    }  # fmt: skip


@pytest.mark.parametrize("day", ["2026-11-22", "2027-12-01", "soon"])
def test_a_day_in_the_past_or_far_ahead_is_refused_at_its_field(client, town, day):
    client.force_login(town.it, backend=BACKEND)
    draft(ITEMS, "ZD-MSA-001", town.it, promised_limit="3wd")
    answer = client.post(
        "/desk/catalogue/items/ZD-MSA-001/check/", {"do": "publish", "reason": "提速", "from_on": day}
    )
    assert answer.status_code == 422 and list(answer.context["form"].errors) == ["from_on"]


def test_the_day_is_set_and_shown_in_the_page(client, town):
    client.force_login(town.it, backend=BACKEND)
    draft(ITEMS, "ZD-MSA-001", town.it, promised_limit="3wd")
    said = post(
        client, "keep_check", "items", "ZD-MSA-001", do="publish", reason="提速", from_on="2026-12-01"
    )
    assert "2026-12-01 起自动生效" in said.content.decode()
    assert "2026-12-01 起生效" in client.get("/desk/catalogue/items/ZD-MSA-001/").content.decode()


# --- pages -------------------------------------------------------------------------------------------------


def post(client, name, *args, **data):
    return client.post(reverse(name, args=args), data, follow=True)


def test_a_letter_is_changed_in_pages_and_read_before_it_is_published(client, town):
    client.force_login(town.bai, backend=BACKEND)
    page = client.get("/desk/catalogue/letters/").content.decode()
    assert "不予行政许可决定书 / 不予办理决定书" in page
    post(client, "keep_begin", "letters", "refusal")
    facts = {"heading": "不予许可决定书", "heading_other": "不予办理决定书", "seal": "审批专用章"}
    wrong = post(client, "keep_edit", "letters", "refusal", **facts, text="不予许可。", do="save")
    said = wrong.content.decode()
    assert "依法应当载明：理由（行政许可法 38）。" in said and "{{ reason_name }}" in said
    right = post(
        client, "keep_edit", "letters", "refusal", **facts, text=REFUSAL.replace("\n", "\r\n"), do="check"
    )
    said = right.content.decode()
    assert right.redirect_chain[-1][0] == "/desk/catalogue/letters/refusal/check/"
    assert "经审查，“<b>食品经营许可（新办）</b>”不符合条件。" in said.replace("</b><b>", "")
    post(client, "keep_check", "letters", "refusal", do="publish", reason="法制审核")
    assert (Wording.objects.get().text, Wording.objects.get().published_by) == (REFUSAL, "bai")


def test_a_ladder_is_changed_in_pages_row_by_row(client, town):
    client.force_login(town.it, backend=BACKEND)
    assert "承诺时限届满时" in client.get("/desk/catalogue/ladders/").content.decode()
    page = post(client, "keep_begin", "ladders", "all").content.decode()
    assert 'name="rungs-count" value="5"' in page
    data = {"rungs-count": "5"}
    for n, row in enumerate(Change.objects.get().content["rungs"]):
        data |= {f"rungs-{n}-{name}": value for name, value in row.items()}
    data["rungs-1-after"] = "2wd"
    checked = post(client, "keep_edit", "ladders", "all", **data, do="check").content.decode()
    assert "1 个工作日" in checked and "2 个工作日" in checked
    post(client, "keep_check", "ladders", "all", do="publish", reason="会议纪要")
    assert Rung.objects.get(code="supervise").after == "2wd"
    assert [r.code for r in rungs.of("application")] == ["yellow", "supervise", "notice", "transfer", "red"]


def test_a_new_bundle_is_begun_with_its_code(client, town):
    client.force_login(town.bai, backend=BACKEND)
    assert client.get("/desk/catalogue/ladders/new/").status_code == 404
    answer = client.post("/desk/catalogue/bundles/new/", {"code": "YJS-9"})
    assert answer.url == "/desk/catalogue/bundles/YJS-9/edit/"
    assert "YJS-9" in client.get("/desk/catalogue/bundles/").content.decode()
    assert client.post("/desk/catalogue/bundles/new/", {"code": "new"}).status_code == 422


def test_heads_keep_their_items_and_neither_ladders_nor_letters(client, town):
    client.force_login(town.head, backend=BACKEND)
    for section, key in (("ladders", "all"), ("letters", "refusal")):
        assert client.get(f"/desk/catalogue/{section}/").status_code == 403
        assert client.get(f"/desk/catalogue/{section}/{key}/").status_code == 404
        with pytest.raises(drafts.NotPossible):
            drafts.begin(keep.SECTIONS[section], key, by=town.head)
    assert not Parameter.objects.exists()


def test_the_items_are_filtered_in_the_address_and_leave_as_a_workbook(client, town):
    client.force_login(town.it, backend=BACKEND)
    draft(ITEMS, "ZD-MSA-001", town.it, promised_limit="3wd")
    for asked, codes in (
        ({"standing": "draft"}, ["ZD-MSA-001"]),
        ({"office": "HEALTH"}, ["ZD-HEALTH-009"]),
        ({"q": "食品", "standing": "open"}, ["ZD-MSA-001"]),
        ({"standing": "closed"}, []),
    ):
        page = client.get("/desk/catalogue/", asked)
        assert [item.code for item, _draft in page.context["rows"]] == codes, asked
        answer = client.get("/desk/catalogue/items.xlsx", asked)
        sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer))).active
        assert [row[1].value for row in sheet.iter_rows(min_row=2)] == codes, asked
    client.force_login(town.head, backend=BACKEND)
    answer = client.get("/desk/catalogue/items.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer))).active
    rows = list(sheet.iter_rows(min_row=2, values_only=True))
    assert [row[1] for row in rows] == ["ZD-MSA-001"] and rows[0][6:9] == (
        "5 个工作日",
        "10 个工作日",
        "5 个工作日",
    )
    assert client.get("/desk/catalogue/").context["page"].paginator.count == 1


@pytest.mark.parametrize("section", ["items", "letters", "ladders", "bundles", "parameters", "codes"])
def test_a_list_of_the_catalogue_takes_a_fixed_number_of_queries(
    client, town, section, django_assert_max_num_queries
):
    client.force_login(town.it, backend=BACKEND)
    client.get(f"/desk/catalogue/{section}/")
    with django_assert_max_num_queries(16):
        client.get(f"/desk/catalogue/{section}/")
