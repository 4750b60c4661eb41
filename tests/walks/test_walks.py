"""Leaders' walks: planned unseen, timed by the server, held against the guide, each obstacle an issue, walked again."""

import datetime as dt
from io import BytesIO
from zipfile import ZipFile

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from onewindow.cases import instant
from onewindow.cases.flow import Stale, StepRefused, why_not
from onewindow.issues import actions as issue_actions
from onewindow.issues import links, opening
from onewindow.issues.models import Issue
from onewindow.walks import actions, figures
from onewindow.walks.models import Obstacle, Walk
from tests.town import at

pytestmark = pytest.mark.django_db
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
TODAY = dt.date(2026, 11, 23)


@pytest.fixture
def monday(time_machine):
    time_machine.move_to(at("2026-11-23 10:00"), tick=False)
    return time_machine


@pytest.fixture
def planned(town, monday):
    return actions.plan(
        town.food.item, by=town.bai, walker=town.leader, mode="self", on=TODAY, hall=town.hall
    )


@pytest.fixture
def ended(town, planned, monday):
    """An hour at the hall: 5 minutes with the guide, 40 in the queue, 15 at the window; a paper beyond the guide."""
    w = actions.begin(planned, by=town.leader)
    for minute, stage in ((5, "queue"), (45, "submit")):
        monday.move_to(at(f"2026-11-23 10:{minute:02d}"))
        actions.step_on(w, by=town.leader, stage=stage)
    actions.write_papers(w, by=town.leader, nos=[1, 2, 2, 99], beyond=["房产证", "房产证", " "])
    actions.count_trip(w, by=town.leader, trips=2)
    actions.meet(
        w, by=town.leader, stage="submit", kind="material", text="指南外要求房产证", suggestion="取消"
    )
    monday.move_to(at("2026-11-23 11:00"))
    return actions.finish(w, by=town.leader, remarks="排队太久")


def page(person, path, data=None):
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client.post(path, data) if data is not None else client.get(path)


def test_nobody_is_warned_of_a_walk_before_it_is_over(town, planned):
    seen = {
        n
        for n in ("leader", "bai", "head", "zhou", "wang", "li", "nobody")
        if Walk.objects.seen_by(getattr(town, n))
    }
    assert seen == {"leader", "bai"}
    assert page(town.zhou, f"/desk/walks/{planned.number}/").status_code == 404


def test_a_finished_walk_is_read_by_its_department_and_its_hall_alone(town, ended):
    cast = ("leader", "bai", "head", "wang", "zhou", "qian", "ma", "li", "firm", "nobody")
    assert {n for n in cast if Walk.objects.seen_by(getattr(town, n))} == {
        "leader",
        "bai",
        "head",
        "wang",
        "zhou",
    }


def test_minutes_are_the_servers_and_papers_are_held_against_the_guide(town, ended):
    met = figures.met(ended, town.bai)
    assert dict(met.minutes) == {"guide": 5, "queue": 40, "submit": 15} and met.total == 60
    assert [(p.name, p.in_guide, p.was_asked) for p in met.papers] == [
        ("申请书", True, True), ("平面图", True, True), ("健康证明", True, False), ("房产证", False, True),
    ]  # fmt: skip
    assert (met.asked, met.beyond, met.is_further, met.is_passed) == (3, 1, True, False)


def test_each_obstacle_is_an_issue_of_the_department_in_the_same_transaction(town, ended, monkeypatch):
    issue = Issue.objects.get()
    assert (issue.origin, issue.office, issue.item) == ("walk", town.msa, town.food.item)
    assert issue.text == "提交材料：指南外要求房产证（建议：取消）" and issue.source == f"{ended.number} 1"
    assert Obstacle.objects.get().issue == issue.number
    again = actions.begin(
        actions.plan(town.food.item, by=town.bai, walker=town.leader, mode="self", on=TODAY, hall=town.hall),
        by=town.leader,
    )
    monkeypatch.setattr(Obstacle.objects, "create", lambda **_: (_ for _ in ()).throw(IntegrityError()))
    with pytest.raises(IntegrityError), transaction.atomic():
        actions.meet(again, by=town.leader, stage="guide", kind="guide", text="说不清")
    assert Issue.objects.count() == 1


def test_a_head_who_walks_a_matter_of_the_own_department_does_not_confirm_alone(town, monday):
    walk = actions.begin(
        actions.plan(town.food.item, by=town.bai, walker=town.head, mode="online", on=TODAY), by=town.head
    )
    actions.meet(walk, by=town.head, stage="submit", kind="material", text="指南外要求房产证")
    issue = Issue.objects.with_facts().get()
    assert issue.facts["reporter_works_at"] == [town.msa.code]
    Issue.objects.filter(pk=issue.pk).update(status="replied", proposal="explained", answer="已更正")
    issue = Issue.objects.with_facts().get()
    me = links.reporter_of(issue)
    assert (why_not("confirm", issue, me).code, why_not("reopen", issue, me)) == ("own_unit", None)
    answer = Client().get(f"/i/{links.token(issue)}").content.decode()
    assert "营商环境局将电话回访" in answer and 'value="confirm"' not in answer and 'value="reopen"' in answer
    issue.office = town.health_office  # given to another unit, the walker's word is a reporter's again
    assert why_not("confirm", issue, me) is None


@pytest.mark.parametrize(("by", "walker", "code"), [
    ("li", "leader", "not_yours"), ("zhou", "leader", "not_yours"), ("head", "leader", "not_yours"),
    ("bai", "wang", "not_a_leader"), ("head", "head", None), ("leader", "head", None),
])  # fmt: skip
def test_who_plans_for_whom(town, monday, by, walker, code):
    given = {"by": getattr(town, by), "walker": getattr(town, walker), "mode": "online", "on": TODAY}
    if code is None:
        assert actions.plan(town.food.item, **given).hall is None
    else:
        with pytest.raises(StepRefused) as refused:
            actions.plan(town.food.item, **given)
        assert refused.value.reason.code == code


def test_only_the_walker_writes_and_only_until_the_end(town, ended, planned):
    deeds = (
        lambda w, by: actions.begin(w, by=by),
        lambda w, by: actions.step_on(w, by=by, stage="result"),
        lambda w, by: actions.write_papers(w, by=by, nos=[1]),
        lambda w, by: actions.meet(w, by=by, stage="queue", kind="limit", text="慢"),
        lambda w, by: actions.finish(w, by=by),
        lambda w, by: actions.cancel(w, by=by, reason="x"),
    )
    for deed in deeds:
        with pytest.raises(StepRefused) as refused:
            deed(ended, town.leader)
        assert refused.value.reason.code == "wrong_state"
    fresh = actions.plan(town.food.item, by=town.bai, walker=town.head, mode="online", on=TODAY)
    with pytest.raises(StepRefused) as refused:
        actions.begin(fresh, by=town.leader)
    assert refused.value.reason.code == "not_the_walker"


def test_two_taps_begin_one_stage(town, planned):
    w = actions.begin(planned, by=town.leader)
    with pytest.raises(Stale):
        actions.begin(Walk.objects.get(pk=w.pk) and planned_again(w), by=town.leader)
    actions.step_on(w, by=town.leader, stage="queue")
    with pytest.raises(Stale):
        actions.step_on(w, by=town.leader, stage="queue")
    assert w.legs.count() == 2 and w.legs.filter(ended_at__isnull=True).count() == 1


def planned_again(w):
    """The walk as somebody still sees it who loaded the page before it began."""
    stale = Walk.objects.with_facts().get(pk=w.pk)
    stale.started_at = None
    return stale


def test_the_same_walk_after_repair_stands_beside_the_first(town, ended, monday):
    monday.move_to(at("2026-12-07 09:00"))
    again = actions.plan(
        ended.item,
        by=town.bai,
        walker=town.head,
        mode="self",
        on=dt.date(2026, 12, 7),
        hall=town.hall,
        follows=ended,
    )
    actions.begin(again, by=town.head)
    monday.move_to(at("2026-12-07 09:05"))
    actions.step_on(again, by=town.head, stage="queue")
    monday.move_to(at("2026-12-07 09:15"))
    actions.write_papers(again, by=town.head, nos=[1, 2])
    actions.count_trip(again, by=town.head, trips=0)
    actions.finish(again, by=town.head)
    before, after = figures.met(ended, town.bai), figures.met(again, town.bai)
    lines = [(x.stage, x.before, x.after, x.difference) for x in figures.side_by_side(before, after)]
    assert lines == [("看指南", 5, 5, 0), ("取号等候", 40, 10, -30), ("提交材料", 15, None, None)]
    assert after.is_passed and not before.is_passed
    seen = page(town.bai, f"/desk/walks/{again.number}/").content.decode()
    assert "整改前后对比" in seen and "本次未遇堵点" in seen
    sums = figures.sums(town.bai, at("2026-11-01 00:00"), instant.now() + dt.timedelta(seconds=1))
    assert (sums.walks, sums.items, sums.obstacles, sums.solved, sums.repeats, sums.passed) == (
        2,
        1,
        1,
        0,
        1,
        1,
    )


def test_coverage_counts_each_item_once_and_forgets_after_a_year(town, ended, monday):
    rows = {
        c.office.code: (c.items, c.walked, [i.code for i in c.missing]) for c in figures.coverage(town.bai)
    }
    assert rows == {
        "MSA": (1, 1, []), "HEALTH": (1, 0, ["ZD-HEALTH-009"]), "HRSS": (1, 0, ["ZD-HRSS-073"]),
    }  # fmt: skip
    monday.move_to(at("2027-11-24 12:00"))
    assert sum(c.walked for c in figures.coverage(town.bai)) == 0


def test_the_walkers_page_leads_from_plan_to_end(town, planned, monday):
    where = f"/desk/walks/{planned.number}/"
    assert "从哪个环节开始" in page(town.leader, where).content.decode()
    assert page(town.leader, where, {"stage": "guide"}).status_code == 302
    assert page(town.leader, where, {"stage": "queue"}).status_code == 302
    assert page(town.leader, where, {"stage": "nonsense"}).status_code == 302
    bad = page(town.leader, f"{where}obstacle/", {"stage": "queue", "kind": "limit", "text": " \u200b"})
    assert bad.status_code == 422 and "请简要说明堵点情况" in bad.content.decode()
    page(town.leader, f"{where}obstacle/", {"stage": "queue", "kind": "limit", "text": "等了四十分钟"})
    page(town.leader, f"{where}papers/", {"asked": ["1"], "beyond": "房产证\n", "trips": "1"})
    assert page(town.leader, f"{where}finish/", {"remarks": "", "application": "12"}).status_code == 422
    page(town.leader, f"{where}finish/", {"remarks": "应增开窗口", "application": ""})
    w = Walk.objects.get()
    assert (w.state, w.remarks, w.obstacles.count(), w.asked.count()) == ("finished", "应增开窗口", 1, 2)
    assert [leg.stage for leg in w.legs.all()] == ["guide", "queue"]


def test_a_plan_is_refused_at_its_field(town, monday):
    given = {"item": "ZD-MSA-001", "walker": "leader", "mode": "self", "hall": "", "on": "2026-11-20"}
    answer = page(town.bai, "/desk/walks/new/", given)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"hall", "on"}
    assert page(town.li, "/desk/walks/new/").status_code == 403
    answer = page(town.bai, "/desk/walks/new/", given | {"hall": "H1", "on": "2026-11-24"})
    assert answer["Location"] == f"/desk/walks/{Walk.objects.get().number}/"


@pytest.mark.parametrize("n", [1, 3])
def test_the_list_asks_the_same_however_long_it_is(town, monday, n):
    for _ in range(n):
        actions.plan(town.food.item, by=town.bai, walker=town.leader, mode="online", on=TODAY)
    client = Client()
    client.force_login(town.bai, backend=BACKEND)
    client.get("/desk/walks/")
    with CaptureQueriesContext(connection) as taken:
        answer = client.get("/desk/walks/")
    assert answer.context["total"] == n
    assert len(taken) == 9, "\n".join(q["sql"][:110] for q in taken)


def test_the_export_holds_what_the_list_shows(town, ended):
    answer = page(town.bai, "/desk/walks/export.xlsx?state=finished")
    body = answer.content if not answer.streaming else b"".join(answer)
    with ZipFile(BytesIO(body)) as book:
        words = "".join(
            book.read(x).decode() for x in book.namelist() if "sharedStrings" in x or "sheet1" in x
        )
    assert "排队太久" in words and "亲自办" in words and "60" in words


def test_a_department_reads_of_its_own_items_and_takes_no_other_for_not_walked(town, ended, monday):
    offices = lambda person: [c.office.code for c in figures.coverage(person)]  # noqa: E731
    assert offices(town.head) == offices(town.wang) == ["MSA"] and len(offices(town.bai)) > 1
    said = "仅统计您可以查看的走流程"
    assert said in page(town.head, "/desk/walks/coverage/").content.decode()
    assert said not in page(town.bai, "/desk/walks/coverage/").content.decode()


def test_an_obstacle_that_was_joined_stands_as_the_issue_that_went_on(town, ended, monday):
    (obstacle,) = ended.obstacles.all()
    mine = Issue.objects.with_facts().get(number=obstacle.issue)
    main = opening.open_issue(
        "stuck", by=town.bai, text="…", item=town.food.item, reporter=("张", "19900000001")
    )
    issue_actions.merge(mine, by=town.bai, main=main)
    start, end = at("2026-11-01 00:00"), instant.now() + dt.timedelta(seconds=1)
    assert (figures.sums(town.bai, start, end).open, figures.met(ended, town.bai).put_right) == (1, 0)
    Issue.objects.filter(pk=main.pk).update(
        closed_at=instant.now(), outcome="solved", confirmed_at=instant.now(), confirmed_by="reporter", cause="guide",
        prevention="process", prevention_note="…",
    )  # fmt: skip
    sums = figures.sums(town.bai, start, end)
    assert (sums.open, sums.solved, figures.met(ended, town.bai).put_right) == (0, 1, 1)


def test_a_wrong_tap_is_taken_back_for_ten_minutes_and_costs_no_time(town, planned, monday):
    w = actions.begin(planned, by=town.leader)
    with pytest.raises(StepRefused):
        actions.step_back(w, by=town.leader)  # nothing before it
    monday.move_to(at("2026-11-23 10:05"))
    actions.step_on(w, by=town.leader, stage="review")
    seen = page(town.leader, f"/desk/walks/{w.number}/").content.decode()
    assert "点错了，返回" in seen
    monday.move_to(at("2026-11-23 10:06"))
    assert page(town.leader, f"/desk/walks/{w.number}/", {"back": "1"}).status_code == 302
    (leg,) = w.legs.all()
    assert (leg.stage, leg.ended_at, leg.minutes(at("2026-11-23 10:08"))) == ("guide", None, 8)
    actions.step_on(w, by=town.leader, stage="queue")
    monday.move_to(at("2026-11-23 10:17"))
    with pytest.raises(StepRefused, match="too_late"):
        actions.step_back(w, by=town.leader)
    assert [x.stage for x in w.legs.all()] == ["guide", "queue"]
    assert "点错了，返回" not in page(town.leader, f"/desk/walks/{w.number}/").content.decode()
