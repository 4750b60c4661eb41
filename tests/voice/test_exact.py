"""Figures of the bureau and of leaders: sums for days that are over, facts for the last ones, and together what the facts say."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from onewindow.board.stats import _verdicts
from onewindow.voice import actions, again, exact, figures, low_marks, publishing, tallies
from onewindow.voice.models import Review
from onewindow.voice.records import Tally
from onewindow.window import actions as window
from onewindow.window.models import Application
from tests.town import at

pytestmark = pytest.mark.django_db
#: Periods that begin before the first review, inside the sums, inside the open days, and today.
STARTS = ["2026-11-01", "2026-11-24", "2026-11-30", "2026-12-05", "2026-12-08"]


@pytest.fixture
def weeks(town, monday):
    """Two weeks with a touchpoint before the first review, changes, a second review, one left out after an appeal, and
    things said today that no sum knows."""
    monday.move_to(at("2026-11-20 10:00"))
    town.accepted(n=30)
    rated = []
    for n, day in enumerate(("11-23", "11-24", "11-26", "12-01", "12-04", "12-07")):
        monday.move_to(at(f"2026-{day} 10:00"))
        a = town.accepted(town.health if n % 2 else None, n=n + 1)
        town.accepted(n=n + 40)
        actions.review(a, "accepted", level=(5, 1, 3, 4, 2, 5)[n])
        rated.append(a)
        if n == 1:
            monday.move_to(at("2026-11-25 09:00"))
            again.change(a, "accepted", level=4)
        tallies.bring_up_to_date()
    monday.move_to(at("2026-12-08 01:00"))
    tallies.bring_up_to_date()
    monday.move_to(at("2026-12-08 10:00"))
    publishing.set_aside(Review.objects.get(number=rated[0].number), by="bai", second="leader", reason="错评")
    again.add(rated[2], "accepted", level=1)
    window.decide(rated[5], by=town.qian, result="grant")
    window.deliver(rated[5], by=town.li)
    actions.review(rated[5], "delivered", level=1)
    return town


def facts(start, end):
    return figures.verdict(Review.objects.all(), Application.objects.all(), start, end)


def numbers(v):
    return v.n, v.good, v.bad, round(v.mean or 0, 9), v.touchpoints


@pytest.mark.parametrize("first", STARTS)
def test_sums_and_facts_together_say_what_the_facts_say(weeks, first):
    start, end = at(f"{first} 00:00"), at("2026-12-09 00:00")
    assert numbers(exact.verdict(start, end)) == numbers(facts(start, end))
    for kind in ("office", "hall", "item"):
        all_facts = figures.verdicts_by(kind, Review.objects.all(), Application.objects.all(), start, end)
        mixed = exact.verdicts_by(kind, start, end)
        assert [(t.code, numbers(v)) for t, v in mixed] == [(t.code, numbers(v)) for t, v in all_facts]
        for thing, said in all_facts:
            assert numbers(exact.verdict(start, end, kind, thing.code)) == numbers(said)


def test_most_days_come_from_the_sums_and_the_last_ones_from_the_facts(weeks):
    low, high = exact.settled(at("2026-11-01 00:00"), at("2026-12-09 00:00"))
    assert (low, high) == (at("2026-11-23 00:00"), at("2026-12-04 00:00"))
    Tally.objects.filter(span="d", kind="city", day="2026-11-26").update(n5=100)  # what only a sum can say
    assert exact.verdict(at("2026-11-01 00:00"), at("2026-12-09 00:00")).n == 106


def test_a_period_that_begins_at_noon_or_lies_before_all_sums_is_counted_from_the_facts(weeks):
    start, end = at("2026-11-23 12:00"), at("2026-12-09 00:00")
    assert exact.settled(start, end) == (start, start)
    assert numbers(exact.verdict(start, end)) == numbers(facts(start, end))


def test_the_list_of_low_marks_and_the_programs_figures_use_them_and_who_sees_a_part_gets_the_part(weeks):
    start, end = low_marks.period({"days": 30})
    for asked in (
        {},
        {"hall": "H1"},
        {"office": "MSA"},
        {"item": "ZD-MSA-001"},
        {"office": "MSA", "hall": "H1"},
    ):
        by_sums, by_facts = (low_marks.verdict(p, {"days": 30} | asked) for p in (weeks.bai, weeks.zhou))
        assert numbers(by_sums) == numbers(by_facts), asked  # all of it happened in zhou's hall
    assert [numbers(v) for _t, v in _verdicts(weeks.leader, start, end, "office")] == [
        numbers(v) for _t, v in _verdicts(weeks.zhou, start, end, "office")
    ]
    assert low_marks.verdict(weeks.head, {"days": 30}).n < low_marks.verdict(weeks.bai, {"days": 30}).n


def test_no_fact_of_a_day_that_is_over_is_read(weeks):
    with CaptureQueriesContext(connection) as asked:
        exact.verdict(at("2026-11-23 00:00"), at("2026-12-09 00:00"))
    reads = [q["sql"] for q in asked if "COUNT" in q["sql"] and "voice_tally" not in q["sql"]]
    assert len(reads) == 3  # reviews, acceptances, handings-over
    begins = (
        "2026-12-03 16",
        "2026-12-03T16",
        "2026-12-04 00",
        "2026-12-04T00",
    )  # 4 December, here or by UTC
    assert all(any(b in sql for b in begins) and "2026-11-2" not in sql for sql in reads), reads
