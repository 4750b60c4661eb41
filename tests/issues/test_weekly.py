"""每周复盘: on Monday morning the "no"s of the week before are counted and told of; somebody of the bureau signs, once."""

import datetime as dt

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from onewindow.cases.models import Notice
from onewindow.cases.notices import words
from onewindow.issues import opening, weekly
from onewindow.issues.models import NoWeek, Refusal, WeekReview
from tests.issues.conftest import BACKEND
from tests.town import at

pytestmark = pytest.mark.django_db
WEEK = dt.date(2026, 11, 16)
SIGNED = {
    "words": "系统故障占一半，已约谈运维单位",
    "kind1": "guide",
    "item1": "ZD-MSA-001",
    "text1": "补充样表，王科长，十二月五日前",
}


def enter(person):
    client = Client()
    client.force_login(person, backend=BACKEND)
    return client


@pytest.fixture
def said(town, monday):
    """Three times no in the week of 16 November, once the week before; one of them became an issue."""
    made = []
    for when, version, reason in (
        ("2026-11-13 10:00", town.food, "papers"),
        ("2026-11-16 00:00", town.food, "papers"),
        ("2026-11-18 10:00", town.food, "system_down"),
        ("2026-11-22 23:59", town.health, "papers"),
    ):
        monday.move_to(at(when))
        made.append(
            opening.say_no(
                by=town.li, hall=town.hall, counter=town.counter, item=version.item, reason=reason, basis="…"
            )
        )
    opening.from_refusal(made[2], text="再看看", reporter=None, lang="zh-hans")
    monday.move_to(at("2026-11-23 08:29"))
    return made


def told(person):
    return [words(n) for n in Notice.objects.filter(person=person, kind__startswith="week.")]


def test_on_monday_morning_bureau_and_heads_are_told_once(town, said, monday):
    assert weekly.call() == 0 and not NoWeek.objects.exists()  # not before the doors open
    monday.move_to(at("2026-11-23 08:30"))
    assert [weekly.call() for _ in range(3)] == [1, 0, 0]
    assert list(NoWeek.objects.values_list("monday", "n", "became")) == [
        (WEEK, 3, 1), (dt.date(2026, 11, 9), 1, 0),
    ]  # fmt: skip
    assert (
        told(town.bai) == ["2026-11-16 起一周否定告知 3 次，其中 1 次转为问题，请复盘并签字"] == told(town.lu)
    )
    assert told(town.head) == ["2026-11-16 起一周，本单位事项否定告知 2 次，其中 1 次转为问题"]
    assert told(town.wang) == told(town.li) == told(town.leader) == []


def test_a_holiday_puts_it_off_to_the_next_working_morning_and_a_sleeping_worker_makes_up(town, said, monday):
    monday.move_to(at("2026-11-28 10:00"))  # a Saturday
    assert weekly.call() == 0
    monday.move_to(at("2026-12-02 10:00"))
    assert weekly.call() == 1
    assert [w.monday for w in weekly.weeks()] == [dt.date(2026, 11, 23), WEEK, dt.date(2026, 11, 9)]
    assert told(town.bai) == []  # the newest week had no “no”: nothing to tell
    assert [w.owes for w in weekly.weeks()] == [False, True, True] and weekly.unsigned() == 2


def test_a_week_is_counted_as_far_as_the_reader_may_see(town, said, monday):
    every = weekly.survey(Refusal.objects.seen_by(town.bai), *args(town.bai))
    assert (every.n, every.before, every.became) == (3, 1, 1)
    assert [(r.key, r.n, r.before, r.became) for r in every.reasons] == [
        ("papers", 2, 1, 0),
        ("system_down", 1, 0, 1),
    ]
    assert [(r.key, r.n) for r in every.items] == [(town.food.item.pk, 2), (town.health.item.pk, 1)]
    mine = weekly.survey(Refusal.objects.seen_by(town.qian), *args(town.qian))
    assert (mine.n, mine.became) == (1, 0)


def args(person):
    from onewindow.issues.models import Issue

    return Issue.objects.seen_by(person), WEEK


def test_somebody_of_the_bureau_signs_once_and_the_decision_is_ticked_when_the_guide_is_published(
    town, said, monday
):
    monday.move_to(at("2026-11-23 09:00"))
    weekly.call()
    address = f"/desk/issues/no/week/?week={WEEK}"
    bureau = enter(town.bai)
    assert "尚未签字" in bureau.get(address).content.decode()
    assert enter(town.head).post(address, SIGNED).status_code == 403
    assert bureau.post(address, {"words": ""}).status_code == 422
    assert bureau.post(address, SIGNED | {"item1": ""}).status_code == 422
    assert bureau.post(address, SIGNED).status_code == 302
    review = WeekReview.objects.get()
    assert (review.signed_by, review.decisions) == (
        town.bai, [{"kind": "guide", "item": "ZD-MSA-001", "text": "补充样表，王科长，十二月五日前"}],
    )  # fmt: skip
    assert [d.is_done for d in weekly.decisions_of(review)] == [False]
    town.food.published_at = at("2026-11-25 10:00")
    town.food.save()
    assert [d.is_done for d in weekly.decisions_of(review)] == [True]
    page = enter(town.head).get(address).content.decode()
    assert town.bai.name in page and "补充样表" in page and "已发布" in page
    enter(town.lu).post(address, SIGNED)
    assert WeekReview.objects.count() == 1 and weekly.unsigned() == 1  # the week before is still owed
    for act in (lambda: WeekReview.objects.update(words="x"), lambda: WeekReview.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_filters_export_and_unsigned_weeks_of_the_page(town, said, monday):
    monday.move_to(at("2026-11-23 09:00"))
    weekly.call()
    bureau = enter(town.bai)

    def n(**query):
        return bureau.get("/desk/issues/no/week/", {"week": "2026-11-18", **query}).context["seen"].n

    assert (n(), n(hall="H1"), n(hall="H2"), n(office="MSA"), n(office="HEALTH"), n(hall="rubbish")) == (
        3,
        3,
        0,
        2,
        1,
        3,
    )
    assert bureau.get("/desk/issues/no/week/").context["seen"].monday == WEEK
    assert bureau.get("/desk/issues/no/week/?week=31.2.2026").status_code == 200
    assert bureau.get("/desk/issues/no/week/export.xlsx").status_code == 200
    assert "2 周未签" in bureau.get("/desk/issues/no/").content.decode()
    assert "未签" not in enter(town.li).get("/desk/issues/no/").content.decode()


@pytest.mark.parametrize("more", [0, 3])
def test_the_page_asks_as_much_for_one_as_for_many(town, said, monday, django_assert_num_queries, more):
    for _ in range(more):
        for version in (town.food, town.health, town.proof):
            monday.move_to(at("2026-11-19 10:00"))
            opening.say_no(
                by=town.li, hall=town.hall, counter=None, item=version.item, reason="other", basis="…"
            )
    monday.move_to(at("2026-11-23 09:00"))
    weekly.call()
    client = enter(town.bai)
    client.get("/desk/issues/no/week/")
    with django_assert_num_queries(23):
        client.get("/desk/issues/no/week/")


def test_the_weeks_behind_us_are_counted_as_they_stand_now(town, said, monday):
    monday.move_to(at("2026-11-23 09:00"))
    weekly.call()
    assert [(w.n, w.became) for w in weekly.weeks()] == [(3, 1), (1, 0)] and weekly.unsigned() == 2
    opening.from_refusal(said[1], text="扫得晚", reporter=None, lang="zh-hans")
    assert [(w.n, w.became) for w in weekly.weeks()] == [(3, 2), (1, 0)]
    assert NoWeek.objects.get(monday=WEEK).became == 1  # what was told on the Monday stays


def test_the_reasons_above_the_list_are_those_of_seven_days_not_of_a_week(town, said, monday):
    monday.move_to(at("2026-11-25 09:00"))  # a Wednesday
    page = enter(town.bai).get("/desk/issues/no/").content.decode()
    assert "近七日不能办的原因" in page and "前七日" in page and "本周" not in page
