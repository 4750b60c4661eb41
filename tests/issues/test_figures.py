"""Figures against a count by hand, and likeness with its evidence."""

import datetime as dt

import pytest

from onewindow.cases.figures import ask
from onewindow.issues import actions, figures, links, similar
from onewindow.issues.models import Issue
from tests.issues.conftest import CAUSE
from tests.town import at

pytestmark = pytest.mark.django_db


def look(town, **more):
    return figures.look(town.bai, at("2026-11-01 00:00"), at("2027-02-28 00:00"), **more)


def impossible(life, town):
    i = life.working()
    actions.refuse_lawfully(
        i, by=town.wang, article="食品安全法 33", answer="…", alternatives="…", **CAUSE | {"cause": "policy"}
    )
    actions.countersign(i, by=town.head)
    return actions.close(i, by=town.bai, words="…")


def test_solved_lawful_no_and_the_rest_stand_apart(town, life, monday):
    a = town.accepted(n=5)
    done = [life.replied(life.stuck(), proposal="solved", done_case=a.number) for _ in range(3)]
    monday.move_to(at("2026-11-25 10:00"))
    for i in done:
        actions.confirm(i, by=links.reporter_of(i))
    impossible(life, town)
    life.closed()
    life.stuck()
    seen = look(town)
    assert (seen.opened, seen.ended, seen.still_open) == (6, 5, 1)
    assert seen.families == {"solved": 3, "lawful_no": 1, "other": 1}
    assert seen.days == {"solved": 2.0, "lawful_no": 0.0, "other": 0.0}
    assert [(c.code, c.n, c.running) for c in seen.causes] == [("coordination", 4, 0.8), ("policy", 1, 1.0)]
    (owes,) = seen.offices
    assert (owes.office, owes.open, owes.late, owes.ended, owes.solved, owes.lawful_no) == (
        town.msa,
        1,
        0,
        5,
        3,
        1,
    )
    share = ask("issues_solved", town.bai, dt.date(2026, 11, 1), dt.date(2026, 12, 31))
    assert (share.total.numerator, share.total.denominator) == (3, 5)


def test_the_same_cause_of_the_same_item_again_within_ninety_days_is_shown(town, life, monday):
    life.closed()
    for moment in (
        "2027-02-20 10:00",
        "2027-02-26 10:00",
    ):  # 89 days after, and 95 (but within 90 of the second)
        monday.move_to(at(moment))
        life.closed()
    monday.move_to(at("2027-02-26 12:00"))
    life.closed(life.stuck(item=town.health.item, office=town.msa))
    seen = figures.look(town.bai, at("2027-02-01 00:00"), at("2027-03-01 00:00"))
    assert len(seen.again) == 2 and seen.causes[0].again == 2
    monday.move_to(at("2027-02-26 13:00"))
    assert figures.look(town.bai, at("2026-11-01 00:00"), at("2026-12-01 00:00")).again == []


def test_working_days_are_those_of_the_calendar(town):
    for opened, closed in (
        ("2026-09-30 10:00", "2026-10-12 09:00"),
        ("2026-11-23 10:00", "2026-11-23 16:00"),
    ):
        first, last = at(opened), at(closed)
        days = [first.date() + dt.timedelta(days=n) for n in range(1, (last.date() - first.date()).days + 1)]
        from onewindow.org.models import current_calendar

        assert figures.working_days(first, last) == sum(current_calendar().is_working(d) for d in days)


TEXTS = [
    "办理食品经营许可时窗口要求提供房产证原件，指南里没有这项",
    "窗口要房产证原件才给受理食品许可，指南没写要房产证",
    "等了两个小时没有人叫号",
    "社保卡补办系统一直登录不上",
]


def test_similar_texts_are_found_with_the_words_that_both_say(town, life):
    issues = [life.stuck(text=t) for t in TEXTS]
    (like,) = similar.like(issues[0], Issue.objects.seen_by(town.bai).with_facts())
    assert like.issue == issues[1]
    assert {"房产证原件", "指南"} <= set(like.shared)
    assert similar.like(issues[2], Issue.objects.seen_by(town.bai).with_facts()) == []


def test_only_what_a_person_may_see_is_suggested(town, life):
    issues = [life.stuck(text=t) for t in TEXTS[:2]]
    assert similar.like(issues[0], Issue.objects.seen_by(town.qian)) == []


def test_a_theme_is_what_comes_more_often_than_before(town, life, monday):
    for n in range(4):
        life.stuck(text=f"社保系统登录不上，第{n}次来了")
    found = similar.themes(Issue.objects.seen_by(town.bai), at("2026-11-01 00:00"), at("2026-11-24 00:00"))
    assert [(t.now, t.usual) for t in found] == [(4, 0.0)] and "社保系统" in found[0].words
    assert len(found[0].numbers) == 4
