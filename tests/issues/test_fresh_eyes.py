"""What users met when they went whole ways: nobody is left behind by another's word, nothing that was said is lost, and nobody
can be called who left no number."""

import pytest
from django.db import IntegrityError
from django.test import Client

from onewindow.cases import desk
from onewindow.cases.models import Event, Message, Notice
from onewindow.cases.worker import follow
from onewindow.issues import (
    actions,
    entries,
    figures,
    following,
    links,
    lists,
    opening,
    public,
    similar,
    words,
)
from onewindow.issues.forms import ContactForm, DispatchForm, MissedForm, PlanForm, RefuseForm, ReplyForm
from onewindow.issues.models import Issue, Refusal
from onewindow.org.models import AccessLog, Person, Post
from onewindow.org.roles import Role
from tests.issues.conftest import CAUSE
from tests.issues.test_separation import enter
from tests.town import at

pytestmark = pytest.mark.django_db


def fresh(i):
    return Issue.objects.with_facts().get(pk=i.pk)


def waits(person, i):
    kind = desk.KINDS["Q"]
    person = Person.objects.get(pk=person.pk)
    return kind.model.objects.seen_by(person).filter(kind.waiting(person), pk=i.pk).exists()


def why_not(verb, i, by):
    reason = i.flow.why_not(verb, i, by)
    return reason.code if reason else None


# --- joined issues -----------------------------------------------------------------------------------------


def test_who_follows_a_joined_issue_follows_the_one_that_it_is_joined_with_next(town, life):
    first, second, third = life.stuck(), life.stuck(), life.stuck(reporter=("李四", "19900000002"))
    actions.merge(third, by=town.bai, main=second)
    actions.merge(second, by=town.bai, main=first)
    follow()
    life.replied(first)
    follow()
    told = Message.objects.filter(number=third.number).values_list("template", flat=True)
    assert list(told.order_by("id"))[-1] == "issue_answered"
    assert following.stands(fresh(third)) == following.NOW["replied"][0]


def test_what_one_reporter_takes_back_goes_on_for_those_who_were_joined(town, life):
    main, twin = life.stuck(), life.stuck(reporter=("李四", "19900000002"))
    follow()
    actions.merge(twin, by=town.bai, main=main)
    follow()
    actions.take_back(main, by=links.reporter_of(main))
    follow()
    follow()  # what follows from what followed
    twin = fresh(twin)
    assert (twin.status, twin.outcome, twin.merged_into, twin.due_at) == ("assigned", "", None, twin.due_at)
    assert twin.due_at is not None and twin.clock_ended_at is None
    assert list(Message.objects.filter(number=twin.number).order_by("id").values_list("template", flat=True)) == [
        "issue_open", "issue_merged", "issue_reopened",
    ]  # fmt: skip
    assert Notice.objects.filter(kind="issue.turn", number=twin.number, person=town.wang).count() == 2


def test_a_wrong_joining_is_undone_by_the_bureau_alone(town, life):
    main, twin = life.stuck(), life.stuck()
    assert why_not("part", twin, town.bai) == "wrong_status"
    actions.merge(twin, by=town.bai, main=main)
    assert [why_not("part", twin, p) for p in (town.wang, links.reporter_of(twin), town.bai)] == [
        "only_bureau", "only_bureau", None,
    ]  # fmt: skip
    actions.part(twin, by=town.bai, reason="不是同一件事")
    assert (twin.status, twin.outcome, twin.merged_into, twin.reopened) == ("assigned", "", None, 0)
    assert enter(town.bai).get(f"/desk/{twin.number}/").status_code == 200
    assert why_not("part", life.closed(), town.bai) == "not_joined"


def test_a_joined_reporter_who_is_not_content_is_not_bound_by_the_others_word(town, life, client, monday):
    main, twin = life.stuck(), life.stuck(reporter=("李四", "19900000002"))
    actions.merge(twin, by=town.bai, main=main)
    path = f"/i/{links.token(twin)}"
    assert 'value="part"' not in client.get(path).content.decode()
    life.closed(main)
    assert 'value="part"' in client.get(path).content.decode()
    assert client.post(path, {"do": "part", "text": ""}).status_code == 422
    assert client.post(path, {"do": "part", "text": "我的还没有解决"}).status_code == 302
    twin = fresh(twin)
    assert (twin.status, twin.reopened, twin.merged_into) == ("assigned", 1, None)
    assert [s.text for s in twin.said.all()] == ["我的还没有解决"]
    third = life.stuck()
    actions.merge(third, by=town.bai, main=life.stuck())
    life.closed(third.merged_into)
    monday.move_to(at("2026-12-09 10:00"))  # the days for it are over
    assert why_not("part", fresh(third), links.reporter_of(third)) == "only_bureau"


def test_a_duplicate_is_counted_with_the_issue_that_goes_on(town, life, monday):
    main, twin = life.stuck(), life.stuck()
    actions.merge(twin, by=town.bai, main=main)
    life.closed(main)
    seen = figures.look(town.bai, at("2026-11-01 00:00"), at("2027-02-28 00:00"))
    assert (seen.opened, seen.ended, seen.joined, seen.families["other"]) == (2, 1, 1, 1)
    assert [(o.ended, w.ended) for o, w in zip(seen.offices, seen.weeks[-1:], strict=False)] == [(1, 0)]
    assert sum(w.ended for w in seen.weeks) == 1
    monday.move_to(at("2026-11-23 11:00"))
    page = enter(town.bai).get("/desk/issues/figures/").content.decode()
    assert "family=merged" in page


def test_asked_again_counts_only_the_origin_that_is_asked_for(town, life):
    i = life.closed(proposal="solved", done_case=town.accepted(n=8).number)
    Issue.objects.filter(pk=i.pk).update(rechecked_at=at("2026-11-23 09:00"), is_still_right=True)
    span = (at("2026-11-01 00:00"), at("2027-02-28 00:00"))
    assert [figures.look(town.bai, *span, origin).asked_again for origin in ("", "stuck", "review")] == [
        1,
        1,
        0,
    ]


# --- whose turn it is --------------------------------------------------------------------------------------


def test_a_no_written_by_the_only_head_waits_for_the_bureau_and_is_told_there(town, life):
    i = life.working()
    actions.refuse_lawfully(i, by=town.head, article="…", answer="…", alternatives="…", **CAUSE)
    assert [waits(p, i) for p in (town.head, town.wang, town.bai, town.lu)] == [False, False, True, True]
    follow()
    told = Notice.objects.filter(kind="issue.sign", number=i.number).values_list(
        "person__username", flat=True
    )
    assert set(told) == {"bai", "lu"}
    j = life.working()
    actions.refuse_lawfully(j, by=town.wang, article="…", answer="…", alternatives="…", **CAUSE)
    assert [waits(p, j) for p in (town.head, town.bai)] == [True, False]


def test_what_is_to_be_verified_waits_for_the_second_person_and_not_for_the_first(town, life):
    i = life.contacted()
    assert [waits(p, i) for p in (town.wang, town.head, town.bai)] == [False, True, False]
    follow()
    told = Notice.objects.filter(kind="issue.verify", number=i.number)
    assert list(told.values_list("person__username", flat=True)) == ["head"]
    j = actions.contact(life.stuck(), by=town.head, how="phone", note="…")
    assert [waits(p, j) for p in (town.head, town.bai)] == [False, True]
    review = life.review()
    actions.contact(review, by=town.wang, how="page", note="", text="…")
    assert [waits(p, review) for p in (town.wang, town.head)] == [
        False,
        True,
    ]  # an approver verifies no review


def test_colleagues_at_the_window_do_not_see_what_was_said_of_one_of_them(town):
    colleague = Person.objects.create_user("hu", name="胡")
    Post.objects.create(
        person=colleague,
        role=Role.CLERK,
        office=town.bureau,
        hall=town.hall,
        starts_on=at("2020-01-01 00:00").date(),
    )
    ticket = type("T", (), {"key": "k1", "hall": town.hall, "counter": town.counter, "number": "A001",
                            "group": type("G", (), {"name": "企业"}), "outcome": "consulted"})  # fmt: skip
    i = opening.open_for_ticket(ticket, level=1, text="爱答不理", codes=[], clerk="li", facts={})
    colleague = Person.objects.get(pk=colleague.pk)
    assert (
        not Issue.objects.seen_by(colleague).exists()
        and why_not("settle", i, colleague) == "only_unit_or_window"
    )
    assert list(Issue.objects.seen_by(town.bai)) == [i]


# --- nobody can be called who left no number ---------------------------------------------------------------


def test_nobodys_word_is_written_down_for_somebody_who_left_no_number(town, life, monday, client):
    i = life.replied(life.stuck(reporter=None))
    assert [why_not(v, i, town.bai) for v in ("close", "callback_missed")] == ["anonymous", "anonymous"]
    page = client.get(f"/i/{links.token(i)}").content.decode()
    assert "电话回访" not in page and "以您在本页的意见为准" in page
    assert "电话回访" in client.get(f"/i/{links.token(life.replied())}").content.decode()


def test_a_unit_that_does_not_know_the_number_has_not_tried_it(town, life):
    i = life.review()
    assert not MissedForm({"how": "phone"}, case=i, by=town.wang).is_valid()
    assert MissedForm({"how": "phone"}, case=i, by=town.bai).is_valid()
    form = ContactForm(case=i, by=town.wang)
    assert form["how"].initial == "page" and form.fields["how"].help_text
    assert ContactForm(case=i, by=town.bai)["how"].initial == "phone"


def test_tries_of_the_first_contact_are_none_of_the_call_back(town, life, monday):
    i = life.stuck()
    for hour in ("10:05", "11:05", "14:05"):
        monday.move_to(at(f"2026-11-23 {hour}"))
        actions.missed(i, by=town.wang, how="phone")
    actions.settle(i, by=town.wang, answer="已办好", done_case=town.accepted(n=8).number, **CAUSE)
    assert why_not("give_up", i, town.bai) == "not_tried"


# --- nothing that was said is lost -------------------------------------------------------------------------


def test_the_answer_of_before_stays_word_for_word(town, life, client):
    i = life.working()
    actions.refuse_lawfully(
        i, by=town.wang, article="食品安全法 33", answer="场所不符", alternatives="另选场所", **CAUSE
    )
    actions.countersign(i, by=town.head)
    actions.reopen(i, by=town.bai, reason="电话里说不认可")
    assert [(s.by, s.text) for s in i.said.all()] == [
        ("wang", "场所不符"), ("wang", "法律依据：食品安全法 33\n其他办法：另选场所"), ("bai", "电话里说不认可"),
    ]  # fmt: skip
    assert [(a.purpose, a.reached, a.by) for a in i.attempts.all()][-1] == ("callback", True, "bai")
    page = client.get(f"/i/{links.token(i)}").content.decode()
    assert "场所不符" in page and "另选场所" in page
    assert client.get(f"/i/{links.token(i)}/letter.pdf").status_code == 404
    assert "上一轮核实情况" in enter(town.bai).get(f"/desk/{i.number}/").content.decode()


def test_a_no_that_was_not_signed_is_a_draft_that_only_the_office_reads(town, life, client):
    i = life.working()
    actions.refuse_lawfully(
        i, by=town.wang, article="食品安全法 33", answer="场所不符", alternatives="另选场所", **CAUSE
    )
    actions.reject_no(i, by=town.head, reason="可以整改")
    form = RefuseForm(case=fresh(i), by=town.wang)
    assert [form[n].initial for n in ("article", "answer", "alternatives")] == [
        "食品安全法 33",
        "场所不符",
        "另选场所",
    ]
    assert (i.proposal, i.answered_by, i.signed_by) == ("", None, None)
    token = links.token(i)
    assert "场所不符" not in client.get(f"/i/{token}").content.decode()
    assert client.get(f"/i/{token}/letter.pdf").status_code == 404
    assert "场所不符" in enter(town.wang).get(f"/desk/{i.number}/").content.decode()


def test_whoever_signs_or_calls_back_has_the_matter_before_the_eyes(town, life):
    i = life.replied()
    page = enter(town.bai).get(f"/desk/{i.number}/close/").content.decode()
    assert "情况说明" in page and "199****0001" in page and "19900000001" not in page
    review = life.review(text="态度差，打我电话 19900000001")
    page = enter(town.wang).get(f"/desk/{review.number}/contact/").content.decode()
    assert "态度差" in page and "0001" not in page and "张三" not in page


def test_a_plan_ends_within_the_limit_of_a_complex_issue_and_its_reporter_reads_it(
    town, life, client, monday
):
    i = life.working()
    said = {"plan": "取消证明", "plan_owner": "分管负责人", "reason": "…"}
    latest = actions.longest_plan(i)
    late = PlanForm(said | {"plan_due": "2027-06-30"}, case=i, by=town.head)
    assert late.errors.as_data()["plan_due"][0].code == "too_late"
    good = PlanForm(said | {"plan_due": latest.isoformat()}, case=i, by=town.head)
    assert good.is_valid()
    actions.plan(i, by=town.head, **good.cleaned_data)
    assert i.due_at.date() == latest
    page = client.get(f"/i/{links.token(i)}").content.decode()
    assert "取消证明" in page and "分管负责人" not in page


def test_an_answer_begins_with_its_result_and_an_issue_is_assigned_to_nobody_by_oversight(town, life):
    assert list(ReplyForm(case=life.working(), by=town.wang).fields)[:3] == [
        "proposal",
        "answer",
        "done_case",
    ]
    i = life.stuck(item=None)
    assert DispatchForm(case=i, by=town.bai)["office"].initial == ""
    assert DispatchForm(case=life.stuck(), by=town.bai)["office"].initial == "MSA"


# --- one transaction, once ---------------------------------------------------------------------------------


def test_a_report_is_there_with_its_event_or_not_at_all(town, monkeypatch):
    def dies(issue):
        raise RuntimeError("power cut")

    monkeypatch.setattr(opening.similar, "learn", dies)
    with pytest.raises(RuntimeError):
        Client().post("/stuck/", {"text": "两个窗口互相推"})
    assert not Issue.objects.exists() and not Event.objects.filter(kind="issue.open").exists()


def test_two_taps_on_one_slip_make_one_issue_and_no_error(town, monkeypatch):
    r = opening.say_no(
        by=town.li, hall=town.hall, counter=town.counter, item=town.food.item, reason="papers", basis="…"
    )
    first = opening.from_refusal(r, text="材料是齐的", reporter=None, lang="zh-hans")
    real = opening.of_refusal
    asked = []

    def not_yet(refusal):  # the first of the two has not been written when the second looks
        asked.append(refusal)
        return None if len(asked) == 1 else real(refusal)

    monkeypatch.setattr(public.opening, "of_refusal", not_yet)
    answer = Client().post(f"/no/{r.code}/", {"text": "材料是齐的"})
    assert (answer.status_code, answer["Location"]) == (302, f"/no/{r.code}/")
    asked.clear()
    body = {"number": r.shown_code, "text": "材料是齐的", "counter": str(town.window29.pk)}
    answer = enter(town.bai).post("/desk/issues/register/", body)
    assert answer.status_code == 422 and "该事项已在办理" in answer.content.decode()
    assert list(Issue.objects.all()) == [first] and Refusal.objects.count() == 1
    with pytest.raises(IntegrityError):
        opening.from_refusal(r, text="…", reporter=None, lang="zh-hans")


def test_the_form_at_the_window_is_the_only_one_that_knows_slips(town):
    assert "number" in entries.RegisterForm(by=town.li).fields and "number" not in entries.ReportForm().fields


# --- lists, suggestions, figures ---------------------------------------------------------------------------


def test_an_issue_is_found_by_number_item_or_words_and_never_by_a_telephone(town, life):
    i, j = (
        life.stuck(text="两个窗口互相推，打我电话 19900000001"),
        life.stuck(text="系统登录不上", item=town.health.item),
    )
    boss = enter(town.bai)

    def found(q):
        return {row.case.pk for row in boss.get("/desk/issues/", {"q": q}).context["rows"]}

    assert found(i.number) == {i.pk} and found("互相推") == {i.pk} and found(j.item.name[:4]) == {j.pk}
    assert found("19900000001") == found("电话 199") == set()
    assert "没有符合条件" in boss.get("/desk/issues/", {"q": "天外来客"}).content.decode()


def test_similar_issues_show_whole_phrases_and_lead_to_the_joining(town, life):
    i, j = (
        life.stuck(text=t) for t in ("老房子没有规划手续，登记办不下来。", "老房子没有规划手续，不给登记。")
    )
    (like,) = similar.like(i, Issue.objects.seen_by(town.bai).with_facts())
    assert like.shared == ["老房子没有规划手续", "登记"]
    page = enter(town.bai).get(f"/desk/{i.number}/").content.decode()
    assert f"/desk/{i.number}/merge/?main={j.number}" in page
    form = enter(town.bai).get(f"/desk/{i.number}/merge/?main={j.number}").content.decode()
    assert f'value="{j.number}"' in form
    assert "merge/?main" not in enter(town.wang).get(f"/desk/{i.number}/").content.decode()


@pytest.mark.parametrize(
    ("text", "other", "shared"),
    [
        ("老房子没有规划手续", "旧房没有规划手续办不了", ["没有规划手续"]),
        ("窗口受理", "窗口受理", ["窗口受理"]),
        ("没有", "没有", []),
        ("app登录不上", "APP 登录不上", ["登录不上", "app"]),
        ("要房产证原件", "房产证、原件", ["房产证", "原件"]),
        ("", "…", []),
    ],
)
def test_what_two_texts_say_word_for_word(text, other, shared):
    assert words.phrases(text, other) == shared


def test_who_is_due_to_be_asked_again_is_a_list_of_its_own(town, life, monday):
    i = life.closed(proposal="solved", done_case=town.accepted(n=8).number)
    Issue.objects.filter(pk=i.pk).update(recheck_at=at("2026-12-21 10:00"))
    page = enter(town.bai).get("/desk/issues/?show=again").content.decode()
    assert "目前没有到期需复查的问题" in page
    monday.move_to(at("2026-12-22 10:00"))
    page = enter(town.bai).get("/desk/issues/?show=again").content.decode()
    assert "2026-12-21" in page and i.number in page and CAUSE["prevention_note"] in page
    assert enter(town.head).get("/desk/issues/?show=again").context["show"] == "open"
    seen = figures.look(town.bai, at("2026-11-01 00:00"), at("2027-02-28 00:00"))
    assert (seen.asked_again, seen.due_again) == (0, 1)


def test_what_is_not_right_after_four_weeks_can_be_reopened(town, life, monday):
    i = life.closed(proposal="solved", done_case=town.accepted(n=8).number)
    Issue.objects.filter(pk=i.pk).update(recheck_at=at("2026-12-21 10:00"))
    monday.move_to(at("2026-12-22 10:00"))
    i = fresh(i)
    assert why_not("reopen", i, links.reporter_of(i)) == "reopened_enough"
    actions.recheck(i, by=town.bai, still_right=False, note="又要证明了")
    for who in (links.reporter_of(i), town.bai):
        assert why_not("reopen", i, who) is None
    monday.move_to(at("2027-01-06 11:00"))
    assert why_not("reopen", i, links.reporter_of(i)) == "reopened_enough"
    other = life.closed(proposal="solved", done_case=i.done_case)
    Issue.objects.filter(pk=other.pk).update(recheck_at=at("2027-02-01 10:00"))
    monday.move_to(at("2027-02-02 10:00"))
    ended_at = fresh(other).closed_at
    other = actions.recheck(fresh(other), by=town.bai, still_right=True, note="好的")
    actions.correct_cause(other, by=town.bai, **CAUSE)
    assert other.closed_at == ended_at == at("2027-01-06 11:00")  # it has not ended once more
    assert why_not("reopen", other, town.bai) == "reopened_enough"


def test_the_reporter_is_told_of_an_appeal_and_of_what_the_panel_says(town, life, client):
    i = life.review()
    actions.contact(i, by=town.wang, how="page", note="", text="…")
    actions.appeal(i, by=town.head, reason="…")
    follow()
    assert Message.objects.filter(number=i.number, template="issue_moved").count() == 1
    assert "由评审小组评审" in client.get(f"/i/{links.token(i)}").content.decode()


def test_a_full_column_of_the_board_leads_to_the_list(town, life, monkeypatch):
    monkeypatch.setattr(lists, "CARDS", 1)
    for _ in range(3):
        life.replied()
    page = enter(town.bai).get("/desk/issues/?show=board").content.decode()
    assert "还有 2 件" in page and "show=open&amp;status=replied" in page


def test_the_export_of_noes_is_whole_and_logged(town, life):
    r = opening.say_no(
        by=town.li, hall=town.hall, counter=town.counter, item=town.food.item, reason="papers", basis="…"
    )
    i = opening.from_refusal(r, text="…", reporter=None, lang="zh-hans")
    assert lists.numbers_of(Refusal.objects.seen_by(town.bai), town.bai) == {r.code: i.number}
    assert enter(town.bai).get("/desk/issues/no/export.xlsx").status_code == 200
    assert AccessLog.objects.filter(purpose="no").count() == 1
