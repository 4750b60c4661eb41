"""The pages of issues: what each sees, how many questions a page asks, and what the reporter can do by the link alone."""

import pytest
from django.test import Client

from onewindow.cases.models import Event, Message
from onewindow.cases.worker import follow, wake
from onewindow.issues import actions, links, opening
from onewindow.issues.models import Issue, Refusal
from onewindow.org.models import Parameter, forget_parameters
from tests.issues.conftest import BACKEND
from tests.town import at

pytestmark = pytest.mark.django_db


def enter(person):
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


def test_every_page_of_an_issue_opens_at_every_stage(town, life):
    stages = [
        life.stuck(item=None),
        life.stuck(),
        life.contacted(),
        life.working(),
        life.replied(),
        life.closed(),
        life.review(),
    ]
    asked = life.working()
    actions.ask_reporter(asked, by=town.wang, notice="请补充", days=2)
    client = enter(town.bai)
    for i in [*stages, asked]:
        for path in (f"/desk/{i.number}/", f"/i/{links.token(i)}"):
            assert client.get(path).status_code == 200, (i.status, path)
    for person in (town.bai, town.head, town.wang, town.leader, town.dai):
        client = enter(person)
        for i in [*stages, asked]:
            for step, reason in i.flow.steps_for(i, person):
                if reason is None:
                    answer = client.get(f"/desk/{i.number}/{step.verb}/")
                    assert answer.status_code == 200, step.verb


LIST, BOARD = (
    8,
    13,
)  # session, user, posts, second factor, filters (2), rows, count; the board: a query a column


def test_the_list_and_the_board_ask_as_much_for_one_as_for_many(town, life, django_assert_num_queries):
    client = enter(town.bai)
    queries = {"": LIST, "?show=all": LIST, "?show=board": BOARD, "?origin=stuck&light=late": LIST}
    life.stuck()
    client.get("/desk/issues/")
    for rows in (1, 5):
        if rows > 1:
            for n in range(3):
                life.replied(life.stuck(reporter=("王五", f"1990000100{n}")))
            life.stuck()
        for query, n in queries.items():
            with django_assert_num_queries(n):
                assert client.get(f"/desk/issues/{query}").status_code == 200


def test_the_bureau_reads_the_figures(town, life):
    a = town.accepted(n=9)
    life.closed(proposal="solved", done_case=a.number)
    life.closed()
    page = enter(town.bai).get("/desk/issues/figures/")
    assert page.status_code == 200
    assert enter(town.bai).get("/desk/issues/figures/export.xlsx").status_code == 200
    assert enter(town.bai).get("/desk/issues/export.xlsx?show=all").status_code == 200
    assert enter(town.li).get("/desk/issues/figures/").status_code == 403


def test_a_clerk_registers_in_four_fields_and_the_reporter_is_told(town):
    client = enter(town.li)
    assert client.get("/desk/issues/register/").status_code == 200
    given = {"item": "ZD-MSA-001 食品经营许可（新办）", "kind_code": "more_materials", "text": "被要求提供指南之外的材料",
             "name": "张三", "mobile": "199 0000 0001", "counter": str(town.window29.pk)}  # fmt: skip
    page = client.post("/desk/issues/register/", given)
    i = Issue.objects.get()
    assert page.status_code == 200 and links.token(i) not in page.content.decode()
    assert (i.office, i.hall, i.counter, i.is_anonymous) == (town.msa, town.hall, town.window29, False)
    follow()
    (told,) = Message.objects.filter(number=i.number)
    assert (told.template, told.address) == ("issue_open", "19900000001") and links.token(i) in told.body
    assert len(told.body) <= 70


def test_an_anonymous_report_by_the_windows_code_keeps_no_trace(town, client):
    page = client.post(
        "/stuck/H1/29/", {"kind_code": "passed_around", "text": "两个窗口互相推", "name": "张三"}
    )
    i = Issue.objects.get()
    assert page["Location"] == f"/i/{links.token(i)}"
    assert (i.is_anonymous, i.reporter_name, i.reporter_mobile, i.counter) == (True, "", "", town.window29)
    follow()
    assert Message.objects.count() == 0
    from onewindow.org.models import AccessLog, SignIn

    assert AccessLog.objects.count() == SignIn.objects.count() == 0


def test_one_scan_of_the_slip_turns_a_no_into_an_issue(town, client):
    window = enter(town.li)
    given = {
        "item": "ZD-MSA-001",
        "reason": "papers",
        "basis": "",
        "note": "缺租赁合同",
        "counter": str(town.counter.pk),
    }
    assert window.post("/desk/issues/no/new/", given).status_code == 200
    r = Refusal.objects.get()
    assert (r.basis, r.clerk, r.hall) == ("《行政许可法》第三十二条", town.li, town.hall)
    assert window.get(f"/desk/issues/no/{r.code}/slip.pdf").content[:5] == b"%PDF-"
    assert client.get(f"/no/{r.code}/").status_code == 200
    answer = client.post(f"/no/{r.shown_code.lower()}/", {"text": "合同已经交过", "mobile": ""})
    i = Issue.objects.get()
    assert answer["Location"] == f"/i/{links.token(i)}"
    assert (i.origin, i.subject, i.grade, i.facts["basis"]) == ("refusal", town.li, "quick", r.basis)
    client.post(f"/no/{r.code}/", {"text": "再来一次"})
    assert Issue.objects.count() == 1
    assert window.get("/desk/issues/no/").status_code == 200
    assert enter(town.bai).get("/desk/issues/no/export.xlsx").status_code == 200


def test_a_no_without_a_legal_basis_is_not_written_down(town):
    given = {"item": "ZD-MSA-001", "reason": "system_down", "basis": "", "counter": str(town.counter.pk)}
    assert enter(town.li).post("/desk/issues/no/new/", given).status_code == 422
    assert Refusal.objects.count() == 0


def test_a_refusal_in_writing_joins_the_report_by_itself(town):
    from onewindow.window import actions as window

    a = town.take_in()
    window.refuse_acceptance(a, by=town.li, reason_code="not_ours", reason="不属于本机关职权")
    for _ in range(2):
        follow()
    r = Refusal.objects.get()
    assert (r.application, r.reason, r.basis) == (a.number, "not_ours", "行政许可法 38")
    page = Client().get(f"/t/{a.track_token}").content.decode()
    assert f"/no/{r.code}/" in page
    Client().post(f"/no/{r.code}/", {"text": "应当属于本机关"})
    assert f"/no/{r.code}/" not in Client().get(f"/t/{a.track_token}").content.decode()
    assert Issue.objects.get().application == a.number


def test_only_what_was_done_is_confirmed_as_solved_another_answer_is_accepted(town, life, client):
    for n, (proposal, more, button) in enumerate(
        (
            ("explained", {}, "认可这个答复"),
            ("partly", {"done_case": town.accepted().number}, "可以，已解决"),
        ),
        1,
    ):
        i = life.replied(life.stuck(reporter=("张三", f"1990000000{n}")), proposal=proposal, **more)
        page = client.get(f"/i/{links.token(i)}").content.decode()
        assert [b for b in ("认可这个答复", "可以，已解决") if b in page] == [button], proposal


def test_the_reporter_answers_adds_is_content_and_reopens_by_the_link(town, life, client):
    i = life.working()
    path = f"/i/{links.token(i)}"

    def post(do, text=""):
        answer = client.post(path, {"do": do, "text": text})
        i.refresh_from_db()
        return answer.status_code

    assert post("add", "还有一张照片") == 302 and post("add") == 422 and post("confirm") == 302
    assert i.status == "working"
    actions.ask_reporter(i, by=town.wang, notice="哪一天？", days=2)
    assert post("answer", "周三") == 302 and i.status == "working"
    actions.reply(Issue.objects.with_facts().get(pk=i.pk), by=town.wang, proposal="explained", answer="说明",
                  cause="guide", prevention="none", prevention_note="…")  # fmt: skip
    assert client.get(f"{path}/letter.pdf").content[:5] == b"%PDF-"
    assert (
        post("reopen") == 422
        and post("reopen", "没说清楚") == 302
        and (i.status, i.reopened) == ("assigned", 1)
    )
    assert [s.text for s in i.said.all()] == ["还有一张照片", "哪一天？", "周三", "说明", "没说清楚"]
    assert post("take_back") == 302 and i.outcome == "withdrawn"


def test_a_wrong_link_opens_nothing_and_is_soon_no_longer_looked_up(town, life, client):
    token = links.token(life.stuck())
    wrong = ("A" if token[0] != "A" else "B") + token[1:]
    assert [client.get(f"/i/{wrong}").status_code for _ in range(21)] == [404] * 20 + [429]


def test_links_of_issues_are_no_neighbours(town, life):
    a, b = links.token(life.stuck()), links.token(life.stuck())
    assert a[:16] != b[:16] and links.by_token(a[:16] + b[16:]) is None


def test_the_page_of_the_reporter_names_nobody(town, life, client):
    i = life.replied()
    page = client.get(f"/i/{links.token(i)}").content.decode()
    for name in ("李窗口", "王审批", "孙局长", "张三", "19900000001"):
        assert name not in page


def test_the_reporter_hears_that_it_is_late_not_that_little_time_is_left(town, life, client, monday):
    i = life.review()
    page = f"/i/{links.token(i)}"
    monday.move_to(at("2026-11-24 09:00"))
    wake()
    assert [e.data["light"] for e in Event.objects.of(i.number) if e.verb == "light"] == ["amber"]
    assert "即将到期" not in client.get(page).content.decode()
    monday.move_to(at("2026-11-26 10:00"))
    wake()
    assert "超过承诺时限" in client.get(page).content.decode()


def test_the_bureau_takes_down_what_comes_by_telephone_for_any_window(town):
    given = {
        "kind_code": "other",
        "text": "来电反映",
        "mobile": "19900000008",
        "counter": str(town.window29.pk),
        "item": "",
    }
    assert enter(town.bai).post("/desk/issues/register/", given).status_code == 200
    assert Issue.objects.get().status == "registered"
    given["counter"] = str(town.counter2.pk)  # no could-not-be-done window
    assert enter(town.bai).post("/desk/issues/register/", given).status_code == 422


def test_windows_get_their_codes(town):
    page = enter(town.zhou).get("/desk/issues/posters/").content.decode()
    assert "/stuck/H1/29/" in page and page.count("<svg") >= 1
    assert enter(town.li).get("/desk/issues/posters/").status_code == 403


def test_opening_knows_only_registered_origins(town):
    with pytest.raises(KeyError):
        opening.open_issue("gossip", by=town.bai, text="…")


def test_what_a_case_knows_is_not_asked_again(town, life):
    a = town.accepted()
    client = enter(town.li)
    assert f"/desk/issues/register/?number={a.number}" in client.get(f"/desk/{a.number}/").content.decode()
    page = client.get(f"/desk/issues/register/?number={a.number}")
    assert [f.name for f in page.context["form"].visible_fields()] == [
        "kind_code",
        "text",
        "photos",
        "counter",
    ]
    assert "19900000001" not in page.content.decode()
    body = {"number": a.number, "text": "五天了没有消息", "counter": str(town.window29.pk)}
    assert client.post(f"/desk/issues/register/?number={a.number}", body).status_code == 200
    i = Issue.objects.get()
    assert (i.item, i.application, i.reporter_mobile, i.counter) == (
        town.food.item, a.number, "19900000001", town.window29,
    )  # fmt: skip
    other = enter(town.ma).get(
        f"/desk/issues/register/?number={a.number}"
    )  # of another hall: nothing is known
    assert "item" in other.context["form"].fields and "张" not in other.content.decode()


def test_the_slip_of_a_no_is_registered_at_the_window_once_and_is_about_whoever_said_it(town, life):
    r = opening.say_no(
        by=town.li, hall=town.hall, counter=town.counter, item=town.food.item, reason="papers", basis="…"
    )
    manager = enter(town.bai)
    body = {
        "number": r.shown_code,
        "text": "材料是齐的",
        "mobile": "19900000001",
        "counter": str(town.window29.pk),
    }
    assert manager.post("/desk/issues/register/", body).status_code == 200
    i = Issue.objects.get()
    assert (i.origin, i.source, i.subject, i.item) == ("refusal", r.code, town.li, town.food.item)
    again = manager.post("/desk/issues/register/", body)
    assert again.status_code == 422 and "该事项已在办理" in again.content.decode()
    wrong = manager.post("/desk/issues/register/", body | {"number": "ABCD-EFGH-2345"})
    assert wrong.status_code == 422 and Issue.objects.count() == 1


def test_the_bureau_finds_whom_to_ask_again_until_they_are_asked(town, life, monday):
    Parameter.objects.update_or_create(code="issue_recheck_share", defaults={"value": "50"})
    forget_parameters()
    a = town.accepted(n=8)
    ends = [life.closed(life.stuck(), proposal="solved", done_case=a.number) for _ in range(12)]
    sample = {i.number for i in ends if i.recheck_at}
    path = "/desk/issues/?show=again"

    def listed():
        return {row.case.number for row in enter(town.bai).get(path).context["rows"]}

    assert listed() == set()
    monday.move_to(at("2026-12-21 10:01"))
    assert listed() == sample
    asked = Issue.objects.with_facts().get(number=min(sample))
    actions.recheck(asked, by=town.bai, still_right=True, note="")
    assert listed() == sample - {asked.number}
    head = enter(town.head).get(path).content.decode()
    assert "待再次回访" in enter(town.bai).get(path).content.decode() and "待再次回访" not in head


def test_an_item_is_found_by_its_initials(town):
    client = enter(town.li)
    body = {"text": "…", "counter": str(town.window29.pk), "mobile": "", "number": ""}
    assert client.post("/desk/issues/register/", body | {"item": "spjyxk"}).status_code == 200
    assert Issue.objects.get().item == town.food.item
    many = client.post("/desk/issues/register/", body | {"item": "许可"})
    assert many.status_code == 422 and Issue.objects.count() == 1
    assert "多个事项符合" in many.content.decode()
