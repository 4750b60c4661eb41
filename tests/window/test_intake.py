"""The counter: what the form checks, what one sitting does, what is never lost and never shown."""

from __future__ import annotations

import re
import threading

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections

from onewindow.cases.desk import KINDS
from onewindow.cases.models import Attachment, Event
from onewindow.org.models import AccessLog
from onewindow.window import reader, sitting
from onewindow.window.models import Application, Document, Draft, Paper
from tests.town import at, citizen_id
from tests.window.test_files import PDF, picture

COUNTER = "/desk/counter/"
KEY = "a-key-for-the-form"
USCC = "91239999MA1A00001Y"


@pytest.fixture
def monday():
    with time_machine.travel(at("2026-11-23 10:00"), tick=False):
        yield


@pytest.fixture
def li(client, town, monday):
    client.force_login(town.li, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def form(version, do="accept", **more):
    """The form for a person with all papers in hand."""
    papers = {f"m{m.no}": "paper" for m in version.materials.all()}
    return {
        "do": do, "key": KEY, "item": version.item.code, "version": version.pk, "kind": "person",
        "id_type": "citizen_id", "id_number": citizen_id(7), "name": "赵立新", "mobile": "19900001234",
        "delivery_form": "counter", "lang": "zh-hans", **papers,
    } | more  # fmt: skip


def text(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def verbs(number):
    return [e.verb for e in Event.objects.of(number)]


# --- who may, and the empty page ---------------------------------------------------------------------------


def test_only_a_window_clerk_has_a_counter(client, town):
    assert client.get(COUNTER).status_code == 302
    for person in (town.wang, town.zhou, town.firm, town.nobody):
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        assert client.get(COUNTER).status_code == 403
        assert client.post(COUNTER, form(town.food)).status_code == 403
    assert not Application.objects.exists()


def test_choosing_an_item_shows_both_limits_its_papers_and_the_day_of_the_decision(li, town):
    page = text(li.post(COUNTER, {"do": "find", "q": "spjyxk", "key": KEY}))
    for words in (
        "食品经营许可（新办）",
        "10 个工作日",
        "5 个工作日",
        "平面图",
        "预计 11 月 30 日（周一）17:00 前办结",
    ):
        assert words in page


def test_another_item_forgets_the_papers_of_the_one_before_but_not_the_applicant(li, town):
    page = li.post(COUNTER, form(town.food) | {"pick": town.health.item.code}).content.decode()
    assert "赵立新" in page
    assert 'value="paper" id="id_m1_0" checked' not in page


def test_the_page_needs_few_queries_however_much_history_there_is(li, town, django_assert_num_queries):
    for n in range(1, 7):
        town.take_in(town.health, n=n)
    with django_assert_num_queries(10 + len(KINDS)):  # the red dot asks once a kind
        li.get(COUNTER)
    for n in range(7, 27):
        town.take_in(town.health, n=n)
    with django_assert_num_queries(10 + len(KINDS)):  # the red dot asks once a kind
        li.get(COUNTER)


# --- accepting ---------------------------------------------------------------------------------------------


def test_accept_takes_in_accepts_and_shows_number_code_and_way_to_follow(li, town):
    answer = li.post(COUNTER, form(town.food), follow=True)
    a = Application.objects.get()
    assert answer.redirect_chain[-1][0] == f"/desk/counter/done/{a.number}/"
    assert (a.status, a.hall, a.counter, a.channel) == ("examining", town.hall, town.counter, "counter")
    assert (a.applicant_name, a.id_number, a.mobile) == ("赵立新", citizen_id(7), "19900001234")
    assert verbs(a.number) == ["receive", "accept"]
    page = text(answer)
    for words in (
        f"{a.number[:7]}-{a.number[7:13]}-{a.number[13:]}",
        a.query_code,
        "11 月 30 日（周一）17:00",
        "赵**",
    ):
        assert words in page
    assert "赵立新" not in page
    assert "19900001234" not in page


def test_an_item_decided_on_the_spot_is_decided_in_the_same_sitting(li, town):
    li.post(COUNTER, form(town.proof, "decide"))
    a = Application.objects.get()
    assert (a.status, a.result) == ("decided", "grant")
    assert verbs(a.number) == ["receive", "accept", "decide"]


def test_a_promised_item_can_not_be_decided_at_the_window_and_nothing_is_half_done(li, town):
    answer = li.post(COUNTER, form(town.food, "decide"))
    assert "赵立新" in answer.content.decode()
    assert not Application.objects.exists()
    assert not Event.objects.exists()


def test_the_same_form_sent_twice_is_one_application(li, town):
    first = li.post(COUNTER, form(town.food))
    second = li.post(COUNTER, form(town.food))
    assert first["Location"] == second["Location"]
    assert Application.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_the_same_moment_are_one_application(town):
    """Both threads have passed every check before either has written."""
    given = {
        "applicant": town.applicant(3),
        "materials": {m.no: ("paper", None) for m in town.food.materials.all()},
    }
    numbers, wrong, gate = [], [], threading.Barrier(4)

    def press():
        try:
            gate.wait(timeout=60)
            numbers.append(sitting.finish(KEY, "accept", town.food, by=town.li, **given).number)
        except Exception as error:
            wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []
    assert len(set(numbers)) == 1
    assert Application.objects.count() == 1
    connection.close()


def test_an_enterprise_with_a_contact_and_an_agent(li, town):
    li.post(
        COUNTER,
        form(
            town.food, kind="enterprise", id_number="91239999ma1a00001y", name=" 肇东市满口香  餐饮有限公司",
            contact="赵立新", agent_name="钱代办", agent_id_number=citizen_id(9), agent_mobile="199 0000 0009",
            delivery_form="post", address="正阳街 12 号", lang="en",
        ),
    )  # fmt: skip
    a = Application.objects.get()
    assert (a.id_type, a.id_number, a.applicant_name) == ("uscc", USCC, "肇东市满口香 餐饮有限公司")
    assert (a.contact, a.agent_name, a.agent_id_number, a.agent_mobile) == (
        "赵立新",
        "钱代办",
        citizen_id(9),
        "19900000009",
    )
    assert (a.delivery_form, a.address, a.lang) == ("post", "正阳街 12 号", "en")


# --- what is wrong is said at the field, and nothing is lost ------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"id_number": citizen_id(7)[:-1]}, "少 1 位"),
        ({"id_number": citizen_id(7)[:-1] + ("0" if citizen_id(7)[-1] != "0" else "1")}, "校验码不符"),
        ({"mobile": "1990000123"}, "少 1 位"),
        ({"mobile": "29900001234"}, "13 至 19"),
        ({"name": ""}, "必填"),
        ({"kind": "enterprise", "id_number": "91239999MA1A000016", "contact": "赵"}, "校验码不符"),
        ({"agent_name": "钱代办"}, "代办人要填姓名和身份证号"),
        ({"agent_name": "赵立新", "agent_id_number": citizen_id(7)}, "申请人本人"),
        ({"delivery_form": "post"}, "请填写地址"),
        ({"m1": "electronic"}, "还没有文件"),
        ({"m1": "reused"}, ""),  # not among the ways in which an applicant's own paper can come
        ({"m1": "deferred"}, ""),
        ({"kind": "martian"}, ""),
        ({"item": "ZD-NO-SUCH"}, "请先选择事项"),
    ],
)  # fmt: skip
def test_bad_input_makes_no_application_and_keeps_what_was_typed(li, town, wrong, said):
    answer = li.post(
        COUNTER,
        form(town.food, address="正阳街") | wrong
        if "delivery_form" not in wrong
        else form(town.food) | wrong,
    )
    assert answer.status_code == 200
    assert said in text(answer)
    for typed in ("19900001234", "赵立新"):
        if typed not in (set(form(town.food).values()) - set((form(town.food) | wrong).values())):
            assert typed in answer.content.decode()
    assert not Application.objects.exists()


def test_hostile_text_is_shown_as_text_and_stored_as_text(li, town):
    name = '<script>alert(1)</script>"&'
    page = li.post(COUNTER, form(town.food, do="refresh", name=name, address=name)).content.decode()
    assert "<script>alert" not in page
    for bad in ("\x00", "a\x00b", "\u202e\u200b" * 30, "𠮷" * 200):
        assert li.post(COUNTER, form(town.food, name=bad)).status_code == 200
    assert not Application.objects.exists()


def test_an_item_for_enterprises_only_is_refused_to_a_person(li, town):
    town.food.service_object = "E"
    town.food.save()
    assert "该事项只面向企业" in text(li.post(COUNTER, form(town.food)))
    assert not Application.objects.exists()


def test_a_list_of_materials_that_changed_meanwhile_is_shown_again(li, town):
    assert "材料清单刚刚更新" in text(li.post(COUNTER, form(town.food) | {"version": town.food.pk + 99}))
    assert not Application.objects.exists()


# --- papers ------------------------------------------------------------------------------------------------


def test_a_file_is_kept_when_something_else_is_wrong_and_filed_when_it_is_right(li, town):
    bad = form(town.food, mobile="1") | {"f2": SimpleUploadedFile("平面图.png", picture())}
    page = li.post(COUNTER, bad).content.decode()
    kept = Attachment.objects.get()
    assert kept.key in page
    assert kept.number == ""
    li.post(COUNTER, form(town.food, m2="electronic", k2=kept.key))
    a = Application.objects.get()
    kept.refresh_from_db()
    assert kept.number == a.number
    assert Document.objects.get(application=a, spec__no=2).attachment == kept


def test_a_bad_file_is_refused_at_its_material(li, town):
    page = li.post(COUNTER, form(town.food) | {"f1": SimpleUploadedFile("x.pdf", b"<html>")})
    assert "只能上传 PDF" in text(page)
    assert not Attachment.objects.exists()
    assert not Application.objects.exists()


def test_nobody_files_or_sees_a_file_that_another_clerk_uploaded(li, client, town):
    li.post(COUNTER, form(town.food, do="refresh") | {"f1": SimpleUploadedFile("a.pdf", PDF)})
    key = Attachment.objects.get().key
    assert li.get(f"/desk/counter/files/{key}").status_code == 200
    client.force_login(town.ma, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(f"/desk/counter/files/{key}").status_code == 404
    client.post(COUNTER, form(town.food, m1="electronic", k1=key))
    assert not Application.objects.exists()


def test_what_may_follow_may_follow_and_a_tick_alone_holds_nothing(li, town):
    town.food.materials.filter(no=2).update(source=20)
    page = li.get(f"{COUNTER}?item={town.food.item.code}").content.decode()
    assert 'value="reused"' not in page
    assert 'name="m3" value="deferred"' in page
    assert 'name="m1" value="deferred"' not in page
    assert "目前没有这份材料" in text(li.post(COUNTER, form(town.food, m2="reused")))
    assert not Application.objects.exists()
    li.post(COUNTER, form(town.food, m3="deferred"))
    assert list(Document.objects.values_list("form", flat=True)) == ["paper", "paper", "deferred"]
    assert Application.objects.get().status == "examining"


def test_with_a_required_paper_missing_the_clerk_chooses_between_telling_and_receiving(li, town):
    page = li.post(COUNTER, form(town.food, m2="missing"))
    assert not Application.objects.exists()
    assert "缺 1 份必需材料" in text(page)
    assert "请补交：平面图" in page.content.decode()


def test_the_one_time_notice_says_what_is_missing(li, town):
    li.post(COUNTER, form(town.food, do="tell", m2="missing", c2="请补交：平面图", note="下周五前"))
    a = Application.objects.get()
    assert (a.status, a.corrections_told, a.correction_note) == ("correcting", 1, "下周五前")
    assert verbs(a.number) == ["receive", "ask_correction"]
    paper = Paper.objects.get()
    assert (paper.kind, paper.facts["materials"]) == ("correction", [[2, "请补交：平面图"]])


def test_a_notice_without_a_word_is_not_sent(li, town):
    assert "请写明要补正什么" in text(li.post(COUNTER, form(town.food, do="tell", m2="missing")))
    assert not Application.objects.exists()


def test_received_only_gives_a_receipt(li, town):
    answer = li.post(COUNTER, form(town.food, do="receive", m2="missing"), follow=True)
    a = Application.objects.get()
    assert a.status == "received"
    assert list(Paper.objects.values_list("kind", "event_seq")) == [("receipt", 1)]
    assert "平面图" in text(answer)


# --- known applicants and duplicates -----------------------------------------------------------------------


def test_a_second_application_for_the_same_item_needs_the_clerks_word(li, town):
    other = town.take_in(town.food, n=7)
    page = li.post(COUNTER, form(town.food))
    assert "同一事项已有在办件" in text(page)
    assert f"{other.number[:7]}-{other.number[7:13]}" in text(page)
    assert Application.objects.count() == 1
    li.post(COUNTER, form(town.food, allow_duplicate="on"))
    assert Application.objects.count() == 2


def test_a_known_applicant_is_recognised_masked_and_only_where_the_clerk_may_see(li, client, town):
    town.take_in(town.health, n=7)
    page = li.post(COUNTER, form(town.food, do="refresh", name="", mobile=""))
    assert "张** 来过 1 次" in text(page)
    assert "张三7" not in page.content.decode()
    client.force_login(town.ma, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert "来过" not in text(client.post(COUNTER, form(town.food, do="refresh", name="")))


def test_taking_over_what_is_known_is_written_in_the_access_log(li, town):
    known = town.take_in(town.health, n=7)
    page = li.post(COUNTER, form(town.food, do="last", name="", mobile="")).content.decode()
    assert 'value="张三7"' in page
    assert 'value="19900000007"' in page
    line = AccessLog.objects.get()
    assert (line.person, line.number) == ("li", known.number)


def test_my_frequent_items_come_from_my_own_history(li, town):
    for n in range(1, 4):
        town.take_in(town.health, n=n)
    town.take_in(town.food, n=9)
    town.take_in(town.proof, n=9, by=town.ma, hall=town.hall2, counter=town.counter2)
    assert [i.code for i in sitting.frequent(town.li)] == ["ZD-HEALTH-009", "ZD-MSA-001"]


# --- drafts ------------------------------------------------------------------------------------------------


def test_a_draft_keeps_everything_sealed_and_comes_back(li, town):
    given = form(town.food, do="save", m2="missing", address="正阳街", note="等照片", id_number="23999919")
    li.post(COUNTER, given | {"f1": SimpleUploadedFile("表.pdf", PDF)})
    draft = Draft.objects.get()
    assert draft.title == "食品经营许可（新办） 赵**"
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM window_draft")
        assert "赵立新" not in cursor.fetchone()[0]
    page = li.get(f"{COUNTER}?draft={draft.key}").content.decode()
    for kept in ("赵立新", "正阳街", "23999919", Attachment.objects.get().key):
        assert kept in page
    li.post(COUNTER, form(town.food))
    assert not Draft.objects.exists()


def test_a_draft_is_its_clerks_alone(li, client, town):
    li.post(COUNTER, form(town.food, do="save"))
    key = Draft.objects.get().key
    client.force_login(town.ma, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(f"{COUNTER}?draft={key}").status_code == 302
    client.post(COUNTER, {"forget": key})
    assert Draft.objects.count() == 1
    client.force_login(town.li, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.post(COUNTER, {"forget": key})
    assert not Draft.objects.exists()


def test_a_late_autosave_does_not_bring_back_a_form_that_is_done(li, town):
    li.post(COUNTER, form(town.food))
    assert li.post(COUNTER, form(town.food, do="autosave")).status_code == 204
    assert not Draft.objects.exists()


# --- after the sitting -------------------------------------------------------------------------------------


def test_the_query_code_is_shown_to_nobody_but_the_clerk_of_the_sitting_and_not_for_long(
    li, client, town, monday
):
    li.post(COUNTER, form(town.food))
    a = Application.objects.get()
    address = f"/desk/counter/done/{a.number}/"
    assert a.query_code in text(li.get(address))
    with time_machine.travel(at("2026-11-23 15:00"), tick=False):
        assert a.query_code not in text(li.get(address))
    client.force_login(town.ma, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(address).status_code == 404


def test_no_personal_data_is_in_any_address(li, town):
    answer = li.post(COUNTER, form(town.food), follow=True)
    for address, _status in answer.redirect_chain:
        assert not re.search(r"\d{11}|赵|239999", address.replace(Application.objects.get().number, ""))


# --- the reader field --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (citizen_id(7), {"kind": "person", "id_type": "citizen_id", "id_number": citizen_id(7)}),
        (
            f"赵立新|男|汉|19800101|黑龙江省肇东市正阳街12号|{citizen_id(7)}|肇东市公安局|20140521-20340521",
            {"name": "赵立新", "address": "黑龙江省肇东市正阳街12号", "id_number": citizen_id(7)},
        ),
        (f"{citizen_id(7)},赵立新,女", {"name": "赵立新"}),
        (
            f"{USCC}，肇东市满口香餐饮有限公司",
            {"kind": "enterprise", "id_number": USCC, "name": "肇东市满口香餐饮有限公司"},
        ),
        (f"统一社会信用代码:{USCC};名称:肇东市满口香餐饮有限公司;", {"name": "肇东市满口香餐饮有限公司"}),
    ],
)
def test_what_a_reader_types_is_taken_apart(typed, found):
    assert found.items() <= reader.parse(typed).items()


@pytest.mark.parametrize("typed", ["", "你好", "123456789012345670", citizen_id(7)[:-1], "x" * 10_000])
def test_what_holds_no_valid_number_is_no_card(typed):
    assert reader.parse(typed) == {}


def test_a_card_fills_the_form(li, town):
    page = li.post(
        COUNTER, form(town.food, do="read", id_number="", name="", scan=f"钱二|{citizen_id(8)}")
    ).content.decode()
    assert 'value="钱二"' in page
    assert citizen_id(8) in page
